// The meaning of a Messages API body: which key is which field of a RequestView. Internal to message/; scan_request
// is the way in. One use per object, one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "message/json_walker.h"
#include "message/request_scanner.h"
#include "message/request_view.h"
#include "message/view_shift.h"

namespace distiq {

class RequestReader {
 public:
  // `losers`: offsets of keys that an earlier reading found to be overruled by a later duplicate; ascending. They are
  // passed like unknown fields. `earlier`: see scan_request.
  // `view`: a new one.
  RequestReader(std::string_view body, const ScanLimits& limits, std::span<const std::uint32_t> losers,
                const RequestView* earlier, RequestView& view);

  // Throws JsonError. If new_losers() is not empty afterwards, the view mixes overruled fields in: read again.
  void read();
  [[nodiscard]] std::vector<std::uint32_t>& new_losers() { return new_losers_; }

 private:
  template <std::size_t N, class OnField>
  JsonValue fields(const std::array<std::string_view, N>& names, OnField on_field);
  template <std::size_t N>
  JsonValue read_members(const std::array<std::string_view, N>& names, const std::array<JsonValue*, N>& into);
  [[nodiscard]] bool is_overruled(const JsonValue& key) const;

  void read_top_level(std::size_t field, const JsonValue& key);
  void read_system();
  void read_tools();
  void read_tool();
  void read_messages();
  void read_message();
  // If the known element's bytes stand at the cursor: passes them and takes its blocks and marks over. The shift is
  // that of the element itself.
  std::optional<ViewShift> take_over(const JsonValue& known, std::uint32_t first_block, std::uint32_t end_block);
  // The next tool or message; `list` says which.
  template <class Element>
  bool take_over_next(std::vector<Element> RequestView::* list);
  bool take_over_system_block();
  JsonValue read_blocks(CachePlace place, std::size_t nesting);
  void read_block(CachePlace place, std::size_t nesting);
  std::uint32_t read_cache_mark(const JsonValue& key, CachePlace place, std::uint32_t owner);
  // Passes any value, noting the cache marks inside it.
  JsonValue pass_value();
  // If `key` is that of a cache mark where we read none: notes it, passes its value and returns true.
  bool note_mark(const JsonValue& key);

  void expect(bool right_type) const;
  [[nodiscard]] bool next_is_null() const { return walker_.peek() == JsonType::null; }
  void count_parts(std::size_t count = 1);

  RequestView& view_;
  JsonWalker walker_;
  std::size_t parts_left_;
  const RequestView* earlier_;
  std::uint32_t earlier_block_ = 0;  // the next outermost block of the earlier system prompt
  bool is_inside_mark_ = false;
  std::span<const std::uint32_t> losers_;
  std::vector<std::uint32_t> new_losers_;
};

}  // namespace distiq

#include "routing/struggle.h"

#include <array>

#include "message/human_prompt.h"
#include "routing/json_members.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxMessages = 64;
constexpr std::size_t kMaxCalls = 32;

// What one edit of a file did, as raw JSON strings.
struct FileEdit {
  std::string_view file;
  std::string_view from;
  std::string_view to;
};

std::string_view member(const RequestView& view, const ContentBlock& call, std::string_view name) {
  return view.raw(direct_string_member(view, call.input.range, name).range);
}

// The history since the human spoke last, newest first.
class History {
 public:
  explicit History(const RequestView& view) : view_(view) {}

  Struggle read() {
    const std::size_t prompt = find_human_prompt(view_).message;
    const std::size_t end = view_.messages.size();
    std::size_t begin = prompt == no_index ? 0 : prompt;
    if (end - begin > kMaxMessages) begin = end - kMaxMessages;
    for (std::size_t i = end; i-- > begin && calls_ < kMaxCalls;) read_message(view_.messages[i]);
    return struggle_;
  }

 private:
  void read_message(const Message& message) {
    // Blocks know only their successor: collect a message's, then walk them backwards.
    std::array<std::uint32_t, kMaxCalls> blocks{};
    std::size_t count = 0;
    for (std::uint32_t i = message.first_block; i < message.end_block; i = view_.blocks[i].next) {
      blocks[count++ % kMaxCalls] = i;
    }
    const std::size_t kept = count < kMaxCalls ? count : kMaxCalls;
    for (std::size_t i = 0; i < kept; ++i) read_block(view_.blocks[blocks[(count - 1 - i) % kMaxCalls]]);
  }

  void read_block(const ContentBlock& block) {
    if (block.type == BlockType::tool_result) {
      if (!block.is_error) still_errors_ = false;
      if (still_errors_) ++struggle_.errors_in_a_row;
    } else if (block.type == BlockType::tool_use && calls_ < kMaxCalls) {
      read_call(block);
    }
  }

  void read_call(const ContentBlock& call) {
    ++calls_;
    if (calls_ == 1) newest_ = call;
    if (view_.raw(call.name) == view_.raw(newest_.name) && view_.raw(call.input) == view_.raw(newest_.input)) {
      ++struggle_.same_call;
    }
    if (call.input.type != JsonType::object) return;
    const FileEdit edit{member(view_, call, "file_path"), member(view_, call, "old_string"),
                        member(view_, call, "new_string")};
    if (edit.file.empty() || edit.from.empty() || edit.to.empty() || edit.from == edit.to) return;
    for (std::size_t i = 0; i < edit_count_; ++i) {
      // Newest first: `edits_[i]` came later and took this one back.
      const FileEdit& later = edits_[i];
      if (later.file == edit.file && later.from == edit.to && later.to == edit.from) ++struggle_.edit_flips;
    }
    edits_[edit_count_++] = edit;
  }

  const RequestView& view_;
  Struggle struggle_;
  bool still_errors_ = true;
  std::size_t calls_ = 0;
  ContentBlock newest_;
  std::array<FileEdit, kMaxCalls> edits_;
  std::size_t edit_count_ = 0;
};

}  // namespace

Struggle find_struggle(const RequestView& view) {
  return History(view).read();
}

}  // namespace distiq

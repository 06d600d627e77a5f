#include "promptcache/prompt_map.h"

#include <algorithm>
#include <array>
#include <optional>

#include "message/classify.h"
#include "promptcache/piece_hash.h"
#include "promptcache/prompt_context.h"

namespace distiq {
namespace {

bool is_thinking(BlockType type) {
  return type == BlockType::thinking || type == BlockType::redacted_thinking;
}

class MapBuilder {
 public:
  MapBuilder(const RequestView& view, const PromptParts& parts, PromptMap& map)
      : view_(view), parts_(parts), map_(map) {
    if (!view.cache_marks.empty()) {
      of_tool_.assign(view.tools.size(), no_index);
      of_block_.assign(view.blocks.size(), no_index);
    }
    map_.positions.reserve(view.tools.size() + view.blocks.size() + view.messages.size() + 1);
  }

  void build(std::uint64_t betas) {
    add_tools();
    add_system();
    for (std::size_t i = 0; i < view_.messages.size(); ++i) add_message(view_.messages[i], parts_.starts[i]);
    close_chain();
    find_breakpoints();
    map_.context = read_prompt_context(view_, betas);
  }

 private:
  PromptPosition& add(PromptSection section, const JsonValue& value, std::uint32_t index, const HashedPart& part) {
    PromptPosition& position = map_.positions.emplace_back();
    position.block_hash = part.hash;
    position.weight = part.weight;
    position.range = value.range;
    position.index = index;
    position.section = section;
    if (view_.cache_marks.empty()) return position;
    if (section == PromptSection::tools) {
      of_tool_[index] = static_cast<std::uint32_t>(map_.positions.size() - 1);
    } else if (index != no_index) {
      std::fill(of_block_.begin() + index, of_block_.begin() + view_.blocks[index].next,
                static_cast<std::uint32_t>(map_.positions.size() - 1));
    }
    return position;
  }

  void add_tools() {
    for (std::uint32_t i = 0; i < view_.tools.size(); ++i) {
      const Tool& tool = view_.tools[i];
      if (!tool.defer_loading) add(PromptSection::tools, tool.value, i, parts_.tools[i]);
    }
  }

  void add_system() {
    if (view_.system.is_string() && !is_billing_line(view_, view_.system) && view_.system.range.size > 2) {
      add(PromptSection::system, view_.system, no_index, parts_.system.front());
    }
    auto part = parts_.system.begin();
    for (std::uint32_t i = view_.system_first_block; i < view_.system_end_block; i = view_.blocks[i].next, ++part) {
      // Upstream takes the billing line out.
      if (i == view_.system_first_block && is_billing_line(view_, view_.blocks[i].text)) continue;
      add(PromptSection::system, view_.blocks[i].value, i, *part);
    }
  }

  void add_message(const Message& message, std::uint32_t first_part) {
    const std::size_t first = map_.positions.size();
    auto part = parts_.messages.begin() + first_part;
    if (message.content.is_string()) {
      add(PromptSection::messages, message.content, no_index, *part);
    }
    bool human = message.role == Role::user && message.content.is_string();
    for (std::uint32_t i = message.first_block; i < message.end_block; i = view_.blocks[i].next, ++part) {
      PromptPosition& position = add(PromptSection::messages, view_.blocks[i].value, i, *part);
      position.thinking = is_thinking(view_.blocks[i].type);
      human = human || (message.role == Role::user && view_.blocks[i].type != BlockType::tool_result);
    }
    const std::uint64_t role = role_hash(message);
    for (std::size_t i = first; i < map_.positions.size(); ++i) {
      PromptPosition& position = map_.positions[i];
      position.block_hash = hash_pair(role, position.block_hash);
      position.assistant = message.role == Role::assistant;
      position.human = human;
    }
    // Per-turn effort is part of what the cache sees at that message.
    if (message.output_config.present() && first < map_.positions.size()) {
      PromptPosition& position = map_.positions[first];
      position.block_hash = hash_pair(position.block_hash, hash_bytes(view_.raw(message.output_config)));
    }
  }

  // Roles take turns: each is hashed once. One that is known and not escaped is written in one way only.
  std::uint64_t role_hash(const Message& message) {
    const auto hash = [&] { return hash_bytes(view_.inner(message.role_name)); };
    if (message.role == Role::other || message.role_name.is_escaped()) return hash();
    auto& known = roles_[static_cast<std::size_t>(message.role)];
    if (!known) known = hash();
    return *known;
  }

  void close_chain() {
    std::uint64_t chain = 0;
    PromptSection section = PromptSection::tools;
    for (PromptPosition& position : map_.positions) {
      if (position.section != section) chain = hash_pair(chain, static_cast<std::uint64_t>(position.section));
      section = position.section;
      chain = hash_pair(chain, position.block_hash);
      position.prefix_hash = chain;
      map_.weight += position.weight;
    }
  }

  // Where a mark counts: nested ones at the block that holds them.
  [[nodiscard]] std::uint32_t position_of(const CacheMark& mark) const {
    const auto& positions = mark.place == CachePlace::tool ? of_tool_ : of_block_;
    return mark.owner < positions.size() ? positions[mark.owner] : no_index;
  }

  void find_breakpoints() {
    if (view_.cache_marks.empty()) return;
    std::vector<CacheTtl> own(map_.positions.size(), CacheTtl::other);  // other: none
    const auto ttl_of = [](const CacheMark& mark) {
      return mark.ttl == CacheTtl::one_hour ? CacheTtl::one_hour : CacheTtl::five_minutes;
    };
    const CacheMark* automatic = nullptr;
    for (const bool nested : {true, false}) {  // a block's own mark goes before one inside it
      for (const CacheMark& mark : view_.cache_marks) {
        if (mark.place == CachePlace::top_level) automatic = &mark;
        if (mark.place == CachePlace::top_level || mark.place == CachePlace::elsewhere) continue;
        if ((mark.place == CachePlace::nested) != nested) continue;
        if (const auto at = position_of(mark); at != no_index) own[at] = ttl_of(mark);
      }
    }
    if (automatic != nullptr) mark_last_block(own, ttl_of(*automatic));
    for (std::uint32_t i = 0; i < own.size() && map_.breakpoints.size() < most_breakpoints; ++i) {
      if (own[i] != CacheTtl::other) map_.breakpoints.push_back({i, own[i]});
    }
  }

  void mark_last_block(std::vector<CacheTtl>& own, CacheTtl ttl) const {
    for (std::size_t i = own.size(); i-- > 0;) {
      if (map_.positions[i].thinking) continue;
      if (own[i] == CacheTtl::other) own[i] = ttl;
      return;
    }
  }

  const RequestView& view_;
  const PromptParts& parts_;
  PromptMap& map_;
  std::array<std::optional<std::uint64_t>, 3> roles_;  // hashes, by Role: user, assistant, system
  // Positions; only where there are marks to find a place for.
  std::vector<std::uint32_t> of_tool_;
  std::vector<std::uint32_t> of_block_;  // nested blocks too: the position of the block that holds them
};

}  // namespace

std::uint32_t PromptMap::last_of(PromptSection section) const {
  for (auto i = static_cast<std::uint32_t>(positions.size()); i-- > 0;) {
    if (positions[i].section == section) return i;
  }
  return no_index;
}

PromptMap map_prompt(const RequestView& view, const PromptParts& parts, std::uint64_t betas) {
  PromptMap map;
  MapBuilder(view, parts, map).build(betas);
  return map;
}

PromptMap map_prompt(const RequestView& view, const RequestHead& head) {
  return map_prompt(view, hash_parts(view), hash_betas(head));
}

}  // namespace distiq

#include "promptcache/prompt_parts.h"

#include <algorithm>

namespace distiq {
namespace {

class PartsReader {
 public:
  PartsReader(const RequestView& view, const PromptParts* earlier) : view_(view), hasher_(view), earlier_(earlier) {}

  PromptParts read() {
    read_tools();
    read_system();
    parts_.messages.reserve(view_.blocks.size() + view_.messages.size());
    parts_.starts.reserve(view_.messages.size());
    for (const Message& message : view_.messages) read_message(message);
    return std::move(parts_);
  }

 private:
  void read_tools() {
    parts_.tools.reserve(view_.tools.size());
    for (const Tool& tool : view_.tools) {
      const std::size_t index = parts_.tools.size();
      const bool known = earlier_ != nullptr && tool.taken_over;
      parts_.tools.push_back(known ? earlier_->tools[index] : hasher_.tool(tool));
    }
    same_tools_ = earlier_ != nullptr && earlier_->tools.size() == view_.tools.size() &&
                  std::ranges::all_of(view_.tools, &Tool::taken_over);
  }

  void read_system() {
    if (view_.system.is_string()) parts_.system.push_back(hasher_.text(view_.system));
    for (std::uint32_t i = view_.system_first_block; i < view_.system_end_block; i = view_.blocks[i].next) {
      const bool known = earlier_ != nullptr && view_.blocks[i].taken_over && !refers_to_tools(i, view_.blocks[i].next);
      parts_.system.push_back(known ? earlier_->system[parts_.system.size()] : hasher_.block(i));
    }
  }

  void read_message(const Message& message) {
    const std::size_t index = parts_.starts.size();
    parts_.starts.push_back(static_cast<std::uint32_t>(parts_.messages.size()));
    if (earlier_ != nullptr && message.taken_over && !refers_to_tools(message.first_block, message.end_block)) {
      const bool is_last = index + 1 == earlier_->starts.size();
      const auto begin = earlier_->messages.begin() + earlier_->starts[index];
      const auto end = is_last ? earlier_->messages.end() : earlier_->messages.begin() + earlier_->starts[index + 1];
      parts_.messages.insert(parts_.messages.end(), begin, end);
      return;
    }
    if (message.content.is_string()) parts_.messages.push_back(hasher_.text(message.content));
    for (std::uint32_t i = message.first_block; i < message.end_block; i = view_.blocks[i].next) {
      parts_.messages.push_back(hasher_.block(i));
    }
  }

  // A reference is hashed with the definition of the tool that it names.
  [[nodiscard]] bool refers_to_tools(std::uint32_t first, std::uint32_t end) const {
    if (same_tools_) return false;
    return std::any_of(view_.blocks.begin() + first, view_.blocks.begin() + end,
                       [](const ContentBlock& block) { return block.type == BlockType::tool_reference; });
  }

  const RequestView& view_;
  BlockHasher hasher_;
  const PromptParts* earlier_;
  bool same_tools_ = false;
  PromptParts parts_;
};

}  // namespace

PromptParts hash_parts(const RequestView& view, const PromptParts* earlier) {
  return PartsReader(view, earlier).read();
}

}  // namespace distiq

// Cache breakpoints: their form, where they may stand, how many, and in which order their lifetimes come.
#include <vector>

#include "rules/validate_parts.h"

namespace sim {
namespace {

namespace json = boost::json;

struct Mark {
  std::string path;  // of the block
  bool one_hour = false;
};

class Marks {
 public:
  explicit Marks(const Subject& subject) : subject_(subject) {}

  Refusal check() {
    if (auto refusal = visit_list(find(subject_.body, "tools"), "tools.")) return refusal;
    if (auto refusal = visit_list(find(subject_.body, "system"), "system.")) return refusal;
    const auto& messages = subject_.body.at("messages").get_array();
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto path = "messages." + std::to_string(i) + ".content.";
      if (auto refusal = visit_list(find(messages[i].get_object(), "content"), path)) return refusal;
    }
    if (auto refusal = add_automatic()) return refusal;
    if (auto refusal = check_count()) return refusal;
    return check_order();
  }

 private:
  Refusal visit_list(const json::value* value, const std::string& path) {
    const auto* list = value ? value->if_array() : nullptr;
    for (std::size_t i = 0; list && i < list->size(); ++i) {
      const auto* block = (*list)[i].if_object();
      if (!block) continue;
      const auto block_path = path + std::to_string(i);
      if (string_or_empty(*block, "type") == "tool_result")
        if (auto refusal = visit_list(find(*block, "content"), block_path + ".tool_result.content.")) return refusal;
      if (auto refusal = visit(*block, block_path)) return refusal;
      if (block_path.starts_with("messages.")) last_block_ = block;
    }
    return std::nullopt;
  }

  Refusal visit(const json::object& block, const std::string& path) {
    if (!is_set(block, "cache_control")) return std::nullopt;
    const auto type = string_or_empty(block, "type");
    if (type == "thinking" || type == "redacted_thinking")
      return extra_input(path + "." + std::string(type) + ".cache_control");
    const auto* control = find_object(block, "cache_control");
    if (!control)
      return invalid_request(path +
                             ".cache_control: Input should be a valid dictionary or object to extract fields from");
    return add(*control, path);
  }

  Refusal add(const json::object& control, const std::string& path) {
    if (string_or_empty(control, "type") != "ephemeral")
      return invalid_request(path + ".cache_control.type: Input should be 'ephemeral'");
    for (const auto& [name, value] : control) {
      const bool scope = name == "scope" && subject_.has_beta({"prompt-caching-scope-2026-01-05"});
      if (name != "type" && name != "ttl" && !scope) return extra_input(path + ".cache_control." + std::string(name));
    }
    const auto ttl = find_string(control, "ttl");
    if (control.contains("ttl") && (!ttl || (*ttl != "5m" && *ttl != "1h")))
      return invalid_request(path + ".cache_control.ttl: Input should be '5m' or '1h'");
    marks_.push_back({path, ttl == "1h"});
    return std::nullopt;
  }

  // The top-level marker lands on the last block and takes a slot, unless that block carries the same one already.
  Refusal add_automatic() {
    if (!is_set(subject_.body, "cache_control")) return std::nullopt;
    const auto* control = find_object(subject_.body, "cache_control");
    if (!control)
      return invalid_request("cache_control: Input should be a valid dictionary or object to extract fields from");
    const auto* there = last_block_ ? find_object(*last_block_, "cache_control") : nullptr;
    const auto wanted = string_or_empty(*control, "ttl") == "1h";
    if (there && (string_or_empty(*there, "ttl") == "1h") != wanted)
      return invalid_request("cache_control.ttl: the last block already has a cache_control with another ttl");
    return there ? std::nullopt : add(*control, "messages");
  }

  Refusal check_count() const {
    constexpr std::size_t most = 4;
    if (marks_.size() <= most) return std::nullopt;
    return invalid_request("A maximum of 4 blocks with cache_control may be provided. Found " +
                           std::to_string(marks_.size()) + ".");
  }

  Refusal check_order() const {
    bool short_lived = false;
    for (const auto& mark : marks_) {
      if (mark.one_hour && short_lived)
        return invalid_request(mark.path +
                               ".cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
                               "cache_control block. Note that blocks are processed in the following order: `tools`, "
                               "`system`, `messages`.");
      short_lived = short_lived || !mark.one_hour;
    }
    return std::nullopt;
  }

  const Subject& subject_;
  std::vector<Mark> marks_;
  const json::object* last_block_ = nullptr;
};

}  // namespace

Refusal validate_cache_control(const Subject& subject) {
  return Marks(subject).check();
}

}  // namespace sim

#include "setup/json_edit.h"

#include <fmt/format.h>

#include "base/text.h"
#include "setup/json_outline.h"

namespace distiq {
namespace {

std::unexpected<Error> refuse(std::string sentence) {
  return fail(ErrorKind::bad_config, sentence, sentence);
}

Result<void> stands_once(const JsonObject& object, std::string_view key) {
  if (object.count(key) < 2) return {};
  return refuse(fmt::format("has {} more than once", printable(key)));
}

// The object that holds the member; nullopt if it is a missing parent.
Result<std::optional<JsonObject>> holder_of(std::string_view text, const JsonObject& root, const JsonPath& path) {
  if (path.parent.empty()) return root;
  if (auto once = stands_once(root, path.parent); !once) return std::unexpected(once.error());
  const auto* parent = root.find(path.parent);
  if (parent == nullptr) return std::nullopt;
  auto object = outline_member(text, *parent);
  if (!object) return refuse(fmt::format("has a value in {} that is not an object", path.parent));
  return object;
}

// How the file is written, seen from its first member: what stands before each member of the outermost object, and
// between key and value.
struct Layout {
  std::string line_break;  // "" where the whole object stands in one line
  std::string indent = "  ";
  std::string colon = ": ";
};

Layout layout_of(std::string_view text, const JsonObject& root) {
  Layout layout;
  layout.line_break = text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
  if (root.members.empty()) return layout;
  const auto& first = root.members.front();
  const auto before = text.substr(root.range.begin + 1, first.key_range.begin - root.range.begin - 1);
  const auto between = text.substr(first.key_range.end, first.value.begin - first.key_range.end);
  if (between.find('\n') == std::string_view::npos) layout.colon = between;
  const auto line = before.rfind('\n');
  if (line == std::string_view::npos) {
    layout.line_break.clear();
    layout.indent = before;
  } else {
    layout.indent = before.substr(line + 1);
  }
  return layout;
}

std::string quoted(std::string_view key) {
  std::string text;
  append_json_string(text, key);
  return text;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}

// An object with one member whose braces stand at `depth`.
std::string object_of(std::string_view key, std::string_view raw, const Layout& layout, std::size_t depth) {
  const auto member = quoted(key) + layout.colon + std::string(raw);
  if (layout.line_break.empty()) return fmt::format("{{{}{}{}}}", layout.indent, member, layout.indent);
  return fmt::format("{{{}{}{}{}{}}}", layout.line_break, repeat(layout.indent, depth + 1), member, layout.line_break,
                     repeat(layout.indent, depth));
}

std::string replaced(std::string_view text, std::size_t begin, std::size_t end, std::string_view with) {
  return std::string(text.substr(0, begin)).append(with).append(text.substr(end));
}

// Behind the last member, with the same blanks as in front of that one.
std::string appended(std::string_view text, const JsonObject& object, std::string_view key, std::string_view raw) {
  const auto& last = object.members.back();
  const auto count = object.members.size();
  const auto gap_begin = count == 1 ? object.range.begin : text.find(',', object.members[count - 2].value.end);
  const auto gap = text.substr(gap_begin + 1, last.key_range.begin - gap_begin - 1);
  auto colon = text.substr(last.key_range.end, last.value.begin - last.key_range.end);
  if (colon.find('\n') != std::string_view::npos) colon = ": ";
  // A single member without a gap, as in {"a": 1}, does not show what stands behind a comma.
  const std::string_view separator = gap.empty() && colon.ends_with(' ') ? " " : gap;
  return replaced(text, last.value.end, last.value.end, fmt::format(",{}{}{}{}", separator, quoted(key), colon, raw));
}

}  // namespace

Result<std::optional<std::string>> find_json(std::string_view text, const JsonPath& path) {
  const auto root = outline_json(text);
  if (!root) return std::unexpected(root.error());
  const auto holder = holder_of(text, *root, path);
  if (!holder) return std::unexpected(holder.error());
  if (!*holder) return std::nullopt;
  if (auto once = stands_once(**holder, path.key); !once) return std::unexpected(once.error());
  const auto* member = (*holder)->find(path.key);
  if (member == nullptr) return std::nullopt;
  return std::string(member->value.of(text));
}

Result<std::string> set_json(std::string_view text, const JsonPath& path, std::string_view raw) {
  const auto root = outline_json(text);
  if (!root) return std::unexpected(root.error());
  const auto holder = holder_of(text, *root, path);
  if (!holder) return std::unexpected(holder.error());
  const auto layout = layout_of(text, *root);
  if (!*holder) return set_json(text, {"", path.parent}, object_of(path.key, raw, layout, 1));
  const JsonObject& object = **holder;
  if (auto once = stands_once(object, path.key); !once) return std::unexpected(once.error());
  if (const auto* member = object.find(path.key)) return replaced(text, member->value.begin, member->value.end, raw);
  if (!object.members.empty()) return appended(text, object, path.key, raw);
  const std::size_t depth = path.parent.empty() ? 0 : 1;
  return replaced(text, object.range.begin, object.range.end, object_of(path.key, raw, layout, depth));
}

Result<std::string> remove_json(std::string_view text, const JsonPath& path) {
  const auto root = outline_json(text);
  if (!root) return std::unexpected(root.error());
  const auto holder = holder_of(text, *root, path);
  if (!holder) return std::unexpected(holder.error());
  if (!*holder) return std::string(text);
  const JsonObject& object = **holder;
  if (auto once = stands_once(object, path.key); !once) return std::unexpected(once.error());
  const auto* member = object.find(path.key);
  if (member == nullptr) return std::string(text);
  const auto index = static_cast<std::size_t>(member - object.members.data());
  if (object.members.size() == 1) return replaced(text, object.range.begin + 1, object.range.end - 1, "");
  if (index + 1 == object.members.size()) {
    return replaced(text, object.members[index - 1].value.end, member->value.end, "");
  }
  return replaced(text, member->key_range.begin, object.members[index + 1].key_range.begin, "");
}

}  // namespace distiq

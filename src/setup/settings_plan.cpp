#include "setup/settings_plan.h"

#include <algorithm>

#include "base/text.h"
#include "setup/json_outline.h"

namespace distiq {
namespace {

constexpr std::string_view kEmptyFile = "{\n}\n";

std::string_view or_empty_object(std::string_view text) {
  return is_blank(text) ? kEmptyFile : text;
}

const SettingChange* find_change(const SetupReceipt& receipt, const JsonPath& path) {
  const auto found = std::ranges::find(receipt.changes, path, &SettingChange::path);
  return found == receipt.changes.end() ? nullptr : &*found;
}

void put_change(SetupReceipt& receipt, SettingChange change) {
  const auto found = std::ranges::find(receipt.changes, change.path, &SettingChange::path);
  if (found == receipt.changes.end()) {
    receipt.changes.push_back(std::move(change));
  } else {
    found->after = std::move(change.after);  // `before` stays what the user had
  }
}

// Nobody has touched it since we wrote it.
bool is_ours(const SetupReceipt& receipt, const JsonPath& path, const std::optional<std::string>& now) {
  const auto* change = find_change(receipt, path);
  return change != nullptr && now && same_json(*now, change->after);
}

Result<void> plan_one(SetupPlan& plan, const WantedSetting& wanted) {
  auto now = find_json(plan.text, wanted.path);
  if (!now) return std::unexpected(now.error());
  if (*now && same_json(**now, wanted.raw)) return {};  // also where the user wrote it: then it is not ours to remove
  const bool ours = is_ours(plan.receipt, wanted.path, *now);
  if (*now && !ours && !wanted.replaces_foreign) {
    plan.kept.push_back(wanted.path);
    return {};
  }
  if (!ours) std::erase_if(plan.receipt.changes, [&](const SettingChange& c) { return c.path == wanted.path; });
  if (!wanted.path.parent.empty() && !plan.receipt.parent_added) {
    const auto parent = find_json(plan.text, {"", wanted.path.parent});
    if (!parent) return std::unexpected(parent.error());
    plan.receipt.parent_added = !parent->has_value();
  }
  auto text = set_json(plan.text, wanted.path, wanted.raw);
  if (!text) return std::unexpected(text.error());
  plan.text = std::move(*text);
  put_change(plan.receipt, {wanted.path, std::move(*now), wanted.raw});
  return {};
}

bool is_empty_object(std::string_view text, const JsonPath& path) {
  const auto root = outline_json(text);
  if (!root) return false;
  const auto* member = root->find(path.key);
  if (member == nullptr) return false;
  const auto object = outline_member(text, *member);
  return object && object->members.empty();
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::unexpected<Error> no_receipt() {
  constexpr const char* sentence = "is not a receipt of distiq-code setup";
  return fail(ErrorKind::bad_config, sentence, sentence);
}

Result<std::string> member_text(std::string_view text, const JsonObject& object, std::string_view key) {
  const auto* member = object.find(key);
  if (member == nullptr) return no_receipt();
  auto value = json_string_value(member->value.of(text));
  if (!value) return no_receipt();
  return std::move(*value);
}

bool is_true(std::string_view text, const JsonObject& object, std::string_view key) {
  const auto* member = object.find(key);
  return member != nullptr && member->value.of(text) == "true";
}

Result<SettingChange> parse_change(std::string_view text, const JsonMember& member) {
  const auto object = outline_member(text, member);
  if (!object) return no_receipt();
  auto parent = member_text(text, *object, "parent");
  auto key = member_text(text, *object, "key");
  auto after = member_text(text, *object, "after");
  if (!parent || !key || !after) return no_receipt();
  SettingChange change{{std::move(*parent), std::move(*key)}, std::nullopt, std::move(*after)};
  if (object->find("before") != nullptr) {
    auto before = member_text(text, *object, "before");
    if (!before) return no_receipt();
    change.before = std::move(*before);
  }
  return change;
}

}  // namespace

Result<SetupPlan> plan_setup(std::optional<std::string_view> file, const std::vector<WantedSetting>& wanted,
                             const SetupReceipt* earlier) {
  SetupPlan plan;
  if (earlier != nullptr) {
    plan.receipt = *earlier;
  } else {
    plan.receipt.existed = file.has_value();
  }
  plan.text = or_empty_object(file.value_or(""));
  for (const auto& each : wanted) {
    if (auto planned = plan_one(plan, each); !planned) return std::unexpected(planned.error());
  }
  return plan;
}

Result<std::string> replay_changes(std::string_view before, const SetupReceipt& receipt) {
  Result<std::string> text = std::string(or_empty_object(before));
  for (const auto& change : receipt.changes) {
    text = set_json(*text, change.path, change.after);
    if (!text) break;
  }
  return text;
}

Result<UndoPlan> plan_undo(std::string_view text, const SetupReceipt& receipt) {
  UndoPlan plan{std::string(text), {}};
  for (auto change = receipt.changes.rbegin(); change != receipt.changes.rend(); ++change) {
    const auto now = find_json(plan.text, change->path);
    if (!now) return std::unexpected(now.error());
    if (!*now || !same_json(**now, change->after)) {
      if (*now != change->before) plan.kept.push_back(change->path);
      continue;
    }
    auto next =
        change->before ? set_json(plan.text, change->path, *change->before) : remove_json(plan.text, change->path);
    if (!next) return std::unexpected(next.error());
    plan.text = std::move(*next);
    const JsonPath parent{"", change->path.parent};
    if (receipt.parent_added && !parent.key.empty() && is_empty_object(plan.text, parent)) {
      auto without = remove_json(plan.text, parent);
      if (!without) return std::unexpected(without.error());
      plan.text = std::move(*without);
    }
  }
  return plan;
}

std::string format_receipt(const SetupReceipt& receipt) {
  std::string out = "{\n  \"distiq_setup\": 1,\n";
  out += std::string("  \"existed\": ") + (receipt.existed ? "true" : "false") + ",\n";
  out += std::string("  \"parent_added\": ") + (receipt.parent_added ? "true" : "false") + ",\n";
  out += std::string("  \"folder_added\": ") + (receipt.folder_added ? "true" : "false") + ",\n";
  out += "  \"upstream\": " + json_string(receipt.upstream);
  std::size_t number = 0;
  for (const auto& change : receipt.changes) {
    out += ",\n  \"change_" + std::to_string(number++) + "\": {\"parent\": " + json_string(change.path.parent) +
           ", \"key\": " + json_string(change.path.key);
    if (change.before) out += ", \"before\": " + json_string(*change.before);
    out += ", \"after\": " + json_string(change.after) + "}";
  }
  return out + "\n}\n";
}

Result<SetupReceipt> parse_receipt(std::string_view text) {
  const auto object = outline_json(text);
  if (!object) return std::unexpected(object.error());
  const auto* version = object->find("distiq_setup");
  if (version == nullptr || version->value.of(text) != "1") return no_receipt();
  SetupReceipt receipt{.existed = is_true(text, *object, "existed"),
                       .parent_added = is_true(text, *object, "parent_added"),
                       .folder_added = is_true(text, *object, "folder_added"),
                       .upstream = member_text(text, *object, "upstream").value_or(""),
                       .changes = {}};
  for (const auto& member : object->members) {
    if (!member.key.starts_with("change_")) continue;
    auto change = parse_change(text, member);
    if (!change) return std::unexpected(change.error());
    receipt.changes.push_back(std::move(*change));
  }
  return receipt;
}

}  // namespace distiq

// What set-up changes in Claude Code's settings file, and how that is taken back: texts in, texts out. Not here: files,
// questions, and which values are wanted (app/command_setup). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "setup/json_edit.h"

namespace distiq {

struct WantedSetting {
  JsonPath path;
  std::string raw;                // JSON value
  bool replaces_foreign = false;  // false: a value that is there already, and not ours, is the user's choice and stays
};

// One member that set-up wrote. `before` empty: there was none.
struct SettingChange {
  JsonPath path;
  std::optional<std::string> before;
  std::string after;

  bool operator==(const SettingChange&) const = default;
};

// What set-up did to one file, kept until it is undone.
struct SetupReceipt {
  bool existed = true;                 // false: set-up made the file
  bool parent_added = false;           // false: the object "env" was there already
  bool folder_added = false;           // true: set-up made the folder of the file
  std::string upstream;                // the address that ANTHROPIC_BASE_URL had, now ANTHROPIC_API_BASE in our .env
  std::vector<SettingChange> changes;  // in the order in which they were made
};

struct SetupPlan {
  std::string text;            // of the whole file; equal to the old one: nothing to do
  SetupReceipt receipt;        // of everything that is ours in it, earlier runs included
  std::vector<JsonPath> kept;  // wanted differently, left as the user had them
};

struct UndoPlan {
  std::string text;
  std::vector<JsonPath> kept;  // changed by somebody since: not ours any more
};

// `file`: its text, blank text being an empty object; nullopt: there is no file. `earlier`: the receipt of a run
// before, if there is one. Fails with bad_config, see setup/json_edit.h.
[[nodiscard]] Result<SetupPlan> plan_setup(std::optional<std::string_view> file,
                                           const std::vector<WantedSetting>& wanted, const SetupReceipt* earlier);

// The text that these changes make of `before`: equal to the file as it is now, nobody has touched it since.
[[nodiscard]] Result<std::string> replay_changes(std::string_view before, const SetupReceipt& receipt);

// Removes what is still as we wrote it, or gives it the value from before.
[[nodiscard]] Result<UndoPlan> plan_undo(std::string_view text, const SetupReceipt& receipt);

// The receipt as a file of ours; reading fails with bad_config where it is none.
[[nodiscard]] std::string format_receipt(const SetupReceipt& receipt);
[[nodiscard]] Result<SetupReceipt> parse_receipt(std::string_view text);

}  // namespace distiq

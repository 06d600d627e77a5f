// The table of all settings: name, default, allowed range, meaning, and how a text becomes a field of Config.
// docs/configuration.md and `distiq-code config` are this table in words; a test keeps them equal.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "app/config/config.h"

namespace distiq {

struct SettingContext {
  std::filesystem::path user_home;  // what "~" means
  std::filesystem::path base;       // what a relative path is relative to
};

struct SettingSpec {
  enum class Group { listening, upstream, features, output, state, limits };
  enum class Show { as_given, secret, proxy_address };

  std::string_view name;
  std::string_view default_text;  // "" where nothing is the default
  std::string_view range;         // completes "allowed is ..."
  std::string_view meaning;       // for the documentation and `config --help`
  Group group;
  // False if the value is not usable; `config` is then unchanged.
  bool (*apply)(Config& config, std::string_view value, const SettingContext& context);
  Show show = Show::as_given;
  bool in_this_build = true;
  bool often_foreign = false;   // other programs use the bare name: a strange value is theirs, not a mistake
  bool lower_case_too = false;  // https_proxy beside HTTPS_PROXY
  bool decides_files = false;   // only from the environment or the command line: it says where the files are
};

[[nodiscard]] std::span<const SettingSpec> all_settings();
[[nodiscard]] const SettingSpec* find_setting(std::string_view upper_case_name);

}  // namespace distiq

#include <fmt/format.h>

#include <ostream>

#include "app/command.h"
#include "app/config/config_settings.h"
#include "base/text.h"
#include "base/version.h"

namespace distiq {
namespace {

// The switches of features, as names: what a script may ask for before it relies on one.
std::string features_json() {
  std::string text;
  for (const auto& spec : all_settings()) {
    if (spec.group != SettingSpec::Group::features || spec.range != "true or false") continue;
    if (!text.empty()) text += ',';
    append_json_string(text, spec.name);
    text += spec.in_this_build ? ":true" : ":false";
  }
  return "{" + text + "}";
}

}  // namespace

ExitCode run_version(bool json, const CommandIo& io) {
  if (!json) {
    io.out << fmt::format("distiq-code {} ({})\n", version(), compiler());
    return ExitCode::ok;
  }
  std::string text = R"({"name":"distiq-code","version":)";
  append_json_string(text, version());
  text += R"(,"compiler":)";
  append_json_string(text, compiler());
  io.out << text << R"(,"features":)" << features_json() << "}\n";
  return ExitCode::ok;
}

}  // namespace distiq

// Settings from hostile files and environments. The first byte says which source the rest is; whatever it holds,
// loading ends with settings inside their ranges or with one printable sentence, and never shows the token.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "app/config/config.h"
#include "app/config/config_settings.h"
#include "app/config/config_toml.h"
#include "app/config/env_file.h"
#include "property.h"

namespace {

using namespace distiq;

constexpr std::string_view kToken = "fuzz-token-0123456789";

bool is_one_printable_line(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return !text.empty();
}

void check(const Result<Config>& config) {
  if (!config) {
    require(config.error().kind == ErrorKind::bad_config, "kind");
    require(is_one_printable_line(config.error().client_text), "one printable sentence");
    return;
  }
  require(config->entries.size() == all_settings().size(), "every setting has an entry");
  for (const auto& entry : config->entries) {
    require(entry.value.empty() || is_one_printable_line(entry.value), "printable value", entry.name);
    require(entry.value.find(kToken) == std::string::npos, "the token is not shown", entry.name);
  }
  for (const auto& warning : config->warnings) require(is_one_printable_line(warning), "printable warning");
  require(find_conflict(*config).empty(), "no conflict");
  require(config->limits.max_body_bytes <= config->limits.max_buffered_bytes, "one body fits");
  require(config->io_threads >= 1 && config->io_threads <= 64, "io threads");
  require(config->timeouts.header.count() >= 50, "timeout");
  require(config->home.is_absolute(), "absolute home");
}

// The same settings as a file would give them, through the environment: no file of the machine is read.
void load(const std::vector<FileSetting>& settings, ConfigSources sources) {
  std::map<std::string, std::string, std::less<>> variables{
      {"HOME", "/nonexistent"}, {"DISTIQ_HOME", "/nonexistent/state"}, {"PROXY_TOKEN", std::string(kToken)}};
  for (const auto& setting : settings) {
    if (setting.name != "PROXY_TOKEN" && setting.name != "DISTIQ_PROXY_TOKEN" && setting.name != "DISTIQ_HOME") {
      variables.insert_or_assign(setting.name, setting.value);
    }
  }
  sources.environment = Environment(std::move(variables));
  check(load_config(sources));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (text.find(kToken) != std::string_view::npos) return 0;  // whoever knows it may say it
  switch (data[0] % 3) {
    case 0: {
      const auto parsed = parse_env_file(text);
      if (parsed) load(*parsed, {});
      if (!parsed) require(is_one_printable_line(parsed.error().client_text), "one printable sentence");
      break;
    }
    case 1: {
      const auto parsed = parse_config_toml(text);
      if (parsed) load(*parsed, {});
      if (!parsed) require(is_one_printable_line(parsed.error().client_text), "one printable sentence");
      break;
    }
    default: {  // one value for a setting that the second byte chooses
      if (text.empty()) break;
      const auto& spec = all_settings()[static_cast<unsigned char>(text[0]) % all_settings().size()];
      ConfigSources sources;
      if (!spec.decides_files && spec.show == SettingSpec::Show::as_given) {
        sources.command_line.emplace_back(spec.name, text.substr(1));
      }
      load({}, sources);
    }
  }
  return 0;
}

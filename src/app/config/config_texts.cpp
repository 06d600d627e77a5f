#include "app/config/config_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/config/config_settings.h"

namespace distiq {
namespace {

constexpr std::size_t longest_name = 64;

constexpr Phrase ranges[] = {
    {"true or false", "true или false"},
    {"an IP address of this machine or localhost", "IP-адрес этой машины или localhost"},
    {"a whole number from 0 to 65535, 0 being any free port",
     "целое число от 0 до 65535, где 0 — любой свободный порт"},
    {"1 to 256 visible ASCII characters without spaces", "от 1 до 256 видимых символов ASCII без пробелов"},
    {"host names separated by commas, without ports", "имена хостов через запятую, без портов"},
    {"host names separated by commas, or *", "имена хостов через запятую или *"},
    {"an http:// or https:// address with an optional path prefix, without user, query and fragment",
     "адрес http:// или https://, можно с началом пути, без пользователя, запроса и фрагмента"},
    {"http://[user:password@]host[:port]", "http://[пользователь:пароль@]хост[:порт]"},
    {"a file name; \"~/\" is your home folder", "имя файла; \"~/\" — домашняя папка"},
    {"a folder name; \"~/\" is your home folder", "имя папки; \"~/\" — домашняя папка"},
    {"off, observe, balanced or saver", "off, observe, balanced или saver"},
    {"pattern=model pairs separated by commas, a model being a Claude id or alias",
     "пары образец=модель через запятую, модель — идентификатор Claude или его псевдоним"},
    {"api or cli", "api или cli"},
    {"an API key; a subscription's token is none", "ключ API; токен подписки им не является"},
    {"the name of a program or its path", "имя программы или путь к ней"},
    {"names of Claude Code's tools separated by commas", "имена инструментов Claude Code через запятую"},
    {"a whole number from 1 to 64", "целое число от 1 до 64"},
    {"a whole number from 1 to 87600", "целое число от 1 до 87600"},
    {"a number from 0 to 1", "число от 0 до 1"},
    {"a whole number from 1 to 1000000", "целое число от 1 до 1000000"},
    {"a whole number from 50 to 1000000", "целое число от 50 до 1000000"},
    {"a whole number from 0 to 100", "целое число от 0 до 100"},
    {"a whole number from 0 to 50", "целое число от 0 до 50"},
    {"name=value pairs separated by commas, values percent-encoded, at most 8 KiB",
     "пары имя=значение через запятую, значения в процентной кодировке, не больше 8 КиБ"},
    {"TRACE, DEBUG, INFO, WARN, ERROR or OFF", "TRACE, DEBUG, INFO, WARN, ERROR или OFF"},
    {"text or json", "text или json"},
    {"auto, en or ru", "auto, en или ru"},
    {"auto, always or never", "auto, always или never"},
    {"a whole number from 0 to 36500, 0 being for ever", "целое число от 0 до 36500, где 0 — хранить всегда"},
    {"auto or a whole number from 1 to 64", "auto или целое число от 1 до 64"},
    {"a whole number from 1 to 100000", "целое число от 1 до 100000"},
    {"a size from 1KiB to 1MiB", "размер от 1KiB до 1MiB"},
    {"a size from 1KiB to 1GiB", "размер от 1KiB до 1GiB"},
    {"a size from 1MiB to 64GiB, not below MAX_BODY_BYTES", "размер от 1MiB до 64GiB, не меньше MAX_BODY_BYTES"},
    {"seconds from 0.05 to 86400", "секунды от 0.05 до 86400"},
    {"seconds from 0 to 86400", "секунды от 0 до 86400"},
};

// Insertions, deletions, replacements, and two neighbours that changed places, one each.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::string_view range_text(std::string_view range, Language language) {
  for (const Phrase& known : ranges) {
    if (range == known.english) return known.in(language);
  }
  return range;
}

std::string suggestion(std::string_view name, Language language) {
  std::string wanted(name.substr(0, longest_name));
  std::ranges::transform(wanted, wanted.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  if (wanted.starts_with("DISTIQ_") && wanted != "DISTIQ_HOME") wanted.erase(0, 7);
  std::string_view nearest;
  std::size_t best = wanted.size() >= 10 ? 4 : 3;  // what is as far as that is another name
  for (const SettingSpec& spec : all_settings()) {
    const std::size_t far = distance(wanted, spec.name);
    if (far >= best || far * 3 > spec.name.size()) continue;
    best = far;
    nearest = spec.name;
  }
  if (nearest.empty()) return {};
  return say(language, config_text::did_you_mean, nearest);
}

}  // namespace distiq

#include "app/stats/command_erase.h"

#include <fmt/format.h>

#include <ostream>
#include <string>

#include "app/ask.h"
#include "app/phrase.h"
#include "app/state_files.h"
#include "storage/store_eraser.h"

namespace distiq {
namespace {

constexpr Phrase question = {
    "Erase all recorded requests, daily totals, rate limits and gaps in {}? This cannot be undone. [y/N] ",
    "Стереть все записанные запросы, суммы по дням, лимиты и пропуски в {}? Вернуть их будет нельзя. [д/Н] "};
constexpr Phrase nothing_done = {"Nothing was erased.", "Ничего не стёрто."};
constexpr Phrase done = {"Erased: {} records, {} damaged copies.", "Стёрто: записей {}, повреждённых копий {}."};
constexpr Phrase damaged = {"The statistics file was damaged; it was deleted.",
                            "Файл статистики был повреждён, он удалён."};
constexpr Phrase remains = {
    "Another program was reading the file: traces may stay in its -wal file. Repeat when that program has ended.",
    "Файл читала другая программа: в файле -wal рядом с ним могли остаться следы. Повторите, когда она завершится."};

}  // namespace

ExitCode run_erase(const Config& config, bool yes, std::istream& answers, const CommandIo& io) {
  const auto say = [&](const Phrase& phrase) { return phrase.in(config.language); };
  const std::string path = store_path(config.home).string();
  if (!yes) {
    io.err << fmt::format(fmt::runtime(say(question)), path) << std::flush;
    if (!confirms(answers)) {
      io.err << say(nothing_done) << '\n';
      return ExitCode::failed;
    }
  }
  const auto report = erase_store(path);
  if (!report) {
    say_error(io, fmt::format("{} {}", report.error().client_text, say(nothing_done)));
    return ExitCode::failed;
  }
  io.out << fmt::format(fmt::runtime(say(done)), report->records, report->damaged_copies) << '\n';
  if (report->damaged_store) io.out << say(damaged) << '\n';
  if (report->remains_in_the_log) io.out << say(remains) << '\n';
  return report->remains_in_the_log ? ExitCode::failed : ExitCode::ok;
}

}  // namespace distiq

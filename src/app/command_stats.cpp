#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <ostream>

#include "app/command.h"
#include "app/command_erase.h"
#include "app/panel.h"
#include "app/state_files.h"
#include "base/clock.h"
#include "stats/stats_report.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

Result<Summary> read_summary(const Config& config, Period period) {
  auto reader = StatsReader::open(store_path(config.home).string());
  if (!reader) return std::unexpected(reader.error());
  return reader->summary(period, system_clock().wall().time_since_epoch().count());
}

}  // namespace

ExitCode run_stats(const Config& config, const StatsOptions& options, const CommandIo& io) {
  for (const auto& problem : config.problems) say_error(io, warning_text(config.language, problem));
  if (options.erase) return run_erase(config, options.yes, std::cin, io);
  const auto period = period_from(options.period);
  if (!period) return ExitCode::usage;
  const auto language = config.language == Language::russian ? ReportLanguage::russian : ReportLanguage::english;
  const auto summary = read_summary(config, *period);
  if (!summary) {
    const auto& error = summary.error();
    say_error(io, store_error_text(language, error.client_text.empty() ? error.log_detail : error.client_text));
    return ExitCode::failed;
  }
  if (options.json) {
    io.out << format_report_json(*summary);
  } else {
    io.out << format_report(*summary, {.language = language, .colour = use_colour(config, STDOUT_FILENO)});
  }
  return ExitCode::ok;
}

}  // namespace distiq

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <ostream>

#include "app/command.h"
#include "app/price_file.h"
#include "app/proxy_health.h"
#include "app/report_language.h"
#include "app/state_files.h"
#include "app/stats/command_erase.h"
#include "app/stats/stats_views.h"
#include "app/use_colour.h"
#include "base/clock.h"
#include "stats/holdout.h"
#include "stats/stats_report.h"
#include "stats/summary_calendar.h"
#include "storage/stats_reader.h"
#include "storage/store_auditor.h"

namespace distiq {
namespace {

std::int64_t now_ms() {
  return system_clock().wall().time_since_epoch().count();
}

Result<Summary> read_summary(const Config& config, Period period) {
  auto reader = StatsReader::open(store_path(config.home).string());
  if (!reader) return std::unexpected(reader.error());
  return reader->summary(period, now_ms());
}

ExitCode unreadable(const Config& config, const Error& error, const CommandIo& io) {
  const auto language = report_language(config.language);
  say_error(io, store_error_text(language, error.for_user()));
  return ExitCode::failed;
}

ViewStyle style_of(const Config& config) {
  return {.language = config.language, .colour = use_colour(config, STDOUT_FILENO)};
}

ExitCode run_verify(const Config& config, bool json, const CommandIo& io) {
  // The table that prices requests: the user's, if there is one.
  const auto prices = load_prices(config.models_file);
  if (!prices) return unreadable(config, prices.error(), io);
  const MonotonicTime began = system_clock().monotonic();
  const auto audit = audit_store(store_path(config.home).string(), *prices);
  if (!audit) return unreadable(config, audit.error(), io);
  const std::chrono::duration<double> took = system_clock().monotonic() - began;
  io.out << (json ? format_audit_json(*audit) : format_audit(*audit, took.count(), style_of(config)));
  return audit->ok() ? ExitCode::ok : ExitCode::failed;
}

ExitCode run_proof(const Config& config, std::int32_t first_day, bool json, const CommandIo& io) {
  auto reader = StatsReader::open(store_path(config.home).string());
  const auto sessions = reader ? reader->held_out_sessions(first_day) : std::unexpected(reader.error());
  if (!sessions) return unreadable(config, sessions.error(), io);
  const HoldoutReport report = compare_arms(*sessions);
  io.out << (json ? format_holdout_json(report) : format_holdout(report, style_of(config)));
  return ExitCode::ok;
}

ExitCode run_cache(const Config& config, Period period, bool json, const CommandIo& io) {
  constexpr std::size_t shown = 20;
  auto reader = StatsReader::open(store_path(config.home).string());
  const auto summary = reader ? reader->summary(period, now_ms()) : std::unexpected(reader.error());
  if (!summary) return unreadable(config, summary.error(), io);
  const auto breaks = reader->cache_breaks(summary->first_day, shown);
  if (!breaks) return unreadable(config, breaks.error(), io);
  io.out << (json ? format_cache_health_json(*summary, *breaks)
                  : format_cache_health(*summary, *breaks, style_of(config)));
  return ExitCode::ok;
}

ExitCode run_csv(const Config& config, std::int32_t first_day, const CommandIo& io) {
  auto reader = StatsReader::open(store_path(config.home).string());
  const auto groups = reader ? reader->day_groups(first_day) : std::unexpected(reader.error());
  if (!groups) return unreadable(config, groups.error(), io);
  io.out << format_csv(*groups);
  return ExitCode::ok;
}

}  // namespace

ExitCode run_stats(const Config& config, const StatsOptions& options, const CommandIo& io) {
  for (const auto& problem : config.problems) say_error(io, warning_text(config.language, problem));
  if (options.erase) return run_erase(config, options.yes, std::cin, io);
  const auto period = period_from(options.period);
  if (!period) return ExitCode::usage;
  if (options.live) return run_stats_live(config, io);
  (void)wait_for_store(config);  // what has just been answered is to be among the numbers
  if (options.verify) return run_verify(config, options.json, io);
  if (options.proof) return run_proof(config, first_day_of(*period, now_ms()), options.json, io);
  if (options.cache) return run_cache(config, *period, options.json, io);
  if (options.csv) return run_csv(config, first_day_of(*period, now_ms()), io);
  const auto summary = read_summary(config, *period);
  if (!summary) return unreadable(config, summary.error(), io);
  if (options.json) {
    io.out << format_report_json(*summary);
  } else {
    const auto language = report_language(config.language);
    io.out << format_report(*summary, {.language = language, .colour = use_colour(config, STDOUT_FILENO)});
  }
  return ExitCode::ok;
}

}  // namespace distiq

// The words of the report in both languages. Internal to stats_report.
#pragma once

#include <string_view>

#include "base/request_class.h"
#include "stats/stats_report.h"

namespace distiq {

struct ReportTexts {
  std::string_view title;
  std::string_view today, week, month, all;  // periods
  std::string_view nothing_yet;

  std::string_view requests, errors, client_gone, incomplete, estimated, duplicates;
  std::string_view apart, other_paths, refused;
  std::string_view cache_hits;
  std::string_view tokens_in, from_prompt_cache, into_prompt_cache, into_it, tokens_out;
  std::string_view web_searches;
  std::string_view cost, list_price, partly_list_price;
  std::string_view counterfactual, saved, restored, restored_note;
  std::string_view by_routing, by_markers, by_ttl, by_effort, moved, healed, discarded, saved_per_day;
  std::string_view average_time, seconds, milliseconds;

  std::string_view by_model, by_class, by_day, no_model;
  std::string_view column_in, column_out, column_cached, column_cost, column_saved;

  std::string_view limits_of, measured, five_hours, seven_days, status, resets, since_reset, limit_left;
  std::string_view limit_requests, limit_tokens, limit_input, limit_output;

  std::string_view complete, gaps, lost, may_be_missing;
};

[[nodiscard]] const ReportTexts& report_texts(ReportLanguage language);
[[nodiscard]] std::string_view class_text(ReportLanguage language, RequestClass request_class);
// A sentence for a gap's reason; an unknown one is returned as it is.
[[nodiscard]] std::string_view gap_text(ReportLanguage language, std::string_view reason);
// The same for the unified limits' status, as Anthropic's header names it.
[[nodiscard]] std::string_view limit_status_text(ReportLanguage language, std::string_view status);

}  // namespace distiq

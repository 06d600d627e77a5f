// A Summary for people (terminal) and for scripts (JSON). Pure: text out; whatever came from outside is made printable.
// Any thread.
#pragma once

#include <string>

#include "stats/summary.h"

namespace distiq {

enum class ReportLanguage { english, russian };

struct ReportStyle {
  ReportLanguage language = ReportLanguage::english;
  bool colour = false;  // escape sequences; without them the text is plain UTF-8 for pipes
};

// Several lines, each ended by a line break, nothing wider than 100 columns unless a model's name is. Money is shown to
// four digits (two from $100 on), rounded here and nowhere before; times are local.
[[nodiscard]] std::string format_report(const Summary& summary, const ReportStyle& style);

// What StatsReader says to people when there is nothing to read, in the language; an unknown text as it is.
[[nodiscard]] std::string_view store_error_text(ReportLanguage language, std::string_view english);

// One JSON object and a line break; docs/formats/store.md describes it. Money is whole micro-dollars (integers, exact),
// times are unix milliseconds, days are local dates. Keys are only ever added.
[[nodiscard]] std::string format_report_json(const Summary& summary);

}  // namespace distiq

// The language of the commands as stats/ names it. Any thread.
#pragma once

#include "app/config/config.h"
#include "stats/stats_report.h"

namespace distiq {

[[nodiscard]] inline ReportLanguage report_language(Language language) {
  return language == Language::russian ? ReportLanguage::russian : ReportLanguage::english;
}

}  // namespace distiq

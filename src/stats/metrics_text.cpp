#include "stats/metrics_text.h"

#include <fmt/format.h>

#include "money/usd_text.h"

namespace distiq {
namespace {

void append_escaped(std::string& out, std::string_view value, bool quotes_too) {
  for (const char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes_too) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string seconds_text(std::uint64_t us) {
  std::string text = fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ");
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::start_sample(std::string_view suffix, Labels labels) {
  text_.append(name_).append(suffix);
  char separator = '{';
  for (const auto& [label, value] : labels) {
    text_ += separator;
    text_.append(label).append("=\"");
    append_escaped(text_, value, true);
    text_ += '"';
    separator = ',';
  }
  text_.append(labels.size() == 0 ? " " : "} ");
}

void MetricsText::sample(Labels labels, std::string_view number) {
  start_sample("", labels);
  text_.append(number).append("\n");
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
  sample(labels, fmt::format("{}", value));
}
void MetricsText::sample(Labels labels, std::int64_t value) {
  sample(labels, fmt::format("{}", value));
}

void MetricsText::dollars(Labels labels, PicoUsd amount) {
  std::string text = usd_text(amount, 12);
  text.erase(text.find('$'), 1);
  sample(labels, text);
}

void MetricsText::bucket(std::int64_t bound_us, std::uint64_t count) {
  const std::string bound = bound_us < 0 ? "+Inf" : seconds_text(static_cast<std::uint64_t>(bound_us));
  start_sample("_bucket", {{"le", bound}});
  text_.append(fmt::format("{}\n", count));
}

void MetricsText::histogram_end(std::uint64_t sum_us, std::uint64_t count) {
  text_.append(fmt::format("{0}_sum {1}\n{0}_count {2}\n", name_, seconds_text(sum_us), count));
}

}  // namespace distiq

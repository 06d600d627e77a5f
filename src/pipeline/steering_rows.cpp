#include "pipeline/steering_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace distiq {
namespace {

constexpr std::size_t max_text_bytes = 128;

// Fields separated by tabs, in a fixed order; every one is read back or the line is refused.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  std::string_view next() {
    if (done_) {
      good_ = false;
      return {};
    }
    const auto tab = rest_.find('\t');
    const std::string_view field = rest_.substr(0, tab);
    done_ = tab == std::string_view::npos;
    rest_ = done_ ? std::string_view() : rest_.substr(tab + 1);
    return field;
  }
  void text(std::string& into) {
    into = std::string(next());
    good_ = good_ && into.size() <= max_text_bytes;
  }
  template <class Number>
  void number(Number& into) {
    const std::string_view field = next();
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), into);
    good_ = good_ && parsed.ec == std::errc() && parsed.ptr == field.data() + field.size();
  }
  [[nodiscard]] bool good() const { return good_ && done_; }

 private:
  std::string_view rest_;
  bool done_ = false;
  bool good_ = true;
};

bool is_storable(std::string_view text) {
  return text.size() <= max_text_bytes && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string lane_line(const LaneRow& row) {
  const LaneState& s = row.state;
  for (const std::string* text :
       {&s.lane_id, &s.session_id, &s.account, &s.requested, &s.serving, &s.requested_effort, &s.serving_effort}) {
    if (!is_storable(*text)) return {};
  }
  const int flags = (s.escalated ? 1 : 0) | (s.refused_below ? 2 : 0) | (s.life_counted ? 4 : 0);
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                     s.lane_id, s.session_id, s.account, to_string(s.request_class), s.requested, s.serving,
                     s.requested_effort, s.serving_effort, row.last_use.time_since_epoch().count(),
                     s.ttl == CacheTtl::one_hour ? 60 : 5, s.prompt_tokens, s.requests, s.life_requests, s.human_turns,
                     s.loop_position, s.warm_moves, s.judge_bucket, s.growth_tokens, s.output_tokens, flags,
                     s.money.actual.value, s.money.untouched.value, s.return_penalty.value, s.past_lives);
}

std::optional<LaneRow> lane_from_line(std::string_view line) {
  LaneRow row;
  LaneState& s = row.state;
  Fields fields(line);
  std::string request_class;
  std::int64_t last_use = 0;
  int minutes = 0;
  int flags = 0;
  fields.text(s.lane_id);
  fields.text(s.session_id);
  fields.text(s.account);
  fields.text(request_class);
  fields.text(s.requested);
  fields.text(s.serving);
  fields.text(s.requested_effort);
  fields.text(s.serving_effort);
  fields.number(last_use);
  fields.number(minutes);
  fields.number(s.prompt_tokens);
  fields.number(s.requests);
  fields.number(s.life_requests);
  fields.number(s.human_turns);
  fields.number(s.loop_position);
  fields.number(s.warm_moves);
  fields.number(s.judge_bucket);
  fields.number(s.growth_tokens);
  fields.number(s.output_tokens);
  fields.number(flags);
  fields.number(s.money.actual.value);
  fields.number(s.money.untouched.value);
  fields.number(s.return_penalty.value);
  fields.number(s.past_lives);
  if (!fields.good() || s.lane_id.empty()) return std::nullopt;
  s.request_class = request_class_from(request_class);
  s.ttl = minutes == 60 ? CacheTtl::one_hour : CacheTtl::five_minutes;
  s.escalated = (flags & 1) != 0;
  s.refused_below = (flags & 2) != 0;
  s.life_counted = (flags & 4) != 0;
  row.last_use = WallTime(std::chrono::milliseconds(last_use));
  return row;
}

std::string bank_line(const AccountBankRow& row) {
  if (!is_storable(row.account)) return {};
  return fmt::format("{}\t{}\t{}\t{}", row.account, row.balance.value, row.day_bill.value, row.day);
}

std::optional<AccountBankRow> bank_from_line(std::string_view line) {
  AccountBankRow row;
  Fields fields(line);
  fields.text(row.account);
  fields.number(row.balance.value);
  fields.number(row.day_bill.value);
  fields.number(row.day);
  return fields.good() ? std::optional(row) : std::nullopt;
}

std::string numbers_line(const std::vector<double>& numbers) {
  std::string line;
  for (const double number : numbers) line += fmt::format("{}{:.6g}", line.empty() ? "" : "\t", number);
  return line;
}

std::vector<double> numbers_from_line(std::string_view line) {
  std::vector<double> numbers;
  Fields fields(line);
  while (!line.empty() && !fields.good() && numbers.size() < 4096) {
    double number = 0;
    fields.number(number);
    numbers.push_back(number);
  }
  return fields.good() ? numbers : std::vector<double>();
}

}  // namespace distiq

#include "stats/live_line.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"
#include "base/tone.h"
#include "money/usd_text.h"
#include "stats/live_line_json.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxNameBytes = 48;
constexpr std::size_t kMaxReasonBytes = 120;

class LineText {
 public:
  explicit LineText(bool coloured) : coloured_(coloured) { text_.reserve(coloured ? 320 : 160); }

  LineText& add(Tone tone, std::string_view text) { return add(tone, {text}); }
  LineText& add(Tone tone, std::initializer_list<std::string_view> parts) {
    const std::size_t before = text_.size();
    for (const std::string_view part : parts) text_.append(part);
    if (coloured_) text_.replace(before, std::string::npos, toned(std::string_view(text_).substr(before), tone, true));
    return *this;
  }
  LineText& field() { return add(Tone::dim, " | "); }
  std::string take() { return std::move(text_); }

 private:
  bool coloured_;
  std::string text_;
};

std::string duration_text(std::int64_t us) {
  if (us < 999'500) return std::to_string((std::max<std::int64_t>(us, 0) + 500) / 1000) + "ms";
  const std::int64_t tenths = (us + 50'000) / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s";
}

Tone tone_of_saving(PicoUsd saved) {
  if (saved.value == 0) return Tone::plain;
  return saved.value > 0 ? Tone::good : Tone::bad;
}

// What the human has to know beyond the numbers; empty if all went well.
std::string trouble_of(const RequestRecord& record) {
  switch (record.outcome) {
    case Outcome::ok:
      if (!record.usage_seen || record.error_type.empty()) return "";
      return "error: " + printable(record.error_type, kMaxNameBytes);
    case Outcome::client_gone:
      return "stopped by the client";
    case Outcome::upstream_cut:
      return "cut off by upstream";
    case Outcome::upstream_unreachable:
    case Outcome::refused:
      return printable(record.reason, kMaxReasonBytes);
  }
  return "";
}

std::string status_of(const RequestRecord& record) {
  if (record.status == 0) return "no answer";
  std::string text = std::to_string(record.status);
  if (!record.error_type.empty()) text.append(" ").append(printable(record.error_type, kMaxNameBytes));
  return text;
}

void add_model(LineText& line, const RequestRecord& record, const PriceTable& prices) {
  const std::string asked = prices.short_name(record.requested_model);
  const bool as_asked = record.served_model.empty() || record.served_model == record.requested_model;
  const std::string served = as_asked ? asked : prices.short_name(record.served_model);
  line.add(Tone::model, printable(served, kMaxNameBytes));
  if (served != asked && !asked.empty()) line.add(Tone::plain, {" (from ", printable(asked, kMaxNameBytes), ")"});
}

void add_subject(LineText& line, const RequestRecord& record, const PriceTable& prices) {
  line.add(Tone::dim, "[proxy] ");
  const bool names_model = !record.requested_model.empty() || !record.served_model.empty();
  if (!names_model) {
    line.add(Tone::plain, {printable(record.method, kMaxNameBytes), " ", printable(record.path, kMaxNameBytes)});
    return;
  }
  if (record.request_class == RequestClass::count_tokens) line.add(Tone::plain, "count_tokens ");
  add_model(line, record, prices);
}

void add_usage(LineText& line, const RequestRecord& record) {
  const std::string_view unsure_tokens = record.usage_complete ? "" : "~";
  const bool unsure_price = !record.usage_complete || record.price_estimated;
  const Tone price_tone = unsure_price ? Tone::doubtful : Tone::plain;
  const std::string_view unsure = unsure_price ? "~" : "";
  line.field().add(
      unsure_tokens.empty() ? Tone::plain : Tone::doubtful,
      {unsure_tokens, count_text(record.usage.prompt()), " in / ", count_text(record.usage.output), " out"});
  const std::string_view basis = record.account_kind == AccountKind::subscription ? " (list)" : "";
  line.field().add(price_tone, {unsure, usd_text(record.cost, 4), basis});
  line.field().add(tone_of_saving(record.saved()), {"saved ", usd_text(record.saved(), 4)});
  if (record.restored.value != 0) line.field().add(Tone::plain, {"restored ", usd_text(record.restored, 4)});
}

}  // namespace

std::string LiveLine::format(const RequestRecord& record, PicoUsd session_saved) const {
  if (style_ == LineStyle::json) return live_line_json(record, session_saved);
  LineText line(style_ == LineStyle::colour);
  add_subject(line, record, prices_);
  if (record.usage_seen) {
    add_usage(line, record);
  } else {
    const bool failed = record.status == 0 || record.status >= 400;
    line.field().add(failed ? Tone::bad : Tone::plain, status_of(record));
  }
  line.field().add(Tone::plain, duration_text(record.duration_us));
  if (record.usage_seen)
    line.field().add(Tone::plain, "session saved: ").add(tone_of_saving(session_saved), usd_text(session_saved, 3));
  const std::string trouble = trouble_of(record);
  if (!trouble.empty()) line.field().add(record.outcome == Outcome::client_gone ? Tone::doubtful : Tone::bad, trouble);
  return line.take();
}

}  // namespace distiq

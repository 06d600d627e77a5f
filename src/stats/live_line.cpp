#include "stats/live_line.h"

#include <algorithm>

#include "base/text.h"
#include "base/tone.h"
#include "money/usd_text.h"
#include "stats/live_line_json.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxNameBytes = 48;
constexpr std::size_t kMaxReasonBytes = 120;

// Appends what it is told to, in the tone told last. Called twenty times a line: inlined it would be pages of code.
class LineText {
 public:
  explicit LineText(bool coloured) : coloured_(coloured) { text_.reserve(coloured ? 320 : 160); }

  [[gnu::noinline]] LineText& in(Tone tone) {
    if (coloured_) colour_last();
    tone_ = tone;
    return *this;
  }
  [[gnu::noinline]] LineText& add(std::string_view text) {
    text_.append(text);
    return *this;
  }
  LineText& usd(PicoUsd amount, int decimals) {
    append_usd_text(text_, amount, decimals);
    return *this;
  }
  LineText& count(std::uint64_t count) {
    append_count_text(text_, count);
    return *this;
  }
  LineText& number(std::uint64_t number) {
    append_number(text_, number);
    return *this;
  }
  // What follows is another field, in that tone.
  LineText& field(Tone tone) { return in(Tone::dim).add(" | ").in(tone); }

  std::string take() {
    in(Tone::plain);
    return std::move(text_);
  }

 private:
  [[gnu::cold]] void colour_last() {
    text_.replace(begun_at_, std::string::npos, toned(std::string_view(text_).substr(begun_at_), tone_, true));
    begun_at_ = text_.size();
  }

  bool coloured_;
  Tone tone_ = Tone::plain;
  std::size_t begun_at_ = 0;  // what is in the tone
  std::string text_;
};

void add_duration(LineText& line, std::int64_t us) {
  if (us < 999'500) {
    line.number((static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)) + 500) / 1000).add("ms");
    return;
  }
  const std::uint64_t tenths = (static_cast<std::uint64_t>(us) + 50'000) / 100'000;
  line.number(tenths / 10).add(".").number(tenths % 10).add("s");
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
  line.in(Tone::model).add(printable(served, kMaxNameBytes));
  if (served != asked && !asked.empty()) {
    line.in(Tone::plain).add(" (from ").add(printable(asked, kMaxNameBytes)).add(")");
  }
}

void add_subject(LineText& line, const RequestRecord& record, const PriceTable& prices) {
  line.in(Tone::dim).add("[proxy] ").in(Tone::plain);
  const bool names_model = !record.requested_model.empty() || !record.served_model.empty();
  if (!names_model) {
    line.add(printable(record.method, kMaxNameBytes)).add(" ").add(printable(record.path, kMaxNameBytes));
    return;
  }
  if (record.request_class == RequestClass::count_tokens) line.add("count_tokens ");
  add_model(line, record, prices);
}

void add_usage(LineText& line, const RequestRecord& record) {
  const bool unsure_price = !record.usage_complete || record.price_estimated;
  line.field(record.usage_complete ? Tone::plain : Tone::doubtful).add(record.usage_complete ? "" : "~");
  line.count(record.usage.prompt()).add(" in / ").count(record.usage.output).add(" out");
  line.field(unsure_price ? Tone::doubtful : Tone::plain).add(unsure_price ? "~" : "").usd(record.cost, 4);
  line.add(record.account_kind == AccountKind::subscription ? " (list)" : "");
  line.field(tone_of_saving(record.saved())).add("saved ").usd(record.saved(), 4);
  if (record.restored.value != 0) line.field(Tone::plain).add("restored ").usd(record.restored, 4);
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
    line.field(failed ? Tone::bad : Tone::plain).add(status_of(record));
  }
  add_duration(line.field(Tone::plain), record.duration_us);
  if (record.usage_seen) {
    line.field(Tone::plain).add("session saved: ").in(tone_of_saving(session_saved)).usd(session_saved, 3);
  }
  const std::string trouble = trouble_of(record);
  if (!trouble.empty()) line.field(record.outcome == Outcome::client_gone ? Tone::doubtful : Tone::bad).add(trouble);
  return line.take();
}

}  // namespace distiq

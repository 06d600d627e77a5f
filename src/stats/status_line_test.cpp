#include "stats/status_line.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

constexpr std::int64_t kNow = 1'795'000'000'000;

StatusLineFacts facts() {
  StatusLineFacts facts{.served_model = "claude-sonnet-5-5", .requested_model = "claude-opus-5-5", .totals = {}};
  facts.totals.requests = 3;
  facts.totals.input_tokens = 1000;
  facts.totals.cache_read_tokens = 9000;
  facts.totals.cost_usd_micros = 424'999;
  facts.totals.counterfactual_usd_micros = 545'999;
  return facts;
}

std::string line(const StatusLineFacts& of, ReportLanguage language = ReportLanguage::english) {
  return status_line(of, PriceTable::builtin(), kNow, language);
}

TEST(StatusLine, model_cost_savings_and_cache_share) {
  EXPECT_EQ(line(facts()), "sonnet (from opus) | $0.42 | saved $0.121 | cache 90%");
  EXPECT_EQ(line(facts(), ReportLanguage::russian), "sonnet (вместо opus) | $0.42 | сэкономлено $0.121 | кэш 90%");
}

TEST(StatusLine, a_loss_is_shown_as_one_and_what_was_only_restored_is_no_saving) {
  auto each = facts();
  each.requested_model = each.served_model;
  each.totals.counterfactual_usd_micros = 412'999;
  EXPECT_EQ(line(each), "sonnet | $0.42 | saved -$0.012 | cache 90%");
  each.totals.counterfactual_usd_micros = 545'999;
  each.totals.restored_usd_micros = 121'000;
  EXPECT_EQ(line(each), "sonnet | $0.42 | saved $0.000 | cache 90%");
}

TEST(StatusLine, small_amounts_are_not_shown_as_nothing) {
  auto each = facts();
  const auto with = [&](std::int64_t cost, std::int64_t without) {
    each.totals.cost_usd_micros = cost;
    each.totals.counterfactual_usd_micros = without;
    return line(each).substr(21, line(each).find(" | cache") - 21);
  };
  EXPECT_EQ(with(2'244, 3'544), "$0.0022 | saved $0.0013");
  EXPECT_EQ(with(42'000, 84'000), "$0.042 | saved $0.042");
  EXPECT_EQ(with(100'000, 95'500), "$0.10 | saved -$0.0045");
  EXPECT_EQ(with(12, 12), "$0.0000 | saved $0.000");
  EXPECT_EQ(with(0, 0), "$0.00 | saved $0.000");
  EXPECT_EQ(with(INT64_MIN / 1'000'000, 0).substr(0, 2), "-$");
}

TEST(StatusLine, quota_as_measured_and_not_after_its_reset) {
  auto each = facts();
  each.account_kind = AccountKind::subscription;
  AccountLimits limits{"a",
                       kNow,
                       {{"anthropic-ratelimit-unified-5h-reset", "1795000100"},
                        {"anthropic-ratelimit-unified-5h-utilization", "0.344"},
                        {"anthropic-ratelimit-unified-7d-reset", "1794999999"},
                        {"anthropic-ratelimit-unified-7d-utilization", "0.9"}}};
  each.limits = &limits;
  EXPECT_EQ(line(each), "sonnet (from opus) | $0.42 (list) | saved $0.121 | cache 90% | 5h 34%");
  limits.headers = {{"anthropic-ratelimit-unified-7d-utilization", "junk"}};
  EXPECT_EQ(line(each), "sonnet (from opus) | $0.42 (list) | saved $0.121 | cache 90%");
}

TEST(StatusLine, what_came_from_outside_is_made_printable) {
  auto each = facts();
  each.served_model = each.requested_model = "evil\x1b[2J\nname";
  EXPECT_EQ(line(each).find('\x1b'), std::string::npos);
  EXPECT_EQ(line(each).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace distiq

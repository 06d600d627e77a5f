#include "setup/doctor_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace distiq {
namespace {

using testing::HasSubstr;

DoctorFacts well() {
  DoctorFacts facts;
  facts.proxy = {.url = "http://127.0.0.1:11434",
                 .holder = PortHolder::distiq_code,
                 .healthy_answer = true,
                 .running_version = "1",
                 .our_version = "1",
                 .upstream = {},
                 .store_reason = {}};
  facts.claude.found = true;
  facts.claude.settings_file = "s";
  facts.claude.settings_base_url = facts.proxy.url;
  facts.claude.variable = [](std::string_view name) -> std::optional<std::string> {
    if (name == "CLAUDE_CODE_GATEWAY_HINT_HEADERS") return "1";
    if (name == "ANTHROPIC_DEFAULT_HAIKU_MODEL") return "claude-haiku-5-5";
    return std::nullopt;
  };
  facts.upstream.clock_ahead_s = 0;
  facts.store = {.error = {}, .exists = true, .main_requests = 10, .prompt_tokens = 100, .cache_read_tokens = 90};
  facts.home = {.path = "/h", .error = {}, .free_bytes = 1u << 30};
  return facts;
}

Check check(const DoctorFacts& facts, std::string_view id) {
  const auto checks = run_checks(facts);
  const auto found = std::ranges::find(checks, id, &Check::id);
  EXPECT_NE(found, checks.end()) << id;
  return found == checks.end() ? Check{} : *found;
}

TEST(DoctorChecks, all_is_well_without_advice_in_both_languages) {
  for (const bool russian : {false, true}) {
    auto facts = well();
    facts.russian = russian;
    for (const auto& each : run_checks(facts)) {
      EXPECT_EQ(each.state, CheckState::ok) << each.id;
      EXPECT_EQ(each.advice, "") << each.id;
      EXPECT_NE(each.what, "") << each.id;
    }
  }
}

TEST(DoctorChecks, a_collector_of_traces_that_does_not_take_them) {
  auto facts = well();
  facts.collector = {.url = "http://h:4318/v1/traces", .error = {}, .status = 200};
  EXPECT_EQ(check(facts, "traces").state, CheckState::ok);
  facts.collector.status = 401;
  EXPECT_EQ(check(facts, "traces").state, CheckState::warning);
  EXPECT_THAT(check(facts, "traces").advice, HasSubstr("OTLP_HEADERS"));
  facts.collector = {.url = "http://h:4317/v1/traces", .error = "refused", .status = 0};
  EXPECT_THAT(check(facts, "traces").what, HasSubstr("refused"));
  EXPECT_THAT(check(facts, "traces").advice, HasSubstr("4318"));
}

TEST(DoctorChecks, every_check_has_an_id_of_its_own) {
  std::vector<std::string_view> ids;
  for (const auto& each : run_checks(well())) ids.push_back(each.id);
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST(DoctorChecks, disk_and_clock_have_two_steps) {
  auto facts = well();
  const std::pair<std::uint64_t, CheckState> disks[] = {{300u << 20, CheckState::ok},
                                                        {199u << 20, CheckState::warning},
                                                        {19u << 20, CheckState::failure},
                                                        {0, CheckState::failure}};
  for (const auto& [free, state] : disks) {
    facts.home.free_bytes = free;
    EXPECT_EQ(check(facts, "disk").state, state) << free;
  }
  const std::pair<std::int64_t, CheckState> clocks[] = {
      {59, CheckState::ok}, {-60, CheckState::warning}, {299, CheckState::warning}, {-300, CheckState::failure}};
  for (const auto& [ahead, state] : clocks) {
    facts.upstream.clock_ahead_s = ahead;
    EXPECT_EQ(check(facts, "clock").state, state) << ahead;
  }
  facts.upstream.clock_ahead_s.reset();
  EXPECT_EQ(check(facts, "clock").state, CheckState::skipped);
}

TEST(DoctorChecks, running_proxy_of_another_version_or_that_loses_records_is_named) {
  auto facts = well();
  facts.proxy.running_version = "0";
  EXPECT_EQ(check(facts, "version").state, CheckState::warning);
  facts.proxy.dropped_records = 7;
  facts.proxy.store_reason = "disk full";
  EXPECT_THAT(check(facts, "store").what, HasSubstr("disk full"));
  facts.proxy.healthy_answer = false;
  EXPECT_EQ(check(facts, "proxy").state, CheckState::warning);
}

TEST(DoctorChecks, hint_headers_are_judged_by_what_arrives) {
  auto facts = well();
  const auto state = [&](std::int64_t requests, std::int64_t with_hints, bool newest) {
    facts.proxy.recent_requests = requests;
    facts.proxy.with_hints = with_hints;
    facts.proxy.newest_has_hints = newest;
    return check(facts, "hint_headers").state;
  };
  EXPECT_EQ(state(0, 0, false), CheckState::ok) << "only the setting can tell";
  EXPECT_EQ(state(5, 5, true), CheckState::ok);
  EXPECT_EQ(state(5, 4, false), CheckState::warning) << "an old session goes on";
  EXPECT_THAT(check(facts, "hint_headers").what, HasSubstr("4 of 5"));
  facts.claude.variable = {};
  EXPECT_EQ(state(0, 0, false), CheckState::warning);
  EXPECT_EQ(state(5, 0, false), CheckState::warning);
  EXPECT_EQ(state(5, 1, true), CheckState::ok) << "set where doctor does not see it, as by distiq-code run";
}

TEST(DoctorChecks, a_share_of_few_requests_says_nothing) {
  auto facts = well();
  facts.store.main_requests = 4;
  facts.store.cache_read_tokens = 0;
  EXPECT_EQ(check(facts, "prompt_cache").state, CheckState::skipped);
  facts.store.main_requests = 5;
  EXPECT_EQ(check(facts, "prompt_cache").state, CheckState::warning);
}

TEST(DoctorChecks, what_came_from_outside_is_made_printable) {
  auto facts = well();
  facts.upstream.error = "bad\x1b[2J";
  facts.claude.settings_base_url = "http://x\x1b[2J";
  facts.claude.shell_base_url = "http://y\x1b[2J";
  for (const auto& each : run_checks(facts)) EXPECT_EQ(each.what.find('\x1b'), std::string::npos) << each.id;
}

}  // namespace
}  // namespace distiq

// The shadow cache against a cache that shares no code with it: the same generated days of work are played against the
// simulator as we would send them and as they came, and what the ledger claims is held against the two true bills.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "direct_api.h"
#include "message/request_scanner.h"
#include "money/cost.h"
#include "money/price_table.h"
#include "played_lane.h"
#include "promptcache/cache_worlds.h"

namespace distiq {
namespace {

using shadow_test::Answered;
using shadow_test::DirectApi;
using shadow_test::LanePlan;
using shadow_test::Marks;
using shadow_test::PlayedLane;
using shadow_test::Used;

const std::string betas =
    "claude-code-20250219,interleaved-thinking-2025-05-14,extended-cache-ttl-2025-04-11,effort-2025-11-24,"
    "advanced-tool-use-2025-11-20";

const ModelInfo& model(std::string_view id) {
  return *PriceTable::builtin().find(id);
}

TokenUsage usage_of(const Used& used) {
  TokenUsage usage;
  usage.input = used.input;
  usage.cache_read = used.read;
  usage.cache_write_5m = used.write_5m;
  usage.cache_write_1h = used.write_1h;
  usage.output = used.output;
  return usage;
}

struct Prompted {
  std::string body;
  std::shared_ptr<ModelPrompts> prompt;

  explicit Prompted(std::string text) : body(std::move(text)) {
    RequestHead head;
    head.headers.add("anthropic-beta", betas);
    const auto view = scan_request(body);
    prompt = std::make_shared<ModelPrompts>(view ? map_prompt(*view, head) : PromptMap());
  }
};

struct Sums {
  double actual = 0;        // true bill of what we sent
  double direct = 0;        // true bill of the same requests untouched
  double claimed = 0;       // what the ledger says they would have cost
  double forecast_off = 0;  // |forecast - true| prompt price, before the answer was known
  int requests = 0;
  int changed = 0;
  int agreed_wrong = 0;  // the ledger says that nothing differed, but the direct bill does
  int known = 0;
  int known_wrong = 0;  // said to be known, but not the true split
  int read_wrong = 0;   // forecast of the actual read is not what was read
};

double usd(const ModelInfo& priced_as, const TokenUsage& usage) {
  return static_cast<double>(price_of(priced_as, usage).value) / 1e12;
}

struct Sent {
  PlayedLane* lane = nullptr;
  const ModelInfo* requested = nullptr;
  const ModelInfo* served = nullptr;
  Answered answer;
  Answered direct;
  std::shared_ptr<ModelPrompts> came, left;  // for the ticket
  CacheTicket ticket{};
  CacheForecast forecast;
};

// One virtual day against three caches: the API's as we use it, the API's as it would be, and ours.
class Day {
 public:
  Sums sums;
  std::function<void(const Sent&, const Counterfactual&)> look;

  void advance(std::int64_t seconds) {
    api_.advance_ms(seconds * 1000);
    untouched_api_.advance_ms(seconds * 1000);
    now_ += std::chrono::seconds(seconds);
  }

  Sent send(PlayedLane& lane, const ModelInfo& served, Marks marks) {
    Sent sent{.lane = &lane,
              .requested = &model(lane.plan().model),
              .served = &served,
              .answer = {},
              .direct = {},
              .came = {},
              .left = {},
              .forecast = {}};
    const Prompted came(lane.body());
    const Prompted leaves(marks == lane.plan().marks ? came.body : lane.body(lane.plan().model, marks));
    sent.direct = untouched_api_.send(key_, betas, came.body);
    std::string body = leaves.body;
    const auto at = body.find(lane.plan().model);
    body.replace(at, lane.plan().model.size(), served.id);
    sent.answer = api_.send(key_, betas, body);
    EXPECT_EQ(sent.answer.status, 200) << sent.answer.text;
    EXPECT_EQ(sent.direct.status, 200) << sent.direct.text;
    sent.forecast = worlds_.forecast({"account", &served}, *leaves.prompt, now_);
    sent.came = came.prompt;
    sent.left = leaves.prompt;
    sent.ticket = worlds_.sent({"account", sent.requested, &served, sent.came.get(), sent.left.get()}, now_);
    if (served.id != lane.plan().model || marks != lane.plan().marks) ++sums.changed;
    return sent;
  }

  void begin(Sent& sent) {
    api_.begin(sent.answer.ticket);
    untouched_api_.begin(sent.direct.ticket);
    worlds_.answer_began(sent.ticket);
  }

  void finish(Sent& sent) {
    const TokenUsage actual = usage_of(sent.answer.used);
    TokenUsage direct = usage_of(sent.direct.used);
    direct.output = actual.output;  // the same bytes: nobody claims another answer's length
    const Counterfactual booked = worlds_.settle(sent.ticket, actual);
    ++sums.requests;
    sums.actual += usd(*sent.served, actual);
    sums.direct += usd(*sent.requested, direct);
    sums.claimed += usd(*sent.requested, booked.usage);
    const CacheForecast& f = sent.forecast;
    const TokenUsage foreseen{
        .input = f.input, .cache_read = f.read, .cache_write_5m = f.write_5m, .cache_write_1h = f.write_1h};
    TokenUsage prompt_only = actual;
    prompt_only.output = 0;
    sums.forecast_off += std::abs(usd(*sent.served, foreseen) - usd(*sent.served, prompt_only));
    if (f.read != actual.cache_read) ++sums.read_wrong;
    if (std::getenv("SHADOW_VERBOSE") != nullptr && f.read != actual.cache_read)
      std::cout << sent.served->id << " foreseen " << f.read << "+" << f.write_5m << "+" << f.write_1h << "+" << f.input
                << " known " << f.tokens_known << ", was " << actual.cache_read << "+" << actual.cache_write_5m << "+"
                << actual.cache_write_1h << "+" << actual.input << "\n";
    if (std::getenv("SHADOW_VERBOSE") != nullptr && !(booked.usage == direct))
      std::cout << sent.requested->id << " on " << sent.served->id << (booked.worlds_agreed ? " agreed" : "")
                << (booked.tokens_known ? " known" : "") << " booked " << booked.usage.cache_read << "+"
                << booked.usage.cache_write_5m << "+" << booked.usage.cache_write_1h << "+" << booked.usage.input
                << ", direct " << direct.cache_read << "+" << direct.cache_write_5m << "+" << direct.cache_write_1h
                << "+" << direct.input << "\n";
    if (booked.worlds_agreed && !(booked.usage == direct)) ++sums.agreed_wrong;
    if (!booked.worlds_agreed && booked.tokens_known) {
      ++sums.known;
      if (!(booked.usage == direct)) ++sums.known_wrong;
    }
    if (look) look(sent, booked);
    sent.lane->take(sent.answer.text);
  }

  void ask(PlayedLane& lane, const ModelInfo& served, Marks marks) {
    Sent sent = send(lane, served, marks);
    begin(sent);
    finish(sent);
  }
  void ask(PlayedLane& lane) { ask(lane, model(lane.plan().model), lane.plan().marks); }

 private:
  std::string key_ = "sk-ant-shadow";
  DirectApi api_;
  DirectApi untouched_api_;
  CacheWorlds worlds_;
  MonotonicTime now_{std::chrono::hours(1)};
};

std::int64_t pause(std::mt19937& random) {
  switch (random() % 12) {
    case 0:
      return 200 + static_cast<std::int64_t>(random() % 200);  // around the life of five minutes
    case 1:
      return 600 + static_cast<std::int64_t>(random() % 2400);
    case 2:
      return 3500 + static_cast<std::int64_t>(random() % 300);  // around an hour
    default:
      return 3 + static_cast<std::int64_t>(random() % 40);
  }
}

std::string words(std::mt19937& random) {
  switch (random() % 5) {
    case 0:
      return "loop " + std::to_string(2 + random() % 6);
    case 1:
      return "run ls then read a.txt then run make";
    case 2:
      return "run ls and at once read b.txt";
    case 3:
      return "tell a long story of " + std::to_string(50 + random() % 300) + " words";
    default:
      return "why does it fail? " + std::to_string(random());
  }
}

LanePlan random_plan(std::mt19937& random) {
  LanePlan plan;
  const std::vector<const char*> models{"claude-opus-5-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"};
  plan.model = models[random() % models.size()];
  plan.marks =
      std::vector{Marks::claude_code, Marks::claude_code, Marks::nested, Marks::automatic, Marks::none}[random() % 5];
  plan.project = static_cast<int>(random() % 2);
  plan.is_sub_agent = random() % 3 == 0;
  switch (random() % 3) {
    case 0:
      plan.system_ttl = plan.message_ttl = "1h";
      break;
    case 1:
      plan.system_ttl = "1h";
      break;
    default:
      break;
  }
  return plan;
}

using Router = std::function<std::pair<const ModelInfo*, Marks>(const PlayedLane&)>;

// Lanes come and go, run side by side, pause, compact.
void play(Day& day, std::uint32_t seed, int steps, const Router& route,
          const std::function<LanePlan(std::mt19937&)>& plan = random_plan) {
  std::mt19937 random(seed);
  std::vector<std::unique_ptr<PlayedLane>> lanes;
  const auto prepare = [&](PlayedLane& lane) {
    if (!lane.is_in_loop()) lane.say(words(random));
  };
  for (int step = 0; step < steps; ++step) {
    if (lanes.size() < 2 || (lanes.size() < 6 && random() % 10 == 0))
      lanes.push_back(std::make_unique<PlayedLane>(plan(random), static_cast<std::uint32_t>(random())));
    if (lanes.size() > 2 && random() % 60 == 0) lanes.erase(lanes.begin());
    auto& lane = *lanes[random() % lanes.size()];
    day.advance(lane.is_in_loop() ? 2 + static_cast<std::int64_t>(random() % 10) : pause(random));
    if (lane.blocks() > 120 && !lane.is_in_loop()) {
      lane.compact();
    } else {
      prepare(lane);
    }
    auto [served, marks] = route(lane);
    auto& other = *lanes[random() % lanes.size()];
    if (&other != &lane && random() % 6 == 0) {  // side by side: neither reads what the other writes
      prepare(other);
      auto [other_served, other_marks] = route(other);
      Sent first = day.send(lane, *served, marks);
      Sent second = day.send(other, *other_served, other_marks);
      day.advance(1);
      day.begin(second);
      day.begin(first);
      day.finish(first);
      day.finish(second);
    } else {
      day.ask(lane, *served, marks);
    }
  }
}

void print(const char* title, const Sums& sums) {
  std::cout << title << ": " << sums.requests << " requests, " << sums.changed << " changed; bill " << sums.actual
            << ", direct " << sums.direct << ", claimed " << sums.claimed << " (off by "
            << 100 * (sums.claimed / sums.direct - 1) << " % of the direct bill); agreed but wrong "
            << sums.agreed_wrong << ", known " << sums.known << " wrong " << sums.known_wrong
            << "; forecast: read wrong " << sums.read_wrong << ", prompt price off "
            << 100 * sums.forecast_off / sums.actual << " % of the bill\n";
}

Router as_asked() {
  return [](const PlayedLane& lane) { return std::pair{&model(lane.plan().model), lane.plan().marks}; };
}

void expect_foreseen(const Sums& sums) {
  EXPECT_LE(sums.read_wrong, sums.requests / 25) << "only where a prefix's tokens were never reported";
  EXPECT_LT(sums.forecast_off, 0.025 * sums.actual) << "what is new in a prompt can only be estimated";
}

TEST(Shadow, a_day_that_nobody_touched_is_booked_to_the_token) {
  for (const std::uint32_t seed : {1U, 2U}) {
    Day day;
    day.look = [](const Sent& sent, const Counterfactual& booked) {
      EXPECT_TRUE(booked.worlds_agreed);
      EXPECT_EQ(booked.usage, usage_of(sent.answer.used));
    };
    play(day, seed, 200, as_asked());
    print("untouched", day.sums);
    EXPECT_DOUBLE_EQ(day.sums.claimed, day.sums.direct);
    expect_foreseen(day.sums);
  }
}

// Lanes are moved down, back and between tiers without regard for cost: the hardest case for the other world's books.
Router at_random(std::uint32_t seed, std::uint32_t one_in) {
  auto random = std::make_shared<std::mt19937>(seed);
  auto placed = std::make_shared<std::map<std::uint32_t, const ModelInfo*>>();
  return [=](const PlayedLane& lane) {
    const std::vector<const char*> tiers{"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"};
    const ModelInfo*& now = (*placed)[lane.seed()];
    if (now == nullptr) now = &model(lane.plan().model);
    if ((*random)() % one_in == 0) now = &model(tiers[(*random)() % tiers.size()]);
    Marks marks = lane.plan().marks;
    if (marks == Marks::none && (*random)() % 2 == 0) marks = Marks::automatic;
    return std::pair{now, marks};
  };
}

// Whole lanes run on a smaller model from their first request.
Router placed_low() {
  return [](const PlayedLane& lane) {
    const bool down = lane.plan().is_sub_agent || lane.plan().model == "claude-sonnet-5-5";
    return std::pair{&model(down ? "claude-haiku-5-5" : lane.plan().model), lane.plan().marks};
  };
}

void expect_close(const Sums& sums) {
  expect_foreseen(sums);
  EXPECT_GT(sums.changed, 0);
  EXPECT_EQ(sums.agreed_wrong, 0);
  EXPECT_EQ(sums.known_wrong, 0);
  EXPECT_NEAR(sums.claimed, sums.direct, 0.01 * sums.direct);
  const double saving = sums.direct - sums.actual;
  if (saving > 0.1 * sums.direct) {
    EXPECT_NEAR(sums.claimed - sums.actual, saving, 0.05 * saving);
  }
}

TEST(Shadow, lanes_placed_low_are_booked_as_what_they_would_have_cost) {
  for (const std::uint32_t seed : {11U, 13U}) {
    Day day;
    play(day, seed, 200, placed_low());
    print("placed low", day.sums);
    expect_close(day.sums);
  }
}

TEST(Shadow, markers_for_a_client_that_sets_none_are_booked_to_the_token) {
  Day day;
  const auto unmarked = [](std::mt19937& random) {
    LanePlan plan = random_plan(random);
    plan.marks = Marks::none;
    return plan;
  };
  play(
      day, 31U, 150, [](const PlayedLane& lane) { return std::pair{&model(lane.plan().model), Marks::automatic}; },
      unmarked);
  print("markers", day.sums);
  expect_close(day.sums);
  EXPECT_EQ(day.sums.known, day.sums.requests);
  EXPECT_DOUBLE_EQ(day.sums.claimed, day.sums.direct);
  EXPECT_LT(day.sums.actual, day.sums.direct);
}

TEST(Shadow, lanes_that_wander_between_models_are_booked_as_what_they_would_have_cost) {
  for (const std::uint32_t seed : {21U, 22U, 23U}) {
    Day day;
    play(day, seed, 200, at_random(seed, 5));
    print("wandering", day.sums);
    expect_close(day.sums);
  }
}

}  // namespace
}  // namespace distiq

#include "trace/trace_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace distiq {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds no_linger{0};
constexpr milliseconds long_enough{60'000};

// A collector that answers as it is told and can be held.
class Collector {
 public:
  TraceExporter::Post post() {
    return [this](const std::string& body, const std::function<bool()>&) {
      std::unique_lock lock(mutex_);
      bodies_.push_back(body);
      changed_.notify_all();
      changed_.wait(lock, [this] { return !held_; });
      if (answers_.empty()) return CollectorAnswer{.status = 200, .retry_after_s = -1, .body = "{}", .problem = {}};
      CollectorAnswer answer = answers_.front();
      answers_.pop_front();
      return answer;
    };
  }
  TraceExporter::Tell tell() {
    return [this](const std::string& sentence) { told_.push_back(sentence); };
  }
  void will_answer(int status, std::int64_t retry_after_s = -1, std::string body = {}) {
    answers_.push_back({.status = status, .retry_after_s = retry_after_s, .body = std::move(body), .problem = "gone"});
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void wait_for_posts(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return bodies_.size() >= count; });
  }
  std::vector<std::string> bodies_, told_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<CollectorAnswer> answers_;
  bool held_ = false;
};

TraceExporterConfig config(std::size_t max_waiting = 100, std::size_t max_batch = 10) {
  return {
      .source = {}, .max_waiting = max_waiting, .max_batch = max_batch, .linger = no_linger, .patience = long_enough};
}

void finish(TraceExporter& exporter, int count = 1) {
  for (int i = 0; i < count; ++i) exporter.finish(exporter.begin(""));
}

MATCHER_P3(are, exported, dropped, failed, "") {
  return arg.exported == static_cast<unsigned>(exported) && arg.dropped == static_cast<unsigned>(dropped) &&
         arg.failed == static_cast<unsigned>(failed);
}

TEST(TraceExporterTest, a_trace_of_its_own_or_the_clients) {
  Collector collector;
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  const auto own = exporter.begin("nonsense");
  ASSERT_NE(own, nullptr);
  EXPECT_EQ(own->trace_id.size(), 32u);
  EXPECT_EQ(own->span_id.size(), 16u);
  EXPECT_TRUE(own->parent_id.empty());
  EXPECT_NE(exporter.begin("")->trace_id, own->trace_id);
  const auto continued = exporter.begin("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_EQ(continued->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(continued->parent_id, "00f067aa0ba902b7");
  EXPECT_NE(continued->span_id, "00f067aa0ba902b7");
  EXPECT_EQ(exporter.begin("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"), nullptr);
}

TEST(TraceExporterTest, what_waits_is_sent_in_batches_before_the_end) {
  Collector collector;
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  collector.hold();
  finish(exporter);
  collector.wait_for_posts(1);
  finish(exporter, 25);
  collector.release();
  exporter.shut_down(long_enough);
  EXPECT_EQ(collector.bodies_.size(), 4u);  // 1, 10, 10, 5
  EXPECT_THAT(exporter.counts(), are(26, 0, 0));
  EXPECT_TRUE(collector.told_.empty());
}

TEST(TraceExporterTest, a_full_queue_drops_and_counts) {
  Collector collector;
  TraceExporter exporter(config(/*max_waiting=*/2), system_clock(), collector.post(), collector.tell());
  collector.hold();
  finish(exporter);
  collector.wait_for_posts(1);
  finish(exporter, 5);
  EXPECT_THAT(exporter.counts(), are(0, 3, 0));
  collector.release();
  exporter.shut_down(long_enough);
  EXPECT_THAT(exporter.counts(), are(3, 3, 0));
}

TEST(TraceExporterTest, a_busy_collector_gets_the_same_again) {
  Collector collector;
  collector.will_answer(503, /*retry_after_s=*/30);
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  finish(exporter);
  exporter.shut_down(long_enough);  // cuts the delay short
  EXPECT_THAT(collector.bodies_, testing::ElementsAre(collector.bodies_[0], collector.bodies_[0]));
  EXPECT_THAT(exporter.counts(), are(1, 0, 0));
  EXPECT_THAT(collector.told_, testing::ElementsAre(testing::HasSubstr("503"), testing::HasSubstr("again")));
}

TEST(TraceExporterTest, a_refused_batch_is_not_sent_again) {
  Collector collector;
  collector.will_answer(400);
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  finish(exporter);
  exporter.shut_down(long_enough);
  EXPECT_EQ(collector.bodies_.size(), 1u);
  EXPECT_THAT(exporter.counts(), are(0, 0, 1));
  EXPECT_THAT(collector.told_, testing::ElementsAre(testing::HasSubstr("400")));
}

TEST(TraceExporterTest, what_a_collector_rejects_of_a_batch_has_failed) {
  Collector collector;
  collector.will_answer(200, -1, R"({"partialSuccess":{"rejectedSpans":"2"}})");
  collector.hold();
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  auto trace = exporter.begin("");
  trace->attempts.resize(2);
  exporter.finish(std::move(trace));
  collector.release();
  exporter.shut_down(long_enough);
  EXPECT_THAT(exporter.counts(), are(1, 0, 2));
}

TEST(TraceExporterTest, a_collector_that_claims_to_reject_more_than_it_got_is_believed_up_to_that) {
  Collector collector;
  collector.will_answer(200, -1, R"({"partialSuccess":{"rejectedSpans":"999"}})");
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  finish(exporter);
  exporter.shut_down(long_enough);
  EXPECT_THAT(exporter.counts(), are(0, 0, 1));
}

TEST(TraceExporterTest, the_end_gives_a_dead_collector_one_more_try_and_does_not_wait) {
  Collector collector;
  for (int i = 0; i < 10; ++i) collector.will_answer(0, /*retry_after_s=*/30);
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  finish(exporter);
  exporter.shut_down(long_enough);
  EXPECT_EQ(collector.bodies_.size(), 2u);
  EXPECT_THAT(exporter.counts(), are(0, 1, 0));
  EXPECT_THAT(collector.told_, testing::ElementsAre(testing::HasSubstr("gone")));
}

TEST(TraceExporterTest, a_batch_that_is_tried_for_too_long_is_dropped_and_the_next_has_its_own_tries) {
  Collector collector;
  collector.will_answer(503);
  TraceExporterConfig impatient = config();
  impatient.patience = milliseconds(0);
  TraceExporter exporter(impatient, system_clock(), collector.post(), collector.tell());
  finish(exporter);
  // Not by shut_down(), which ends the tries as well.
  while (exporter.counts().dropped == 0) std::this_thread::yield();
  EXPECT_THAT(exporter.counts(), are(0, 1, 0));
  finish(exporter);
  exporter.shut_down(long_enough);
  EXPECT_EQ(collector.bodies_.size(), 2u);
  EXPECT_THAT(exporter.counts(), are(1, 1, 0));
}

TEST(TraceExporterTest, without_time_nothing_is_sent_any_more) {
  Collector collector;
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  collector.hold();
  finish(exporter);
  collector.wait_for_posts(1);
  finish(exporter, 3);
  exporter.hurry();
  collector.release();
  exporter.shut_down(long_enough);
  EXPECT_EQ(collector.bodies_.size(), 1u);
  EXPECT_THAT(exporter.counts(), are(1, 3, 0));
}

TEST(TraceExporterTest, after_the_end_traces_are_dropped) {
  Collector collector;
  TraceExporter exporter(config(), system_clock(), collector.post(), collector.tell());
  exporter.shut_down(long_enough);
  finish(exporter);
  EXPECT_THAT(exporter.counts(), are(0, 1, 0));
}

}  // namespace
}  // namespace distiq

#include "net/upstream_pool.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

using std::chrono::milliseconds;

// A connection that waits: nobody reads or writes here.
class IdleStream final : public ByteStream {
 public:
  explicit IdleStream(int& open) : open_(open) { ++open_; }
  ~IdleStream() override { --open_; }
  Task<TransportResult<std::size_t>> read_some(std::span<char>) override { co_return std::unexpected(failure); }
  void start_read(std::span<char>, ReadDone done) override { done(std::unexpected(failure)); }
  std::optional<TransportResult<std::size_t>> write_now(std::span<const std::string_view>) override {
    return std::unexpected(failure);
  }
  Task<TransportResult<std::size_t>> write_rest() override { co_return std::unexpected(failure); }
  void start_rest(WriteDone done) override { done(std::unexpected(failure)); }
  void shutdown_send() noexcept override {}
  void close(bool) noexcept override {}
  bool is_quiet() noexcept override { return true; }

 private:
  static constexpr auto failure = TransportFailure::cut;
  int& open_;
};

class UpstreamPoolTest : public ::testing::Test {
 protected:
  void give_back(int count) {
    for (int i = 0; i < count; ++i) pool.give_back(std::make_unique<IdleStream>(open));
  }
  void sweep_after(milliseconds time) {
    clock.advance(time);
    deadlines.sweep();
  }

  int open = 0;
  boost::asio::io_context io{1};
  ManualClock clock;
  Deadlines deadlines{io.get_executor(), clock};
  UpstreamConfig config = [] {
    UpstreamConfig made;
    made.idle_limit = milliseconds(50'000);
    made.max_idle = 100;
    return made;
  }();
  UpstreamPool pool{io.get_executor(), deadlines, Dialer(io.get_executor(), deadlines, config, nullptr), config, clock};
};

TEST_F(UpstreamPoolTest, keeps_what_many_requests_at_once_gave_back_up_to_its_bound) {
  give_back(90);
  EXPECT_EQ(open, 90);
  give_back(20);
  EXPECT_EQ(open, 100);
}

TEST_F(UpstreamPoolTest, what_a_burst_left_behind_is_closed_but_for_the_most_recent) {
  give_back(90);
  sweep_after(milliseconds(500));
  EXPECT_EQ(open, 90);
  sweep_after(milliseconds(600));
  EXPECT_EQ(open, 32);
}

TEST_F(UpstreamPoolTest, used_lately_they_stay_beyond_the_settled_number) {
  give_back(40);
  clock.advance(milliseconds(800));
  give_back(40);
  sweep_after(milliseconds(300));
  EXPECT_EQ(open, 40) << "those that were idle all the time go";
}

TEST_F(UpstreamPoolTest, idle_over_the_limit_all_are_closed_without_anybody_asking) {
  give_back(5);
  for (int second = 0; second < 49; ++second) sweep_after(milliseconds(1'000));
  EXPECT_EQ(open, 5);
  sweep_after(milliseconds(1'000));
  EXPECT_EQ(open, 0);
  give_back(3);
  for (int second = 0; second < 50; ++second) sweep_after(milliseconds(1'000));
  EXPECT_EQ(open, 0) << "it sweeps again after it had nothing to sweep";
}

TEST_F(UpstreamPoolTest, closed_it_keeps_nothing) {
  give_back(3);
  pool.close();
  EXPECT_EQ(open, 0);
  give_back(1);
  EXPECT_EQ(open, 0);
}

TEST(idle_share, leaves_the_clients_three_quarters_of_the_descriptors) {
  EXPECT_EQ(idle_share(1024, 2, 256), 128u);
  EXPECT_EQ(idle_share(1 << 20, 2, 256), 256u);
  EXPECT_EQ(idle_share(UINT64_MAX, 1, 256), 256u);
  EXPECT_EQ(idle_share(256, 64, 256), 1u);
  EXPECT_EQ(idle_share(0, 1, 256), 1u);
}

}  // namespace
}  // namespace distiq

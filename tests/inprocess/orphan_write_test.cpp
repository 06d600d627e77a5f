// An exchange that dies while its request is still being written, as when an exception (out of memory) unwinds past
// settle(): the stream is closed, lives until the write has ended, and nobody touches the dead exchange.
#include <gtest/gtest.h>

#include "exchange_bench.h"

namespace distiq::testing {
namespace {

// A write that ends when the test says so.
class HeldStream final : public ByteStream {
 public:
  struct Life {
    bool closed = false;
    bool destroyed = false;
    WriteDone done;
    bool refuses = false;
  };

  explicit HeldStream(Life& life) : life_(life) {}
  ~HeldStream() override { life_.destroyed = true; }
  Task<TransportResult<std::size_t>> read_some(std::span<char>) override {
    co_return std::unexpected(TransportFailure::cancelled);
  }
  void start_read(std::span<char>, ReadDone) override {}
  std::optional<TransportResult<std::size_t>> write_now(std::span<const std::string_view>) override {
    return std::nullopt;
  }
  Task<TransportResult<std::size_t>> write_rest() override { co_return 0; }
  void start_rest(WriteDone done) override {
    if (life_.refuses) throw std::bad_alloc();
    life_.done = std::move(done);
  }
  void shutdown_send() noexcept override {}
  void close(bool) noexcept override { life_.closed = true; }
  bool is_quiet() noexcept override { return true; }

 private:
  Life& life_;
};

TEST(OrphanWrite, the_stream_outlives_its_exchange_until_the_write_has_ended) {
  HeldStream::Life life;
  {
    StreamExchange exchange(std::make_unique<HeldStream>(life), false, false, 1024, nullptr);
    const std::string_view request = "POST / HTTP/1.1\r\n\r\n";
    exchange.start_write(std::span(&request, 1));
    EXPECT_FALSE(exchange.sent());
  }
  EXPECT_TRUE(life.closed);
  EXPECT_FALSE(life.destroyed) << "the write still uses it";
  auto done = std::move(life.done);
  done(std::unexpected(TransportFailure::cancelled));
  done = nullptr;
  EXPECT_TRUE(life.destroyed);
}

TEST(OrphanWrite, a_write_that_could_not_begin_is_not_waited_for) {
  HeldStream::Life life;
  life.refuses = true;
  {
    StreamExchange exchange(std::make_unique<HeldStream>(life), false, false, 1024, nullptr);
    const std::string_view request = "x";
    EXPECT_THROW(exchange.start_write(std::span(&request, 1)), std::bad_alloc);
    EXPECT_TRUE(exchange.sent());
  }
  EXPECT_TRUE(life.destroyed);
}

TEST(OrphanWrite, an_exchange_that_ended_in_order_frees_its_stream_at_once) {
  HeldStream::Life life;
  {
    StreamExchange exchange(std::make_unique<HeldStream>(life), false, false, 1024, nullptr);
    const std::string_view request = "x";
    exchange.start_write(std::span(&request, 1));
    auto done = std::move(life.done);
    done(std::size_t{1});
    EXPECT_TRUE(exchange.sent());
  }
  EXPECT_TRUE(life.destroyed);
}

}  // namespace
}  // namespace distiq::testing

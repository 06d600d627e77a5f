// TcpStream over a real loopback connection: what becomes of a write that the kernel takes whole, in part, or not at
// all.
#include "net/tcp_stream.h"

#include <gtest/gtest.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace distiq {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// More than the kernel buffers for one connection.
constexpr std::size_t too_much = 64u << 20;

class TcpStreamTest : public ::testing::Test {
 protected:
  TcpStreamTest() {
    asio::basic_socket_acceptor<asio::ip::tcp, IoExecutor> acceptor(
        io_.get_executor(), asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    TcpSocket ours(io_.get_executor());
    ours.connect(acceptor.local_endpoint());
    acceptor.accept(peer_);
    stream_ = make_tcp_stream(std::move(ours));
  }

  void start_write(std::span<const std::string_view> parts) {
    written_ = stream_->write_now(parts);
    calls_ = written_ ? 1 : 0;
    if (written_) return;
    stream_->start_rest([this](TransportResult<std::size_t> written) {
      ++calls_;
      written_ = written;
    });
  }

  using Written = std::optional<TransportResult<std::size_t>>;
  Task<void> write(std::string_view text, Written* written) {
    *written = co_await stream_->write_all(std::span(&text, 1)).task();
  }

  // A write that the kernel cannot take whole.
  void start_large_write() {
    const std::string_view part = large_;
    start_write(std::span(&part, 1));
    ASSERT_EQ(calls_, 0);
  }
  void expect_to_fail_once(TransportFailure failure) {
    run_until_called();
    EXPECT_EQ(calls_, 1);
    EXPECT_EQ(written_->error(), failure);
  }

  // Takes `size` bytes on the other side while the stream is served here.
  std::string read_at_peer(std::size_t size) {
    std::string got;
    std::string piece(1u << 20, '\0');
    peer_.non_blocking(true);
    while (got.size() < size) {
      boost::system::error_code error;
      const std::size_t n = peer_.read_some(asio::buffer(piece), error);
      got.append(piece, 0, n);
      if (error == asio::error::would_block) {
        io_.restart();
        io_.run_one_for(5s);
      } else if (error) {
        ADD_FAILURE() << error.message();
        break;
      }
    }
    return got;
  }

  void run_until_called() {
    io_.restart();
    while (calls_ == 0 && io_.run_one_for(5s) > 0) {
    }
  }

  // The peer's RST has arrived.
  void reset_by_peer() {
    close_socket(peer_, /*reset=*/true);
    while (!stream_->peer_left()) std::this_thread::yield();
  }

  asio::io_context io_{1};
  TcpSocket peer_{io_.get_executor()};
  std::unique_ptr<ByteStream> stream_;
  const std::string large_ = std::string(too_much, 'x');
  int calls_ = 0;
  Written written_;
};

TEST_F(TcpStreamTest, a_write_that_the_kernel_takes_whole_is_told_at_once) {
  const std::vector<std::string_view> parts = {"one ", "", "two"};
  start_write(parts);
  EXPECT_EQ(calls_, 1);
  ASSERT_TRUE(*written_);
  EXPECT_EQ(**written_, 7u);
  EXPECT_EQ(read_at_peer(7), "one two");
}

TEST_F(TcpStreamTest, a_write_of_nothing_is_told_at_once) {
  start_write({});
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(written_->value_or(1), 0u);
}

TEST_F(TcpStreamTest, a_write_that_is_taken_in_part_goes_on_by_itself_in_order) {
  std::string large(too_much, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i * 7 % 23);
  const std::vector<std::string_view> parts = {"head ", large, " tail"};
  start_write(parts);
  EXPECT_EQ(calls_, 0);
  const std::string got = read_at_peer(large.size() + 10);
  run_until_called();
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(written_->value_or(0), large.size() + 10);
  EXPECT_TRUE(got == "head " + large + " tail");
}

TEST_F(TcpStreamTest, a_write_to_who_has_reset_the_connection_fails_at_once) {
  reset_by_peer();
  const std::vector<std::string_view> parts = {"nobody reads this"};
  start_write(parts);
  EXPECT_EQ(calls_, 1);
  ASSERT_FALSE(*written_);
  EXPECT_EQ(written_->error(), TransportFailure::cut);
}

TEST_F(TcpStreamTest, a_reset_in_the_middle_of_a_write_fails_it_once) {
  ASSERT_NO_FATAL_FAILURE(start_large_write());
  reset_by_peer();
  expect_to_fail_once(TransportFailure::cut);
}

TEST_F(TcpStreamTest, closing_ends_a_write_under_way_as_cancelled) {
  ASSERT_NO_FATAL_FAILURE(start_large_write());
  stream_->close();
  expect_to_fail_once(TransportFailure::cancelled);
}

TEST_F(TcpStreamTest, who_waits_for_a_write_gets_the_same_three_answers) {
  const auto start = [&](std::string_view text, Written& written) {
    io_.restart();
    asio::co_spawn(io_, write(text, &written), asio::detached);
    io_.run_one_for(5s);
  };
  Written small, part, failed;
  start("few", small);
  EXPECT_EQ(small->value_or(0), 3u);
  start(large_, part);
  EXPECT_FALSE(part);
  EXPECT_EQ(read_at_peer(3 + large_.size()).size(), 3 + large_.size());
  io_.restart();
  while (!part && io_.run_one_for(5s) > 0) {
  }
  EXPECT_EQ(part->value_or(0), large_.size());
  reset_by_peer();
  start("few", failed);
  EXPECT_EQ(failed->error(), TransportFailure::cut);
}

}  // namespace
}  // namespace distiq

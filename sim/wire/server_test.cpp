// The network side on real sockets: connections, bodies, faults as a client meets them.
#include "wire/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "service/test_support.h"
#include "wire/tls_files.h"

namespace sim {
namespace {

// A blocking connection that gives up after some seconds instead of hanging the test.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ADD_FAILURE() << "cannot connect";
  }
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // One more read; what it brought, empty at the end. reset() tells a RST from a FIN.
  std::string read_some() {
    char chunk[65536];
    const auto got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got < 0 && errno == ECONNRESET) reset_ = true;
    return got > 0 ? std::string(chunk, static_cast<std::size_t>(got)) : std::string();
  }
  std::string read_to_end() {
    std::string all;
    for (auto some = read_some(); !some.empty(); some = read_some()) all += some;
    return all;
  }
  // A response with a length, or a chunked one.
  std::string read_response() {
    std::string all;
    while (true) {
      const auto head = all.find("\r\n\r\n");
      const auto length = all.find("content-length: ");
      if (head != std::string::npos) {
        if (length != std::string::npos && length < head &&
            all.size() >= head + 4 + std::stoul(all.substr(length + 16)))
          return all;
        if (all.find("transfer-encoding: chunked") < head && all.ends_with("0\r\n\r\n")) return all;
      }
      const auto some = read_some();
      if (some.empty()) return all;
      all += some;
    }
  }
  bool reset() const { return reset_; }

 private:
  int fd_;
  bool reset_ = false;
};

std::string post(std::string_view body, std::string_view headers = {}) {
  return "POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n" +
         std::string(headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

const std::string question =
    R"({"model":"claude-opus-5-5","max_tokens":500,"messages":[{"role":"user","content":"hi"}]})";
const std::string streamed_question =
    R"({"model":"claude-opus-5-5","max_tokens":500,"stream":true,"messages":[{"role":"user","content":"hi"}]})";

class ServerTest : public testing::Test {
 protected:
  ServerTest() : world_(WorldConfig{}, clock_), server_(world_, ServerConfig{}) { server_.start(); }

  std::string faulty(std::string_view fault) {
    return post(streamed_question, "x-sim-fault: " + std::string(fault) + "\r\n");
  }

  // The record of request `number` once it has ended.
  ReceivedRequest ended(std::uint64_t number) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      {
        const std::lock_guard lock(world_.mutex);
        if (const auto* request = world_.log.find(number); request && request->ended) return *request;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "request " << number << " has not ended";
    return {};
  }

  // Every fault test ends with this: the next request works.
  void expect_it_still_works() {
    Connection connection(server_.port());
    connection.send(post(question));
    EXPECT_TRUE(connection.read_response().starts_with("HTTP/1.1 200 OK\r\n"));
  }

  Clock clock_;
  World world_;
  Server server_;
};

TEST_F(ServerTest, keeps_a_connection_for_the_next_request) {
  Connection connection(server_.port());
  for (int i = 0; i < 3; ++i) {
    connection.send(post(i == 1 ? streamed_question : question));
    EXPECT_TRUE(connection.read_response().starts_with("HTTP/1.1 200 OK\r\n")) << i;
  }
  EXPECT_EQ(ended(3).connection, ended(1).connection);
}

TEST_F(ServerTest, answers_pipelined_requests_in_order) {
  Connection connection(server_.port());
  connection.send(
      "GET /_sim/health HTTP/1.1\r\n\r\nHEAD /api/hello HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\nConnection: "
      "close\r\n\r\n");
  const auto all = connection.read_to_end();
  const auto first = all.find("{\"status\":\"ok\"}HTTP/1.1 200 OK\r\n");
  const auto last = all.find("HTTP/1.1 404 Not Found\r\n");
  EXPECT_NE(first, std::string::npos) << all;
  EXPECT_NE(last, std::string::npos);
  EXPECT_LT(first, last);
  EXPECT_EQ(all.find("{\"message\":\"hello\"}"), std::string::npos) << "HEAD has no body";
}

TEST_F(ServerTest, reads_a_request_byte_by_byte) {
  Connection connection(server_.port());
  for (const char byte : post(question)) connection.send({&byte, 1});
  EXPECT_TRUE(connection.read_response().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, reads_a_chunked_request) {
  Connection connection(server_.port());
  connection.send(
      "POST /v1/messages HTTP/1.1\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  for (std::size_t i = 0; i < question.size(); i += 10) {
    const auto part = question.substr(i, 10);
    connection.send((part.size() == 10 ? "A" : std::to_string(part.size())) + "\r\n" + part + "\r\n");
  }
  connection.send("0\r\n\r\n");
  EXPECT_TRUE(connection.read_response().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(ended(1).body, question);
}

TEST_F(ServerTest, says_continue_when_asked) {
  Connection connection(server_.port());
  const auto whole = post(question, "Expect: 100-continue\r\n");
  connection.send(whole.substr(0, whole.size() - question.size()));
  EXPECT_EQ(connection.read_some(), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.send(question);
  EXPECT_TRUE(connection.read_response().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, closes_for_an_old_client) {
  Connection connection(server_.port());
  auto request = post(streamed_question);
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  connection.send(request);
  const auto all = connection.read_to_end();
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_TRUE(all.ends_with("{\"type\":\"message_stop\"}\n\n"));
}

TEST_F(ServerTest, refuses_what_is_not_http_and_too_large_heads) {
  for (const auto& bad : {std::string("nonsense\r\n\r\n"), "GET / HTTP/1.1\r\nx: " + std::string(300'000, 'y')}) {
    Connection connection(server_.port());
    connection.send(bad);
    const auto all = connection.read_to_end();
    EXPECT_TRUE(all.empty() || all.starts_with("HTTP/1.1 4")) << all.substr(0, 100);
  }
  expect_it_still_works();
}

TEST_F(ServerTest, reads_a_body_that_is_too_large_to_its_end_and_keeps_the_connection) {
  Connection connection(server_.port());
  const std::string large(max_message_bytes + 1, 'x');
  connection.send(post(large));
  EXPECT_TRUE(connection.read_response().starts_with("HTTP/1.1 413 Payload Too Large\r\n"));
  connection.send(post(question));
  EXPECT_TRUE(connection.read_response().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, resets_where_it_is_told_to) {
  Connection connection(server_.port());
  connection.send(faulty(R"({"cut":{"event":4}})"));
  const auto all = connection.read_to_end();
  EXPECT_TRUE(connection.reset());
  EXPECT_EQ(all.find("message_stop"), std::string::npos);
  EXPECT_FALSE(ended(1).answered);
  expect_it_still_works();
}

TEST_F(ServerTest, resets_before_the_first_byte) {
  Connection connection(server_.port());
  connection.send(faulty(R"({"cut":{"byte":0}})"));
  EXPECT_EQ(connection.read_to_end(), "");
  EXPECT_TRUE(connection.reset());
  expect_it_still_works();
}

TEST_F(ServerTest, ends_politely_where_it_is_told_to) {
  Connection connection(server_.port());
  connection.send(faulty(R"({"cut":{"event":4,"how":"fin"}})"));
  const auto all = connection.read_to_end();
  EXPECT_FALSE(connection.reset());
  EXPECT_NE(all.find("message_start"), std::string::npos);
  EXPECT_FALSE(all.ends_with("0\r\n\r\n"));
  expect_it_still_works();
}

TEST_F(ServerTest, a_cut_answer_is_billed_in_part) {
  Connection connection(server_.port());
  connection.send(faulty(R"({"cut":{"event":4,"how":"fin"}})"));
  connection.read_to_end();
  ended(1);
  const std::lock_guard lock(world_.mutex);
  const auto& entry = world_.ledger.entries().at(0);
  EXPECT_FALSE(entry.complete);
  EXPECT_GT(entry.usage.output, 0);
  EXPECT_LT(entry.usage.output, 8);
}

TEST_F(ServerTest, stalls_until_the_client_leaves) {
  {
    Connection connection(server_.port());
    connection.send(faulty(R"({"stall":{"event":3}})"));
    while (connection.read_some().find("ping") == std::string::npos) {
    }
  }
  EXPECT_FALSE(ended(1).answered);
  expect_it_still_works();
}

TEST_F(ServerTest, stays_silent_until_the_client_leaves) {
  {
    Connection connection(server_.port());
    connection.send(faulty(R"({"no_answer":true})"));
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_FALSE(ended(1).answered);
  expect_it_still_works();
}

TEST_F(ServerTest, goes_on_after_a_stall_with_an_end) {
  Connection connection(server_.port());
  const auto begin = std::chrono::steady_clock::now();
  connection.send(faulty(R"({"stall":{"event":3,"ms":60}})"));
  EXPECT_NE(connection.read_response().find("message_stop"), std::string::npos);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(55));
  EXPECT_TRUE(ended(1).answered);
}

TEST_F(ServerTest, answers_garbage) {
  Connection connection(server_.port());
  connection.send(faulty(R"({"garbage":true})"));
  const auto all = connection.read_to_end();
  EXPECT_FALSE(all.empty());
  EXPECT_FALSE(all.starts_with("HTTP"));
  expect_it_still_works();
}

TEST_F(ServerTest, notices_a_client_that_leaves_in_the_middle) {
  {
    Connection connection(server_.port());
    connection.send(faulty(R"({"event_delay_ms":20})"));
    connection.read_some();
  }
  const auto request = ended(1);
  EXPECT_FALSE(request.answered);
  EXPECT_LT(request.lasted_ms, 5000);
  expect_it_still_works();
}

TEST_F(ServerTest, writes_single_bytes) {
  Connection connection(server_.port());
  connection.send(faulty(R"({"slices":{"bytes":1}})"));
  EXPECT_NE(connection.read_response().find("message_stop"), std::string::npos);
  EXPECT_TRUE(ended(1).answered);
}

TEST_F(ServerTest, serves_many_at_once) {
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([this, &good] {
      Connection connection(server_.port());
      for (int n = 0; n < 10; ++n) {
        connection.send(post(n % 2 ? question : streamed_question));
        good += connection.read_response().starts_with("HTTP/1.1 200 OK\r\n");
      }
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 160);
  const std::lock_guard lock(world_.mutex);
  EXPECT_EQ(world_.ledger.entries().size(), 160u);
}

TEST_F(ServerTest, a_port_in_use_is_named) {
  ServerConfig taken;
  taken.port = server_.port();
  try {
    const Server second(world_, taken);
    FAIL() << "listens twice";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(taken.port)), std::string::npos);
  }
}

TEST(TlsServer, serves_clients_that_trust_its_authority) {
  const auto directory = std::filesystem::temp_directory_path() / ("sim-tls-" + std::to_string(::getpid()));
  const auto files = write_self_signed(directory.string());
  Clock clock;
  World world(WorldConfig{}, clock);
  ServerConfig config;
  config.tls_cert = files.certificate;
  config.tls_key = files.key;
  Server server(world, config);
  server.start();

  namespace ssl = boost::asio::ssl;
  boost::asio::io_context io;
  ssl::context context(ssl::context::tls_client);
  context.load_verify_file(files.authority);
  ssl::stream<boost::asio::ip::tcp::socket> stream(io, context);
  stream.set_verify_mode(ssl::verify_peer);
  stream.set_verify_callback(ssl::host_name_verification("localhost"));
  stream.next_layer().connect({boost::asio::ip::address_v4::loopback(), server.port()});
  stream.handshake(ssl::stream_base::client);
  boost::asio::write(stream, boost::asio::buffer("GET /api/hello HTTP/1.1\r\nConnection: close\r\n\r\n", 48));
  std::string all;
  boost::system::error_code error;
  boost::asio::read(stream, boost::asio::dynamic_buffer(all), error);
  EXPECT_NE(all.find("{\"message\":\"hello\"}"), std::string::npos);
  EXPECT_EQ(error, boost::asio::error::eof) << "ends with close_notify: " << error.message();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace sim

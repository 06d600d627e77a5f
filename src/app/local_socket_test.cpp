#include "app/local_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace distiq {
namespace {

using std::chrono::milliseconds;

// A port of this machine on which connections wait to be accepted.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 4), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // The next peer's end; the caller closes it.
  [[nodiscard]] int accept() const { return ::accept(fd_, nullptr, nullptr); }
  // Says `bytes` to the next peer and closes.
  void say(std::string_view bytes) const {
    const int peer = accept();
    EXPECT_EQ(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    ::close(peer);
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

TEST(LocalSocket, what_the_peer_says_until_it_closes) {
  const Listener listener;
  LocalSocket socket("localhost", listener.port(), milliseconds(10'000));
  ASSERT_TRUE(socket.connected());
  listener.say("hello");
  std::string bytes = "so: ";
  EXPECT_TRUE(socket.receive(bytes, 100));
  EXPECT_EQ(bytes, "so: hello");
  EXPECT_EQ(socket.error(), 0);
}

TEST(LocalSocket, more_than_was_asked_for_is_an_error_that_says_so) {
  const Listener listener;
  LocalSocket socket("127.0.0.1", listener.port());
  listener.say("hello");
  std::string bytes;
  EXPECT_FALSE(socket.receive(bytes, 4));
  EXPECT_EQ(socket.error(), EMSGSIZE);
  EXPECT_TRUE(bytes.starts_with("hell"));
}

TEST(LocalSocket, exactly_as_much_as_was_asked_for_is_whole) {
  const Listener listener;
  LocalSocket socket("127.0.0.1", listener.port());
  listener.say("hello");
  std::string bytes;
  EXPECT_TRUE(socket.receive(bytes, 5));
  EXPECT_EQ(bytes, "hello");
}

TEST(LocalSocket, nobody_listens) {
  std::uint16_t port = 0;
  {
    const Listener listener;
    port = listener.port();
  }
  LocalSocket socket("127.0.0.1", port, milliseconds(1'000));
  EXPECT_EQ(socket.error(), ECONNREFUSED);
  EXPECT_FALSE(socket.send("hello"));
  std::string bytes;
  EXPECT_FALSE(socket.receive(bytes, 10));
  EXPECT_EQ(socket.error(), ECONNREFUSED);
}

TEST(LocalSocket, a_name_is_no_address) {
  EXPECT_EQ(LocalSocket("api.anthropic.com", 80).error(), EADDRNOTAVAIL);
}

TEST(LocalSocket, a_silent_peer_has_its_limit) {
  const Listener listener;
  LocalSocket socket("127.0.0.1", listener.port(), milliseconds(20));
  ASSERT_TRUE(socket.connected());
  std::string bytes;
  EXPECT_FALSE(socket.receive(bytes, 10));
  EXPECT_EQ(socket.error(), EAGAIN);
}

TEST(LocalSocket, without_a_file_descriptor_left_that_is_the_error) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next);
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const int error = LocalSocket("127.0.0.1", 1, milliseconds(1'000)).error();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(error, EMFILE);
}

TEST(LocalSocket, a_signal_is_not_the_end) {
  struct sigaction action{};
  struct sigaction before{};
  static std::atomic<int> caught;
  caught = 0;
  action.sa_handler = [](int) { ++caught; };  // without SA_RESTART: recv() fails with EINTR
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const Listener listener;
  LocalSocket socket("127.0.0.1", listener.port());
  const int peer = listener.accept();
  std::string bytes;
  std::atomic<bool> received{false};
  bool whole = false;
  std::thread reader([&] {
    whole = socket.receive(bytes, 100);
    received = true;
  });
  // One of them meets it in recv(): none is sent before the one before was caught.
  for (int sent = 1; sent <= 200 && !received; ++sent) {
    ::pthread_kill(reader.native_handle(), SIGUSR1);
    while (caught < sent && !received) std::this_thread::yield();
  }
  EXPECT_EQ(::send(peer, "hello", 5, MSG_NOSIGNAL), 5);
  ::close(peer);
  reader.join();
  ASSERT_EQ(::sigaction(SIGUSR1, &before, nullptr), 0);
  EXPECT_TRUE(whole);
  EXPECT_EQ(bytes, "hello");
}

}  // namespace
}  // namespace distiq

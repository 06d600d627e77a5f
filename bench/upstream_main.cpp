// bench-upstream: answers POST /v1/messages at once with a fixed SSE stream or JSON message, plain or TLS. One thread,
// edge-triggered epoll, no parsing of the body: cheap enough that it is not what a benchmark measures.
// Not a simulator of the API (that is anthropic-sim).
//
//   bench-upstream --listen 127.0.0.1:0 [--tls-certificate F --tls-key F] [--answer
//   "sse;events=16;bytes=40;interval_us=0"]
//
// Prints "listening PORT". A request may ask for another answer with `x-bench-answer`; with `x-bench-verify` it gets
// the hash of its body in the answer's `x-bench-body-hash`.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>

#include "bench/answer.h"
#include "bench/args.h"
#include "bench/connection.h"
#include "bench/http_reader.h"

namespace distiq::bench {
namespace {

constexpr int max_events = 256;
constexpr std::size_t read_buffer_bytes = 256UL * 1024;

// An answer as it goes over the wire: each piece is one chunk.
struct WireAnswer {
  AnswerShape shape;
  std::string bytes;
  std::vector<std::size_t> piece_ends;  // in wire bytes
  std::vector<std::size_t> variable;    // in wire bytes; the first one is the message id
};

WireAnswer to_wire(const AnswerShape& shape) {
  const AnswerTemplate body = make_answer(shape);
  WireAnswer wire{.shape = shape, .bytes = {}, .piece_ends = {}, .variable = {}};
  std::size_t begin = 0;
  std::size_t next_variable = 0;
  for (const std::size_t end : body.piece_ends) {
    if (!shape.json) {
      std::array<char, 32> size{};
      wire.bytes.append(size.data(),
                        static_cast<std::size_t>(std::snprintf(size.data(), size.size(), "%zx\r\n", end - begin)));
    }
    for (; next_variable < body.variable.size() && body.variable[next_variable] < end; ++next_variable) {
      wire.variable.push_back(wire.bytes.size() + body.variable[next_variable] - begin);
    }
    wire.bytes.append(body.bytes, begin, end - begin);
    if (!shape.json) wire.bytes += "\r\n";
    wire.piece_ends.push_back(wire.bytes.size());
    begin = end;
  }
  if (!shape.json) {
    wire.bytes += "0\r\n\r\n";
    wire.piece_ends.back() = wire.bytes.size();
  }
  return wire;
}

std::string answer_head(const WireAnswer& answer, std::uint64_t number, std::string_view hash) {
  std::string head = "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 19:10:33 GMT\r\nContent-Type: ";
  head += answer.shape.json ? "application/json" : "text/event-stream; charset=utf-8\r\nCache-Control: no-cache";
  head += "\r\nrequest-id: req_01";
  const std::size_t at = head.size();
  head.append(number_width, '0');
  put_number(head.data() + at, number);
  head +=
      "\r\nanthropic-organization-id: 00000000-0000-4000-8000-000000000000"
      "\r\nanthropic-ratelimit-requests-limit: 4000\r\nanthropic-ratelimit-requests-remaining: 3999"
      "\r\nanthropic-ratelimit-requests-reset: 2026-11-23T19:10:33Z"
      "\r\nanthropic-ratelimit-input-tokens-limit: 2000000\r\nanthropic-ratelimit-input-tokens-remaining: 1999000"
      "\r\nanthropic-ratelimit-output-tokens-limit: 400000\r\nanthropic-ratelimit-output-tokens-remaining: 399000\r\n";
  if (!hash.empty()) head += "x-bench-body-hash: " + std::string(hash) + "\r\n";
  head += answer.shape.json ? "Content-Length: " + std::to_string(answer.bytes.size()) : "Transfer-Encoding: chunked";
  head += "\r\n\r\n";
  return head;
}

class Peer {
 public:
  explicit Peer(Connection accepted)
      : connection(std::move(accepted)), reader(MessageKind::request, [this](std::string_view part) {
          if (verify) hash.feed(part);
        }) {}
  // The reader's callback holds `this`.
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Connection connection;
  HttpReader reader;
  bool looked_at_head = false;
  bool verify = false;
  BodyHash hash;
  std::string unread;  // bytes of the next request, kept while an answer is going out
  std::string out;
  std::size_t out_done = 0;
  const WireAnswer* answer = nullptr;  // set while an answer is going out
  std::size_t next_piece = 0;
};

class Upstream {
 public:
  Upstream(int listener, TlsContext tls, const AnswerShape& shape)
      : listener_(listener), tls_(std::move(tls)), epoll_(epoll_create1(EPOLL_CLOEXEC)), default_(to_wire(shape)) {
    watch(listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, max_events> events{};
    for (;;) {
      const int ready = wait(events);
      for (int i = 0; i < ready; ++i) {
        if (events[static_cast<std::size_t>(i)].data.fd == listener_) {
          accept_all();
        } else {
          wake(events[static_cast<std::size_t>(i)].data.fd);
        }
      }
      run_timers();
    }
  }

 private:
  // A connection may be gone, and its descriptor reused, when its timer fires: the serial tells.
  struct Timer {
    std::uint64_t due_ns;
    int fd;
    std::uint64_t serial;
    bool operator>(const Timer& other) const { return due_ns > other.due_ns; }
  };
  struct Entry {
    std::uint64_t serial;
    std::unique_ptr<Peer> peer;
  };

  void watch(int fd, std::uint32_t what) {
    epoll_event event{.events = what, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl failed");
  }

  int wait(std::array<epoll_event, max_events>& events) {
    if (timers_.empty()) return epoll_wait(epoll_, events.data(), max_events, -1);
    const std::uint64_t now = now_ns();
    const std::uint64_t left = timers_.top().due_ns > now ? timers_.top().due_ns - now : 0;
    const timespec timeout{.tv_sec = static_cast<time_t>(left / 1'000'000'000U),
                           .tv_nsec = static_cast<long>(left % 1'000'000'000U)};
    return epoll_pwait2(epoll_, events.data(), max_events, &timeout, nullptr);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      peers_[fd] = Entry{++serial_, std::make_unique<Peer>(Connection::accepted(fd, tls_.get()))};
      watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }

  void wake(int fd) {
    const auto found = peers_.find(fd);
    if (found == peers_.end()) return;
    if (!progress(*found->second.peer, found->second.serial)) peers_.erase(found);
  }

  // False when the connection is finished.
  bool progress(Peer& peer, std::uint64_t serial) {
    if (!flush(peer)) return false;
    for (;;) {
      const IoResult got = peer.connection.read(buffer_);
      if (got.state == Io::again) return true;
      if (got.state != Io::ok) return false;
      if (peer.answer != nullptr) {
        peer.unread.append(buffer_.data(), got.bytes);
      } else if (!take(peer, serial, {buffer_.data(), got.bytes})) {
        return false;
      }
    }
  }

  bool take(Peer& peer, std::uint64_t serial, std::string_view bytes) {
    while (!bytes.empty() && peer.answer == nullptr) {
      bytes.remove_prefix(take_part(peer, bytes));
      if (peer.reader.failed()) return false;
      if (peer.reader.done() && !start_answer(peer, serial)) return false;
    }
    peer.unread.append(bytes);
    return true;
  }

  // The head decides whether the body is hashed, so the reader stops at most once between the two.
  std::size_t take_part(Peer& peer, std::string_view bytes) {
    if (peer.looked_at_head) return peer.reader.consume(bytes);
    const auto head_end = bytes.find("\r\n\r\n");
    const std::size_t taken =
        peer.reader.consume(bytes.substr(0, head_end == std::string_view::npos ? 1 : head_end + 4));
    if (peer.reader.head_done()) {
      peer.looked_at_head = true;
      peer.verify = peer.reader.header("x-bench-verify").has_value();
      peer.hash = {};
    }
    return taken;
  }

  bool start_answer(Peer& peer, std::uint64_t serial) {
    const auto asked = peer.reader.header("x-bench-answer");
    peer.answer = asked ? &answer_for(*asked) : &default_;
    peer.next_piece = 0;
    peer.out = answer_head(*peer.answer, ++answered_, peer.verify ? peer.hash.text() : "");
    peer.out_done = 0;
    peer.looked_at_head = false;
    peer.reader.next();
    return push_pieces(peer, serial);
  }

  const WireAnswer& answer_for(std::string_view asked) {
    if (const auto found = answers_.find(asked); found != answers_.end()) return found->second;
    if (answers_.size() >= 1000) return default_;
    return answers_.emplace(std::string(asked), to_wire(parse_shape(asked))).first->second;
  }

  // Sends what is due: everything at once, or one piece and a timer for the next.
  bool push_pieces(Peer& peer, std::uint64_t serial) {
    const WireAnswer& answer = *peer.answer;
    const bool paced = answer.shape.interval_us > 0;
    do {
      append_piece(peer);
    } while (!paced && peer.next_piece < answer.piece_ends.size());
    if (!flush(peer)) return false;
    if (peer.next_piece < answer.piece_ends.size()) {
      timers_.push({now_ns() + answer.shape.interval_us * 1000, peer.connection.fd(), serial});
      return true;
    }
    peer.answer = nullptr;
    if (peer.unread.empty()) return true;
    const std::string unread = std::exchange(peer.unread, {});
    return take(peer, serial, unread);
  }

  void append_piece(Peer& peer) {
    const WireAnswer& answer = *peer.answer;
    const std::size_t begin = peer.next_piece == 0 ? 0 : answer.piece_ends[peer.next_piece - 1];
    const std::size_t end = answer.piece_ends[peer.next_piece++];
    const std::size_t at = peer.out.size();
    peer.out.append(answer.bytes, begin, end - begin);
    const auto first = std::lower_bound(answer.variable.begin(), answer.variable.end(), begin);
    const std::uint64_t now = now_ns();
    for (auto it = first; it != answer.variable.end() && *it < end; ++it) {
      put_number(peer.out.data() + at + (*it - begin), it == answer.variable.begin() ? answered_ : now);
    }
  }

  static bool flush(Peer& peer) {
    while (peer.out_done < peer.out.size()) {
      const std::array<std::string_view, 1> parts{std::string_view(peer.out).substr(peer.out_done)};
      const IoResult put = peer.connection.write(parts);
      if (put.state == Io::again) return true;
      if (put.state != Io::ok) return false;
      peer.out_done += put.bytes;
    }
    peer.out.clear();
    peer.out_done = 0;
    return true;
  }

  void run_timers() {
    while (!timers_.empty() && timers_.top().due_ns <= now_ns()) {
      const Timer timer = timers_.top();
      timers_.pop();
      const auto found = peers_.find(timer.fd);
      if (found == peers_.end() || found->second.serial != timer.serial) continue;
      if (!push_pieces(*found->second.peer, timer.serial)) peers_.erase(found);
    }
  }

  int listener_;
  TlsContext tls_;
  int epoll_;
  WireAnswer default_;
  std::map<std::string, WireAnswer, std::less<>> answers_;
  std::unordered_map<int, Entry> peers_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::uint64_t serial_ = 0;
  std::uint64_t answered_ = 0;
  std::array<char, read_buffer_bytes> buffer_{};
};

int run(int argc, char** argv) {
  Args args(argc, argv);
  const Address address = parse_address(args.text("listen", "127.0.0.1:0"));
  const std::string certificate = args.text("tls-certificate", "");
  const std::string key = args.text("tls-key", "");
  const AnswerShape shape = parse_shape(args.text("answer", "sse"));
  args.finish();

  const int listener = listen_on(address);
  const auto upstream = std::make_unique<Upstream>(
      listener, certificate.empty() ? TlsContext{} : make_server_tls(certificate, key), shape);
  std::printf("listening %u\n", static_cast<unsigned>(local_port(listener)));
  std::fflush(stdout);
  upstream->run();
}

}  // namespace
}  // namespace distiq::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write()
  return distiq::bench::run(argc, argv);
}

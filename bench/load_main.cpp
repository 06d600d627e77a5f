// bench-load: drives one or several targets with the same requests and checks every answer. One thread, epoll.
//
// The targets take turns: a round is `blocks` x (one block of requests to each target), so that whatever else happens on the
// machine hits all of them alike. Prints JSON: per target and round the percentiles (microseconds), throughput, errors.
//
//   bench-load --target name=direct,address=127.0.0.1:9000,head=FILE[,tls=CA_FILE][,check=loose] ... --body FILE
//     [--answer SHAPE] [--connections N] [--rounds N] [--blocks N] [--requests N | --milliseconds N] [--rate PER_SECOND]
//     [--pause-us N] [--warmup N]
//
// Closed loop (each connection asks again when it has its answer, after a pause), or with --rate an open loop: requests
// begin when they are due, and a late one counts from when it was due.
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include "bench/args.h"
#include "bench/load_session.h"

namespace distiq::bench {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t stall_limit_ns = 20 * second;  // without a single answer: something hangs
constexpr std::uint64_t max_errors = 200;              // per target: then it is left out

struct Plan {
  std::uint64_t connections;
  std::uint64_t rounds;
  std::uint64_t blocks;
  std::uint64_t requests;      // per block; 0: as many as fit into block_ns
  std::uint64_t block_ns;
  std::uint64_t rate;          // per second; 0: closed loop
  std::uint64_t pause_ns;
  std::uint64_t warmup;        // requests per target
};

struct Round {
  std::uint64_t requests = 0;
  std::uint64_t spent_ns = 0;
  Samples first_byte;
  Samples total;
  Samples events;
};

struct Lane {
  Target target;
  TlsContext tls;
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<Round> rounds;
  Samples events;  // of the running block
  std::uint64_t errors = 0;
  std::string first_error;
  std::uint64_t verified = 0;
};

class Runner {
 public:
  explicit Runner(const Plan& plan) : plan_(plan), epoll_(epoll_create1(EPOLL_CLOEXEC)), number_(now_ns()) {}

  void warm_up(Lane& lane) {
    const std::uint64_t before = lane.errors;
    Round ignored;
    // Each connection's first request also proves that the body arrives as it was sent.
    run_block(lane, {.requests = lane.sessions.size(), .verify = lane.target.exact}, ignored);
    if (lane.target.exact && lane.errors == before) lane.verified = ignored.requests;
    if (plan_.warmup > 0) run_block(lane, {.requests = plan_.warmup}, ignored);
  }

  void run_round_block(Lane& lane, Round& round) {
    run_block(lane, {.requests = plan_.requests, .limit_ns = plan_.block_ns, .rate = plan_.rate, .pause_ns = plan_.pause_ns},
              round);
  }

 private:
  struct Block {
    std::uint64_t requests = 0;
    std::uint64_t limit_ns = 0;
    std::uint64_t rate = 0;
    std::uint64_t pause_ns = 0;
    bool verify = false;
  };
  struct State {
    std::uint64_t began_ns;
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
    std::uint64_t last_end_ns;
    // Sessions that may begin a request, and not before when. Same pause for all, so it stays in order.
    struct Free {
      Session* session;
      std::uint64_t from_ns;
    };
    std::deque<Free> free;
  };

  void run_block(Lane& lane, const Block& block, Round& round) {
    if (lane.errors >= max_errors) return;
    const std::uint64_t start = now_ns();
    State state{.began_ns = start, .last_end_ns = start, .free = {}};
    for (const auto& session : lane.sessions) state.free.push_back({session.get(), start});
    lane.events.clear();
    for (;;) {
      const std::uint64_t wait_ns = begin_due(lane, block, state, round);
      if (state.ended == state.begun && !may_begin(block, state, now_ns())) break;
      if (lane.errors >= max_errors) break;
      if (now_ns() - state.last_end_ns > stall_limit_ns) {
        note_error(lane, "no answer within 20 s");
        lane.errors = max_errors;
        break;
      }
      wait_and_progress(lane, state, round, block, wait_ns);
    }
    for (const auto& session : lane.sessions) {
      if (session->busy()) session->abandon();
    }
    round.spent_ns += state.last_end_ns - start;
    round.events.add_all(lane.events);
  }

  static bool may_begin(const Block& block, const State& state, std::uint64_t now) {
    if (block.requests > 0 && state.begun >= block.requests) return false;
    return block.limit_ns == 0 || now - state.began_ns < block.limit_ns;
  }

  static std::uint64_t due_ns(const Block& block, const State& state) {
    return block.rate == 0 ? 0 : state.began_ns + state.begun * second / block.rate;
  }

  // Begins what may begin now; returns how long to wait at most for the next.
  std::uint64_t begin_due(Lane& lane, const Block& block, State& state, Round& round) {
    while (!state.free.empty()) {
      const std::uint64_t now = now_ns();
      if (!may_begin(block, state, now)) break;
      const std::uint64_t due = std::max(due_ns(block, state), state.free.front().from_ns);
      if (due > now) return due - now;
      Session& session = *state.free.front().session;
      state.free.pop_front();
      ++state.begun;
      begin(lane, block, state, round, session, block.rate == 0 ? 0 : due);
    }
    return second;
  }

  void begin(Lane& lane, const Block& block, State& state, Round& round, Session& session, std::uint64_t due) {
    bool is_new = false;
    if (!session.connect_if_closed(is_new)) {
      end(lane, block, state, round, session, Progress::failed);
      return;
    }
    if (is_new) watch(session);
    session.begin(++number_, due == 0 ? now_ns() : due, block.verify);
    end(lane, block, state, round, session, session.progress());
  }

  void watch(Session& session) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &session}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, session.fd(), &event) != 0) fail("epoll_ctl failed");
  }

  void wait_and_progress(Lane& lane, State& state, Round& round, const Block& block, std::uint64_t wait_ns) {
    const timespec timeout{.tv_sec = static_cast<time_t>(wait_ns / second), .tv_nsec = static_cast<long>(wait_ns % second)};
    const int ready = epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
      auto& session = *static_cast<Session*>(events_[static_cast<std::size_t>(i)].data.ptr);
      if (session.fd() < 0) continue;
      const bool was_busy = session.busy();
      const Progress progress = session.progress();
      if (was_busy) end(lane, block, state, round, session, progress);
    }
  }

  void end(Lane& lane, const Block& block, State& state, Round& round, Session& session, Progress progress) {
    if (progress == Progress::waiting) return;
    const std::uint64_t now = now_ns();
    ++state.ended;
    state.last_end_ns = now;
    state.free.push_back({&session, now + block.pause_ns});
    if (progress == Progress::failed) {
      note_error(lane, session.error().empty() ? "cannot connect" : session.error());
      return;
    }
    ++round.requests;
    round.first_byte.add(session.first_byte_ns());
    round.total.add(session.total_ns());
  }

  static void note_error(Lane& lane, const std::string& text) {
    ++lane.errors;
    if (lane.first_error.empty()) lane.first_error = text;
  }

  Plan plan_;
  int epoll_;
  std::uint64_t number_;
  std::array<epoll_event, 256> events_{};
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "name=a,address=b": no value may hold a comma.
std::map<std::string, std::string> split_fields(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const std::string_view field = text.substr(0, end);
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) fail("expected key=value in --target, got " + std::string(field));
    fields.emplace(field.substr(0, equals), field.substr(equals + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

std::unique_ptr<Lane> make_lane(std::string_view text) {
  auto fields = split_fields(text);
  auto lane = std::make_unique<Lane>();
  if (fields.contains("tls")) lane->tls = make_client_tls(fields["tls"]);
  lane->target = {.name = fields["name"],
                  .address = parse_address(fields["address"]),
                  .tls = lane->tls.get(),
                  .head = read_file(fields["head"]),
                  .exact = fields["check"] != "loose"};
  return lane;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x20 || byte > 0x7e ? ' ' : c;
  }
  return out + '"';
}

void print_round(const Round& round) {
  const double seconds = static_cast<double>(round.spent_ns) / 1e9;
  std::printf(R"({"requests":%llu,"seconds":%.6f,"per_second":%.1f,"first_byte":%s,"total":%s,"event":%s})",
              static_cast<unsigned long long>(round.requests), seconds,
              seconds > 0 ? static_cast<double>(round.requests) / seconds : 0.0, round.first_byte.json().c_str(),
              round.total.json().c_str(), round.events.json().c_str());
}

void print_lane(const Lane& lane) {
  std::printf("%s:{\"errors\":%llu,\"first_error\":%s,\"verified\":%llu,\"rounds\":[", quoted(lane.target.name).c_str(),
              static_cast<unsigned long long>(lane.errors), quoted(lane.first_error).c_str(),
              static_cast<unsigned long long>(lane.verified));
  const char* separator = "";
  for (const Round& round : lane.rounds) {
    std::printf("%s", separator);
    print_round(round);
    separator = ",";
  }
  std::printf("]}");
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void run_rounds(const Plan& plan, std::vector<std::unique_ptr<Lane>>& lanes) {
  Runner runner(plan);
  for (auto& lane : lanes) {
    lane->rounds.resize(plan.rounds);
    runner.warm_up(*lane);
  }
  for (std::uint64_t round = 0; round < plan.rounds; ++round) {
    for (std::uint64_t block = 0; block < plan.blocks; ++block) {
      // Another one begins each time: nobody always follows the same neighbour's mess in the caches.
      for (std::size_t i = 0; i < lanes.size(); ++i) {
        Lane& lane = *lanes[(i + block + round) % lanes.size()];
        runner.run_round_block(lane, lane.rounds[round]);
      }
    }
  }
}

int run(int argc, char** argv) {
  Args args(argc, argv);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (const std::string& text : args.all("target")) lanes.push_back(make_lane(text));
  if (lanes.empty()) fail("at least one --target");
  const RequestBody body = split_body(read_file(args.text("body", "")));
  const AnswerShape shape = parse_shape(args.text("answer", "sse"));
  const AnswerTemplate answer = make_answer(shape);
  const Plan plan{.connections = args.number("connections", 1),
                  .rounds = args.number("rounds", 1),
                  .blocks = args.number("blocks", 1),
                  .requests = args.number("requests", 0),
                  .block_ns = args.number("milliseconds", 0) * 1'000'000,
                  .rate = args.number("rate", 0),
                  .pause_ns = args.number("pause-us", 0) * 1000,
                  .warmup = args.number("warmup", 0)};
  args.finish();
  if (plan.requests == 0 && plan.block_ns == 0) fail("a block needs --requests or --milliseconds");

  for (auto& lane : lanes) {
    Samples* delays = shape.interval_us > 0 ? &lane->events : nullptr;
    for (std::uint64_t i = 0; i < plan.connections; ++i) {
      lane->sessions.push_back(std::make_unique<Session>(lane->target, body, answer, delays));
    }
  }
  run_rounds(plan, lanes);

  std::printf("{\"body_bytes\":%zu,\"answer_bytes\":%zu,\"load_cpu_seconds\":%.3f,\"targets\":{", body.size(),
              answer.bytes.size(), cpu_seconds());
  const char* separator = "";
  for (const auto& lane : lanes) {
    std::printf("%s", separator);
    print_lane(*lane);
    separator = ",";
  }
  std::printf("}}\n");
  return 0;
}

}  // namespace
}  // namespace distiq::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write()
  return distiq::bench::run(argc, argv);
}

#include "bench/load_runner.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <deque>

#include "bench/args.h"

namespace distiq::bench {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t stall_limit_ns = 20 * second;  // without a single answer: something hangs
constexpr std::uint64_t max_errors = 200;              // per target: then it is left out

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
    run_block(lane,
              {.requests = plan_.requests, .limit_ns = plan_.block_ns, .rate = plan_.rate, .pause_ns = plan_.pause_ns},
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
    const timespec timeout{.tv_sec = static_cast<time_t>(wait_ns / second),
                           .tv_nsec = static_cast<long>(wait_ns % second)};
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

}  // namespace

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

}  // namespace distiq::bench

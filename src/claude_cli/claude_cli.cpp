#include "claude_cli/claude_cli.h"

#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "claude_cli/cli_process.h"

namespace distiq {
namespace {

namespace asio = boost::asio;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
using Pipe = asio::posix::basic_stream_descriptor<IoExecutor>;
using InputSocket = asio::basic_stream_socket<asio::local::stream_protocol, IoExecutor>;
constexpr asio::as_tuple_t<asio::use_awaitable_t<IoExecutor>> use_task;

constexpr std::size_t read_size = 64u * 1024;
constexpr std::size_t complaint_bytes = 2'000;
constexpr std::chrono::milliseconds look_every{5};

// What the callbacks of a run touch: it lives until the last of them has run, also after the run.
struct RunState : std::enable_shared_from_this<RunState> {
  RunState(IoExecutor executor, const CliProcess& process, std::string what_it_reads)
      : pid(process.pid),
        input(executor, asio::local::stream_protocol(), process.input),
        output(executor, process.output),
        errors(executor, process.errors),
        limit(executor),
        waiting(executor),
        prompt(std::move(what_it_reads)) {}

  ~RunState() {
    kill_group();
    if (!reaped) ::waitpid(pid, &status, 0);  // it is dying already
  }

  void kill_group() noexcept {
    if (!reaped) ::kill(-pid, SIGKILL);
  }

  // Whether it has ended. Children that it left behind end with it: they are killed while its number is still taken.
  bool reap() {
    siginfo_t info{};
    if (reaped) return true;
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid)
      return false;
    kill_group();
    reaped = ::waitpid(pid, &status, 0) == pid;
    return reaped;
  }

  void stop() noexcept {
    kill_group();
    boost::system::error_code ignored;
    input.close(ignored);
    output.close(ignored);
    errors.close(ignored);
    limit.cancel();
    waiting.cancel();
  }

  void write_prompt() {
    asio::async_write(input, asio::buffer(prompt), [self = shared_from_this()](boost::system::error_code, std::size_t) {
      boost::system::error_code ignored;
      self->input.close(ignored);
      self->prompt = {};
    });
  }

  // Read so that it never waits for us; only the end of it is kept.
  void read_errors() {
    errors.async_read_some(asio::buffer(error_piece),
                           [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                             if (error) return;
                             self->complaint.append(self->error_piece.data(), size);
                             if (self->complaint.size() > complaint_bytes) {
                               self->complaint.erase(0, self->complaint.size() - complaint_bytes);
                             }
                             self->read_errors();
                           });
  }

  void start_clock(std::chrono::milliseconds time) {
    limit.expires_after(time);
    limit.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error) return;
      self->timed_out = true;
      self->stop();
    });
  }

  const pid_t pid;
  int status = 0;
  bool reaped = false;
  bool timed_out = false;
  InputSocket input;
  Pipe output;
  Pipe errors;
  Timer limit;
  Timer waiting;
  std::string prompt;
  std::string complaint;
  std::array<char, 1024> error_piece{};
};

class CliRunImpl final : public CliRun {
 public:
  CliRunImpl(std::shared_ptr<RunState> state, const ClaudeCliConfig& config, std::atomic<unsigned>& running)
      : state_(std::move(state)),
        output_left_(config.max_output_bytes),
        farewell_(config.farewell),
        running_(running) {}
  ~CliRunImpl() override {
    state_->stop();
    running_.fetch_sub(1, std::memory_order_relaxed);
  }

  Task<Result<std::optional<CliEvent>>> next() override {
    while (true) {
      if (auto event = reader_.next(unread_)) co_return std::move(event);
      if (killed_) co_return fail(ErrorKind::cancelled, "the claude CLI was killed");
      if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(read_size);
      const auto [error, size] =
          co_await state_->output.async_read_some(asio::buffer(buffer_.get(), read_size), use_task);
      if (state_->timed_out) co_return too_slow();
      if (killed_) continue;
      if (error) co_return std::optional<CliEvent>{};
      if (size > output_left_) co_return too_much();
      output_left_ -= size;
      unread_ = std::string_view(buffer_.get(), size);
    }
  }

  void kill() noexcept override {
    killed_ = true;
    unread_ = {};
    state_->stop();
  }

  Task<void> settle() override {
    std::chrono::milliseconds patience = killed_ ? std::chrono::milliseconds(0) : farewell_;
    while (!state_->reap()) {
      if (patience <= std::chrono::milliseconds(0)) state_->kill_group();
      patience -= look_every;
      Timer pause(co_await asio::this_coro::executor);
      pause.expires_after(look_every);
      co_await pause.async_wait(use_task);
    }
    state_->stop();
  }

  int exit_code() const override {
    return WIFSIGNALED(state_->status) ? 128 + WTERMSIG(state_->status) : WEXITSTATUS(state_->status);
  }
  std::string complaint() const override { return state_->complaint; }

 private:
  std::unexpected<Error> too_slow() {
    kill();
    return fail(ErrorKind::upstream_timeout, "the claude CLI ran into its time limit",
                "The claude CLI did not finish within its time limit.");
  }
  std::unexpected<Error> too_much() {
    kill();
    return fail(ErrorKind::upstream_broke, "the claude CLI printed too much", "The claude CLI's answer is too long.");
  }

  std::shared_ptr<RunState> state_;
  CliEventReader reader_;
  std::unique_ptr<char[]> buffer_;
  std::string_view unread_;
  std::size_t output_left_;
  const std::chrono::milliseconds farewell_;
  std::atomic<unsigned>& running_;
  bool killed_ = false;
};

}  // namespace

Result<std::unique_ptr<CliRun>> ClaudeCli::start(const CliRequest& request, IoExecutor executor) {
  const auto arguments = cli_arguments(request, config_.tools);
  if (!arguments) return std::unexpected(arguments.error());
  if (running_.fetch_add(1, std::memory_order_relaxed) >= config_.max_runs) {
    running_.fetch_sub(1, std::memory_order_relaxed);
    return fail(ErrorKind::overloaded, "too many runs of the claude CLI",
                "Too many requests use the claude CLI at once; try again in a moment.");
  }
  const auto process = start_process(config_.program, *arguments, config_.environment, config_.folder);
  if (!process) {
    running_.fetch_sub(1, std::memory_order_relaxed);
    return std::unexpected(process.error());
  }
  auto state = std::make_shared<RunState>(executor, *process, cli_input(request));
  auto run = std::make_unique<CliRunImpl>(state, config_, running_);
  state->write_prompt();
  state->read_errors();
  state->start_clock(config_.time_limit);
  return run;
}

}  // namespace distiq

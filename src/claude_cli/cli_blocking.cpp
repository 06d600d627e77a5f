#include "claude_cli/cli_blocking.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace distiq {
namespace {

namespace asio = boost::asio;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
constexpr auto look_every = std::chrono::milliseconds(50);

Task<Result<void>> read_all(CliRun& run, const std::function<void(const CliEvent&)>& take) {
  while (true) {
    auto event = co_await run.next();
    if (!event) {
      co_await run.settle();
      co_return std::unexpected(event.error());
    }
    if (!*event) break;
    take(**event);
  }
  co_await run.settle();
  co_return Result<void>{};
}

// A signal handler can set a flag and nothing else: it is looked at from time to time.
class CancelWatch {
 public:
  CancelWatch(const IoExecutor& executor, CliRun& run, const std::atomic<bool>& cancelled)
      : timer_(executor), run_(run), cancelled_(cancelled) {
    wait();
  }
  // A handler that waits its turn already knows of no cancel: it must see that it is over, or it would go on for ever.
  void end() {
    over_ = true;
    timer_.cancel();
  }

 private:
  void wait() {
    timer_.expires_after(look_every);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error || over_) return;
      if (cancelled_) {
        run_.kill();
      } else {
        wait();
      }
    });
  }

  Timer timer_;
  CliRun& run_;
  const std::atomic<bool>& cancelled_;
  bool over_ = false;
};

}  // namespace

Result<void> run_cli(ClaudeCli& cli, const CliRequest& request, const std::atomic<bool>& cancelled,
                     const std::function<void(const CliEvent&)>& take) {
  asio::io_context context(1);
  auto run = cli.start(request, context.get_executor());
  if (!run) return std::unexpected(run.error());
  CancelWatch watch(context.get_executor(), **run, cancelled);
  Result<void> result;
  std::exception_ptr failure;
  asio::co_spawn(context, read_all(**run, take), [&](std::exception_ptr failed, Result<void> done) {
    failure = failed;
    result = std::move(done);
    watch.end();
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  if (cancelled) return {};
  return result;
}

}  // namespace distiq

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

// A signal handler can set a flag and nothing else.
void watch(Timer& timer, CliRun& run, const std::atomic<bool>& cancelled) {
  timer.expires_after(look_every);
  timer.async_wait([&timer, &run, &cancelled](const boost::system::error_code& error) {
    if (error) return;
    if (cancelled) {
      run.kill();
    } else {
      watch(timer, run, cancelled);
    }
  });
}

}  // namespace

Result<void> run_cli(ClaudeCli& cli, const CliRequest& request, const std::atomic<bool>& cancelled,
                     const std::function<void(const CliEvent&)>& take) {
  asio::io_context context(1);
  auto run = cli.start(request, context.get_executor());
  if (!run) return std::unexpected(run.error());
  Timer timer(context.get_executor());
  watch(timer, **run, cancelled);
  Result<void> result;
  std::exception_ptr failure;
  asio::co_spawn(context, read_all(**run, take), [&](std::exception_ptr failed, Result<void> done) {
    failure = failed;
    result = std::move(done);
    timer.cancel();
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  if (cancelled) return {};
  return result;
}

}  // namespace distiq

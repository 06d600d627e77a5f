// Real child processes in place of the CLI: what they leave behind, how they are ended, what bounds them.
#include "claude_cli/claude_cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <fstream>
#include <future>
#include <thread>

#include "claude_cli/cli_blocking.h"

namespace distiq {
namespace {

constexpr std::string_view text_line =
    R"({"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}},"parent_tool_use_id":null})";

std::string say(const std::string& text) {
  std::string line(text_line);
  return "printf '%s\\n' '" + line.replace(line.find("TEXT"), 4, text) + "'\n";
}

class ClaudeCliTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path(::testing::TempDir()) /
        ("claude_cli_" + std::to_string(::getpid()) + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  ClaudeCliConfig config(const std::string& script) {
    const auto program = folder_ / "claude";
    std::ofstream(program) << "#!/bin/sh\n" << script;
    ::chmod(program.c_str(), 0700);
    return {.program = program, .folder = folder_, .environment = {"PATH=/usr/bin:/bin"}, .tools = {}};
  }

  // Runs `body` on an io thread of its own until it is through.
  template <class Body>
  void run(Body body) {
    boost::asio::io_context io;
    std::exception_ptr failure;
    boost::asio::co_spawn(io, body(io.get_executor()), [&](std::exception_ptr e) { failure = e; });
    io.run();
    if (failure) std::rethrow_exception(failure);
  }

  std::string file(const char* name) {
    std::ifstream in(folder_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path folder_;
};

struct Seen {
  std::string text;
  std::optional<ErrorKind> error;
};

Task<Seen> read_all(CliRun& run) {
  Seen seen;
  while (true) {
    const auto event = co_await run.next();
    if (!event) {
      seen.error = event.error().kind;
      co_return seen;
    }
    if (!*event) co_return seen;
    seen.text += (*event)->text;
  }
}

const CliRequest hello{.model = "opus", .effort = {}, .system = {}, .content = R"([{"type":"text","text":"hello"}])"};

// A process that was killed and waits for its parent to notice has run its course.
bool is_running(pid_t pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat((std::istreambuf_iterator<char>(in)), {});
  return stat.find(") Z") == std::string::npos;
}

Task<void> read_and_settle(ClaudeCli& cli, IoExecutor executor, Seen& seen, int& code, std::string& complaint) {
  auto run = cli.start(hello, executor);
  EXPECT_TRUE(run.has_value());
  if (!run) co_return;
  EXPECT_EQ(cli.running(), 1u);
  seen = co_await read_all(**run);
  co_await (*run)->settle();
  code = (*run)->exit_code();
  complaint = (*run)->complaint();
}

TEST_F(ClaudeCliTest, a_run_that_ends_while_somebody_looks_for_ctrl_c_has_ended) {
  ClaudeCli cli(config("cat > /dev/null\n" + say("done")));
  std::atomic<bool> cancelled = false;
  // The last event keeps the thread until the child has gone and it is time to look, both at once.
  const auto take = [](const CliEvent&) { std::this_thread::sleep_for(std::chrono::milliseconds(80)); };
  auto runs = std::async(std::launch::async, [&] {
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(run_cli(cli, hello, cancelled, take).has_value());
  });
  EXPECT_EQ(runs.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  cancelled = true;  // ends one that hangs
}

TEST_F(ClaudeCliTest, prompt_in_events_out_exit_code_and_complaint) {
  ClaudeCli cli(config("cat > read; echo oops >&2; pwd > where; ls /proc/self/fd > fds 2>/dev/null\n" + say("one ") +
                       say("two") + "exit 3\n"));
  Seen seen;
  int code = -1;
  std::string complaint;
  run([&](IoExecutor executor) { return read_and_settle(cli, executor, seen, code, complaint); });
  EXPECT_EQ(seen.text, "one two");
  EXPECT_FALSE(seen.error.has_value());
  EXPECT_EQ(code, 3);
  EXPECT_EQ(complaint, "oops\n");
  EXPECT_EQ(cli.running(), 0u);
  EXPECT_EQ(file("read"), cli_input(hello));
  EXPECT_EQ(std::filesystem::path(file("where").substr(0, file("where").size() - 1)).filename(), folder_.filename());
  if (std::filesystem::exists("/proc/self/fd")) {
    EXPECT_THAT(file("fds"), ::testing::StartsWith("0\n1\n2\n"));
    EXPECT_LE(std::ranges::count(file("fds"), '\n'), 4) << "none of our descriptors: " << file("fds");
  }
}

Task<void> kill_after_first_event(ClaudeCli& cli, IoExecutor executor, std::function<std::string()> child,
                                  pid_t& left) {
  auto run = cli.start(hello, executor);
  EXPECT_TRUE(run.has_value());
  if (!run) co_return;
  const auto first = co_await (*run)->next();
  EXPECT_TRUE(first.has_value());
  left = static_cast<pid_t>(std::stol(child()));
  EXPECT_TRUE(is_running(left));
  // From outside, while next() waits: as a client's leaving does it.
  boost::asio::post(executor, [&run] { (*run)->kill(); });
  const auto after = co_await (*run)->next();
  EXPECT_FALSE(after.has_value());
  if (!after) {
    EXPECT_EQ(after.error().kind, ErrorKind::cancelled);
  }
  co_await (*run)->settle();
  EXPECT_EQ((*run)->exit_code(), 128 + SIGKILL);
}

TEST_F(ClaudeCliTest, killing_it_kills_its_children) {
  ClaudeCli cli(config("sleep 600 & echo $! > child\n" + say("x") + "wait\n"));
  pid_t child = -1;
  run([&](IoExecutor executor) {
    return kill_after_first_event(cli, executor, [this] { return file("child"); }, child);
  });
  for (int i = 0; i < 1000 && is_running(child); ++i) ::usleep(2'000);
  EXPECT_FALSE(is_running(child));
}

TEST_F(ClaudeCliTest, a_run_that_is_dropped_is_dead) {
  ClaudeCli cli(config("echo $$ > self\n" + say("x") + "exec sleep 600\n"));
  run([&](IoExecutor executor) -> Task<void> {
    return [](ClaudeCli& c, IoExecutor e) -> Task<void> {
      auto run = c.start(hello, e);
      EXPECT_TRUE(run.has_value());
      if (run) (void)co_await (*run)->next();
    }(cli, executor);
  });
  EXPECT_EQ(cli.running(), 0u);
  EXPECT_FALSE(is_running(static_cast<pid_t>(std::stol(file("self")))));
}

TEST_F(ClaudeCliTest, time_limit) {
  auto limited = config(say("x") + "exec sleep 600\n");
  limited.time_limit = std::chrono::milliseconds(300);
  ClaudeCli cli(std::move(limited));
  Seen seen;
  int code = 0;
  std::string complaint;
  run([&](IoExecutor executor) { return read_and_settle(cli, executor, seen, code, complaint); });
  EXPECT_EQ(seen.error, ErrorKind::upstream_timeout);
  EXPECT_EQ(code, 128 + SIGKILL);
}

TEST_F(ClaudeCliTest, output_limit) {
  auto limited = config("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n");
  limited.max_output_bytes = 300'000;
  ClaudeCli cli(std::move(limited));
  Seen seen;
  int code = 0;
  std::string complaint;
  run([&](IoExecutor executor) { return read_and_settle(cli, executor, seen, code, complaint); });
  EXPECT_EQ(seen.error, ErrorKind::upstream_broke);
  EXPECT_EQ(code, 128 + SIGKILL);
}

TEST_F(ClaudeCliTest, one_that_goes_on_after_its_output_is_ended) {
  auto limited = config(say("x") + "exec >/dev/null 2>/dev/null; exec sleep 600\n");
  limited.farewell = std::chrono::milliseconds(50);
  ClaudeCli cli(std::move(limited));
  Seen seen;
  int code = 0;
  std::string complaint;
  run([&](IoExecutor executor) { return read_and_settle(cli, executor, seen, code, complaint); });
  EXPECT_EQ(seen.text, "x");
  EXPECT_EQ(code, 128 + SIGKILL);
}

TEST_F(ClaudeCliTest, so_many_at_a_time_and_no_more) {
  auto limited = config("exec sleep 600\n");
  limited.max_runs = 2;
  ClaudeCli cli(std::move(limited));
  boost::asio::io_context io;
  auto first = cli.start(hello, io.get_executor());
  auto second = cli.start(hello, io.get_executor());
  auto third = cli.start(hello, io.get_executor());
  ASSERT_TRUE(first.has_value() && second.has_value());
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().kind, ErrorKind::overloaded);
  first->reset();
  EXPECT_TRUE(cli.start(hello, io.get_executor()).has_value());
}

TEST_F(ClaudeCliTest, a_program_that_is_not_there) {
  auto missing = config("");
  missing.program = folder_ / "nothing";
  ClaudeCli cli(std::move(missing));
  boost::asio::io_context io;
  const auto run = cli.start(hello, io.get_executor());
  ASSERT_FALSE(run.has_value());
  EXPECT_EQ(run.error().kind, ErrorKind::upstream_unreachable);
  EXPECT_EQ(cli.running(), 0u);
}

}  // namespace
}  // namespace distiq

#include "base/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

namespace distiq {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() { close_end(0); }
  void close_writer() { close_end(1); }
  std::string read_to_end() {
    std::string all;
    std::array<char, 4096> block;
    while (true) {
      const auto count = ::read(ends_[0], block.data(), block.size());
      if (count <= 0) return all;
      all.append(block.data(), static_cast<std::size_t>(count));
    }
  }
  void fill() {
    ASSERT_EQ(::fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0);
    const std::string block(4096, 'x');
    while (::write(ends_[1], block.data(), block.size()) > 0) {
    }
    ASSERT_EQ(::fcntl(ends_[1], F_SETFL, 0), 0);
  }

 private:
  void close_end(std::size_t i) {
    if (ends_[i] >= 0) ::close(ends_[i]);
    ends_[i] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

TEST(LineWriter, writes_lines_in_order_with_a_line_break_each) {
  Pipe pipe;
  {
    LineWriter writer(pipe.writer());
    writer.write("one");
    writer.write("");
    writer.write("three");
    EXPECT_TRUE(writer.flush(seconds(5)));
    EXPECT_EQ(writer.dropped(), 0u);
  }
  pipe.close_writer();
  EXPECT_EQ(pipe.read_to_end(), "one\n\nthree\n");
}

TEST(LineWriter, destructor_writes_what_is_queued) {
  Pipe pipe;
  {
    LineWriter(pipe.writer()).write("last words");
  }
  pipe.close_writer();
  EXPECT_EQ(pipe.read_to_end(), "last words\n");
}

TEST(LineWriter, blocked_pipe_never_blocks_the_caller_and_drops_are_counted) {
  Pipe pipe;
  pipe.fill();
  const auto started = steady_clock::now();
  {
    LineWriter writer(pipe.writer(), 16);
    for (int i = 0; i < 10'000; ++i) writer.write("a line that nobody reads");
    EXPECT_LT(steady_clock::now() - started, seconds(1)) << "writers waited for the pipe";
    EXPECT_GE(writer.dropped(), 10'000u - 2 * 16 - 1) << "at most one batch in work and one queued";
    EXPECT_FALSE(writer.flush(milliseconds(20)));
  }
  EXPECT_LT(steady_clock::now() - started, seconds(4)) << "the end waited for the pipe";
}

TEST(LineWriter, goes_on_when_a_blocked_pipe_is_read_again) {
  Pipe pipe;
  pipe.fill();
  std::string all;
  std::thread reader;
  {
    LineWriter writer(pipe.writer());
    writer.write("after the jam");
    EXPECT_FALSE(writer.flush(milliseconds(50)));
    reader = std::thread([&] { all = pipe.read_to_end(); });
    EXPECT_TRUE(writer.flush(seconds(5)));
    EXPECT_EQ(writer.dropped(), 0u);
  }
  pipe.close_writer();
  reader.join();
  EXPECT_TRUE(all.ends_with("after the jam\n"));
}

TEST(LineWriter, closed_reader_costs_lines_not_the_process) {
  Pipe pipe;
  pipe.close_reader();
  LineWriter writer(pipe.writer());
  for (int i = 0; i < 3; ++i) {
    writer.write("to nobody");
    EXPECT_TRUE(writer.flush(seconds(5)));
  }
  EXPECT_EQ(writer.dropped(), 3u);
}

TEST(LineWriter, lines_cut_off_in_a_joined_block_are_counted_one_by_one) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETPIPE_SZ, 4096), 4096);
  std::uint64_t dropped = 0;
  {
    LineWriter writer(pipe.writer());
    for (int i = 0; i < 100; ++i) writer.write(std::string(99, 'x'));  // 40 lines fit
    EXPECT_FALSE(writer.flush(milliseconds(50)));
    pipe.close_reader();
    EXPECT_TRUE(writer.flush(seconds(5)));
    dropped = writer.dropped();
  }
  EXPECT_GE(dropped, 60u);
  EXPECT_LE(dropped, 100u);
}

TEST(LineWriter, a_file_gets_every_line_of_a_burst_in_order) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  std::string expected;
  {
    LineWriter writer(::fileno(file), 10'000);
    for (int i = 0; i < 5'000; ++i) {
      writer.write(std::to_string(i) + std::string(100, '.'));
      expected += std::to_string(i) + std::string(100, '.') + "\n";
    }
    EXPECT_TRUE(writer.flush(seconds(5)));
    EXPECT_EQ(writer.dropped(), 0u);
  }
  std::string found(expected.size() + 1, '\0');
  std::rewind(file);
  found.resize(std::fread(found.data(), 1, found.size(), file));
  std::fclose(file);
  EXPECT_EQ(found, expected);
}

TEST(LineWriter, very_long_line_is_cut) {
  Pipe pipe;
  {
    LineWriter writer(pipe.writer());
    writer.write(std::string(100'000, 'z'));
    EXPECT_TRUE(writer.flush(seconds(5)));
  }
  pipe.close_writer();
  EXPECT_EQ(pipe.read_to_end(), std::string(LineWriter::kMaxLineBytes, 'z') + "\n");
}

TEST(LineWriter, lines_of_many_threads_stay_whole) {
  Pipe pipe;
  std::string all;
  std::thread reader([&] { all = pipe.read_to_end(); });
  {
    LineWriter writer(pipe.writer(), 100'000);
    std::vector<std::thread> threads;
    for (char name = 'a'; name < 'e'; ++name) {
      threads.emplace_back([&writer, name] {
        for (int i = 0; i < 500; ++i) writer.write(std::string(99, name));
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(writer.flush(seconds(10)));
  }
  pipe.close_writer();
  reader.join();
  ASSERT_EQ(all.size(), 4u * 500 * 100);
  for (std::size_t at = 0; at < all.size(); at += 100) {
    EXPECT_EQ(all.substr(at, 100), std::string(99, all[at]) + "\n");
  }
}

}  // namespace
}  // namespace distiq

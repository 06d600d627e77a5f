#include "base/file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

namespace distiq {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = testing::TempDir() + "distiq-file-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 0777;
  }
  std::filesystem::path folder_;
};

TEST_F(FileTest, reads_all_bytes_up_to_the_limit) {
  const std::string bytes(50'000, 'x');
  std::ofstream(folder_ / "f") << bytes;
  EXPECT_EQ(read_file(folder_ / "f", 50'000), bytes);
  EXPECT_FALSE(read_file(folder_ / "f", 49'999).has_value());
}

TEST_F(FileTest, missing_files_folders_and_pipes_are_errors) {
  EXPECT_FALSE(read_file(folder_ / "missing", 10).has_value());
  EXPECT_FALSE(read_file(folder_, 10).has_value());
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(read_file(folder_ / "pipe", 10).has_value()) << "must not wait for a writer";
}

TEST_F(FileTest, new_folders_are_private_whatever_the_umask) {
  const auto before = ::umask(0);
  const auto made = ensure_private_directory(folder_ / "a" / "b");
  ::umask(before);
  ASSERT_TRUE(made.has_value()) << made.error().log_detail;
  EXPECT_EQ(mode_of(folder_ / "a"), 0700u);
  EXPECT_EQ(mode_of(folder_ / "a" / "b"), 0700u);
}

TEST_F(FileTest, open_folder_of_ours_is_tightened) {
  ASSERT_EQ(::mkdir((folder_ / "open").c_str(), 0755), 0);
  ASSERT_TRUE(ensure_private_directory(folder_ / "open").has_value());
  EXPECT_EQ(mode_of(folder_ / "open"), 0700u);
  EXPECT_TRUE(ensure_private_directory(folder_ / "open").has_value()) << "a second time changes nothing";
}

TEST_F(FileTest, file_in_the_way_is_an_error) {
  std::ofstream(folder_ / "f") << "x";
  EXPECT_FALSE(ensure_private_directory(folder_ / "f").has_value());
  EXPECT_FALSE(ensure_private_directory(folder_ / "f" / "below").has_value());
}

}  // namespace
}  // namespace distiq

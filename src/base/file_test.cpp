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

TEST_F(FileTest, replaced_file_keeps_its_mode_and_leaves_nothing_beside_it) {
  std::ofstream(folder_ / "f") << "old";
  ASSERT_EQ(::chmod((folder_ / "f").c_str(), 0640), 0);
  ASSERT_TRUE(replace_file(folder_ / "f", "new", 0600));
  EXPECT_EQ(read_file(folder_ / "f", 10), "new");
  EXPECT_EQ(mode_of(folder_ / "f"), 0640u);
  ASSERT_TRUE(replace_file(folder_ / "g", "", 0604));
  EXPECT_EQ(mode_of(folder_ / "g"), 0604u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(FileTest, replacing_follows_symbolic_links_also_to_a_file_that_is_not_there_yet) {
  std::filesystem::create_directory(folder_ / "d");
  std::filesystem::create_symlink("d/target", folder_ / "second");
  std::filesystem::create_symlink(folder_ / "second", folder_ / "first");
  for (const char* text : {"made", "replaced"}) {
    ASSERT_TRUE(replace_file(folder_ / "first", text, 0600));
    EXPECT_EQ(read_file(folder_ / "d" / "target", 20), text);
  }
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "first"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "second"));
}

TEST_F(FileTest, what_cannot_be_replaced_stays_as_it_was) {
  std::filesystem::create_directory(folder_ / "d");
  EXPECT_FALSE(replace_file(folder_ / "d", "x", 0600));
  EXPECT_FALSE(replace_file(folder_ / "missing" / "f", "x", 0600));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "d"));
}

}  // namespace
}  // namespace distiq

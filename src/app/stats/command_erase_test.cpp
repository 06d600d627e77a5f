#include "app/stats/command_erase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <sstream>

#include "app/cli.h"
#include "app/state_files.h"
#include "base/clock.h"
#include "storage/record_store.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

using testing::HasSubstr;

class CommandErase : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "distiq-erase-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    config_.home = name;
    StoreConfig store_config;
    store_config.path = store_path(name).string();
    auto store = RecordStore::open(store_config, system_clock());
    ASSERT_TRUE(store);
    RequestRecord record;
    record.id = "one";
    record.started_at_ms = system_clock().wall().time_since_epoch().count();  // an old one would expire
    (*store)->record(record);
    ASSERT_TRUE((*store)->flush(std::chrono::seconds(10)));
  }
  void TearDown() override { std::filesystem::remove_all(config_.home); }

  ExitCode erase(bool yes, const std::string& answer) {
    std::istringstream answers(answer);
    out_.str("");
    err_.str("");
    return run_erase(config_, yes, answers, {out_, err_, environment_});
  }
  bool is_erased() {
    auto reader = StatsReader::open(store_path(config_.home).string());
    EXPECT_TRUE(reader);
    const auto found = reader->find_record("one");
    EXPECT_TRUE(found);
    return found && !*found;
  }

  Config config_;
  Environment environment_{{}};
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandErase, only_a_clear_yes_erases) {
  for (const char* answer : {"", "\n", "n\n", "no\n", "yesterday\n", "н\n", "нет\n"}) {
    EXPECT_EQ(erase(false, answer), ExitCode::failed) << answer;
    EXPECT_THAT(err_.str(), HasSubstr("Nothing was erased."));
    EXPECT_FALSE(is_erased()) << answer;
  }
  EXPECT_EQ(erase(false, "y\n"), ExitCode::ok);
  EXPECT_THAT(err_.str(), HasSubstr(config_.home.string()));
  EXPECT_THAT(out_.str(), HasSubstr("Erased: 1 records"));
  EXPECT_TRUE(is_erased());
}

TEST_F(CommandErase, speaks_russian) {
  config_.language = Language::russian;
  EXPECT_EQ(erase(false, "нет\n"), ExitCode::failed);
  EXPECT_THAT(err_.str(), HasSubstr("Ничего не стёрто."));
  EXPECT_EQ(erase(false, "да\n"), ExitCode::ok);
  EXPECT_THAT(out_.str(), HasSubstr("Стёрто: записей 1"));
  EXPECT_TRUE(is_erased());
}

TEST_F(CommandErase, yes_asks_nothing_and_the_command_line_knows_it) {
  const Environment environment({{"DISTIQ_HOME", config_.home.string()}, {"HOME", config_.home.string()}});
  const CommandIo io{out_, err_, environment};
  const auto run = [&](std::vector<std::string> arguments) { return run_cli(arguments, io); };
  EXPECT_EQ(run({"stats", "--yes"}), 2) << "only together with --erase";
  EXPECT_EQ(run({"stats", "--erase", "--json"}), 2);
  EXPECT_FALSE(is_erased());
  EXPECT_EQ(run({"stats", "--erase", "--yes"}), 0) << err_.str();
  EXPECT_TRUE(is_erased());
}

}  // namespace
}  // namespace distiq

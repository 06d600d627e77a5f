// Requests of the real Claude Code, as recorded: whoever judges them must let them pass, and find their prefixes again.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/json_fields.h"
#include "service/test_support.h"

namespace sim {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using test::Api;

struct Recorded {
  std::string name;  // "b_tool/2"
  std::string target;
  HeaderList headers;
  std::string body;
};

HeaderList headers_of(const json::array& recorded) {
  HeaderList headers;
  for (const auto& pair : recorded)
    headers.push_back({std::string(view(pair.at(0).as_string())), std::string(view(pair.at(1).as_string()))});
  return headers;
}

// The requests of one recording that were answered with 200, in order.
std::vector<Recorded> load(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  const auto document = json::parse(text.str()).as_object();
  std::map<std::int64_t, json::value> bodies;
  std::vector<Recorded> out;
  for (const auto& item : document.at("requests").as_array()) {
    const auto& request = item.as_object();
    const auto number = request.at("n").as_int64();
    const auto same = find_integer(request, "body_same_as_request");
    bodies[number] = same ? bodies[*same] : request.contains("body") ? request.at("body") : json::value(nullptr);
    const auto target = string_or_empty(request, "path");
    if (find_integer(request.at("response").as_object(), "status") != 200 || !target.starts_with("/v1/messages"))
      continue;
    out.push_back({file.stem().string() + "/" + std::to_string(number), std::string(target),
                   headers_of(request.at("headers").as_array()), json::serialize(bodies[number])});
  }
  return out;
}

std::vector<fs::path> recordings() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(DISTIQ_SOURCE_DIR) / "tests/recordings/claude_code"))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

Reply send(Api& api, const Recorded& recorded) {
  Request request;
  request.method = "POST";
  request.target = recorded.target;
  request.headers = recorded.headers;
  request.body = recorded.body;
  request.body_bytes = recorded.body.size();
  auto reply = handle(api.world, request);
  Api::finish(reply);
  return reply;
}

// What the recording's mock let pass and the API would not.
const std::map<std::string, std::string> refused_with_reason{
    {"a_unknownmodel/1", "model: my-router-model"},
    {"k_thinktype/2",
     "\"thinking.type.enabled\" is not supported for this model."},           // the mock claimed adaptive was not
    {"q_simproxy/1", "context_management: Extra inputs are not permitted"}};  // a cloud's proxy, no betas at all

TEST(Recordings, are_accepted_but_for_what_only_a_mock_takes) {
  Api api;
  std::size_t sent = 0;
  for (const auto& file : recordings())
    for (const auto& recorded : load(file)) {
      const auto reply = send(api, recorded);
      ++sent;
      const auto expected = refused_with_reason.find(recorded.name);
      if (expected == refused_with_reason.end()) {
        EXPECT_EQ(reply.status, 200) << recorded.name << ": " << reply.pieces[0].bytes;
      } else {
        const auto message = json::parse(reply.pieces[0].bytes).at("error").at("message").as_string();
        EXPECT_TRUE(view(message).starts_with(expected->second)) << recorded.name << ": " << message;
      }
    }
  EXPECT_GT(sent, 40u);
}

TEST(Recordings, foreign_signatures_are_counted) {
  Api api;
  for (const auto& recorded : load(fs::path(DISTIQ_SOURCE_DIR) / "tests/recordings/claude_code/b_tool.json"))
    send(api, recorded);
  EXPECT_EQ(api.world.counters.foreign_signatures, 2);
  EXPECT_EQ(api.world.counters.own_signatures, 0);
}

TEST(Recordings, each_step_of_a_tool_loop_reads_what_the_one_before_wrote) {
  Api api;
  const auto loop = load(fs::path(DISTIQ_SOURCE_DIR) / "tests/recordings/claude_code/b_tool.json");
  ASSERT_EQ(loop.size(), 3u);
  for (const auto& recorded : loop) ASSERT_EQ(send(api, recorded).status, 200);
  const auto& entries = api.world.ledger.entries();
  EXPECT_EQ(entries[0].usage.prompt.read, 0);
  EXPECT_GT(entries[0].usage.prompt.written_5m, 5000);
  for (std::size_t i = 1; i < 3; ++i) {
    const auto& before = entries[i - 1].usage.prompt;
    EXPECT_EQ(entries[i].usage.prompt.read, before.read + before.written_5m) << i;
    EXPECT_GT(entries[i].usage.prompt.written_5m, 0);
    EXPECT_EQ(entries[i].usage.prompt.input, 0);
  }
}

TEST(Recordings, lanes_are_recognised) {
  Api api;
  std::map<std::string, int> lanes;
  for (const auto& recorded : load(fs::path(DISTIQ_SOURCE_DIR) / "tests/recordings/claude_code/e_subagent.json"))
    send(api, recorded);
  for (const auto& entry : api.world.ledger.entries()) ++lanes[entry.lane];
  EXPECT_EQ(lanes["main"], 3);
  EXPECT_EQ(lanes["subagent"], 2);
}

}  // namespace
}  // namespace sim

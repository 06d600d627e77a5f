#include "promptcache/prompt_parts.h"

#include <gtest/gtest.h>

#include <string>

#include "message/recordings_for_test.h"
#include "message/request_scanner.h"
#include "promptcache/prompt_map.h"

namespace distiq {
namespace {

bool same(const PromptParts& a, const PromptParts& b) {
  const auto hashes = [](const std::vector<HashedPart>& parts) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> list;
    for (const HashedPart& part : parts) list.emplace_back(part.hash, part.weight);
    return list;
  };
  return hashes(a.tools) == hashes(b.tools) && hashes(a.system) == hashes(b.system) &&
         hashes(a.messages) == hashes(b.messages) && a.starts == b.starts;
}

// Whether the parts of `body` are the same beside `earlier` as alone.
bool same_beside(const std::string& body, const std::string& earlier) {
  const auto before = scan_request(earlier);
  const PromptParts known = hash_parts(*before);
  const auto beside = scan_request(body, {}, &*before);
  return same(hash_parts(*beside, &known), hash_parts(*scan_request(body)));
}

std::string body_of(std::string_view tools, std::string_view system, std::string_view messages) {
  return std::string(R"({"tools":[)")
      .append(tools)
      .append(R"(],"system":)")
      .append(system)
      .append(R"(,"messages":[)")
      .append(messages)
      .append("]}");
}

const std::string tool_a = R"({"name":"A","description":"a","input_schema":{}})";
const std::string tool_b = R"({"name":"B","description":"b","input_schema":{}})";
const std::string blocks = R"([{"type":"text","text":"x"},{"type":"text","text":"y"}])";
const std::string ask = R"({"role":"user","content":"ask"})";
const std::string say = R"({"role":"assistant","content":[{"type":"text","text":"1"},{"type":"text","text":"2"}]})";

TEST(prompt_parts, what_was_taken_over_keeps_its_hash_and_its_place) {
  const std::string body = body_of(tool_a + "," + tool_b, blocks, ask + "," + say + "," + ask);
  EXPECT_TRUE(same_beside(body, body));
  EXPECT_TRUE(same_beside(body, body_of(tool_a, blocks, ask + "," + say)));
  EXPECT_TRUE(same_beside(body, body_of(tool_b + "," + tool_b, R"([{"type":"text","text":"z"}])", say + "," + say)));
  EXPECT_TRUE(same_beside(body, body_of("", R"("text")", "")));
  EXPECT_TRUE(same_beside(body_of("", R"("text")", ""), body));
}

TEST(prompt_parts, a_reference_is_hashed_again_where_the_tools_have_changed) {
  const std::string deferred = R"({"name":"D","description":"d","input_schema":{},"defer_loading":true})";
  const std::string redefined = R"({"name":"D","description":"e","input_schema":{},"defer_loading":true})";
  const std::string found = R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[)"
                            R"({"type":"tool_reference","tool_name":"D"}]}]})";
  const std::string body = body_of(tool_a + "," + deferred, blocks, ask + "," + found);
  EXPECT_TRUE(same_beside(body, body));
  EXPECT_TRUE(same_beside(body, body_of(tool_a + "," + redefined, blocks, ask + "," + found)));
  EXPECT_TRUE(same_beside(body, body_of(tool_a, blocks, ask + "," + found)));
}

TEST(prompt_parts, of_every_recorded_request_beside_the_one_before_it) {
  if (recorded_scenarios().empty()) GTEST_SKIP() << "no recordings beside the project and none in tests/recordings";
  const std::size_t pairs =
      each_recorded_follower([](const std::string& body, const std::string& earlier, const std::string& what) {
        EXPECT_TRUE(same_beside(body, earlier)) << what;
      });
  EXPECT_GT(pairs, 20u);
}

}  // namespace
}  // namespace distiq

#include "message/request_scanner.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(RequestScanner, finds_the_fields_of_a_small_request) {
  const std::string body =
      R"({"model":"claude-opus-5-5","max_tokens":100,"stream":true,"system":[{"type":"text","text":"be brief",)"
      R"("cache_control":{"type":"ephemeral","ttl":"1h"}}],"tools":[{"name":"Bash","defer_loading":true}],)"
      R"("messages":[{"role":"user","content":"hi"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1",)"
      R"("is_error":true,"content":[{"type":"text","text":"no"}]}]}]})";
  const auto view = scan_request(body);
  ASSERT_TRUE(view.has_value()) << to_string(view.error().reason);
  EXPECT_EQ(view->raw(view->model), "\"claude-opus-5-5\"");
  EXPECT_EQ(view->max_tokens_value(), 100u);
  EXPECT_TRUE(view->is_streaming());
  ASSERT_EQ(view->tools.size(), 1u);
  EXPECT_TRUE(view->tools[0].defer_loading);
  ASSERT_EQ(view->messages.size(), 2u);
  ASSERT_EQ(view->blocks.size(), 3u);
  EXPECT_EQ(view->blocks[1].type, BlockType::tool_result);
  EXPECT_TRUE(view->blocks[1].is_error);
  EXPECT_EQ(view->blocks[1].next, 3u);
  ASSERT_EQ(view->cache_marks.size(), 1u);
  EXPECT_EQ(view->cache_marks[0].ttl, CacheTtl::one_hour);
}

}  // namespace
}  // namespace distiq

// Every recorded request of the real client, read in two ways.
#include <gtest/gtest.h>

#include "message/edit_plan.h"
#include "message/recordings_for_test.h"
#include "message/second_opinion_for_test.h"

namespace distiq {
namespace {

TEST(Recordings, every_messages_body_is_understood_and_read_as_a_second_parser_reads_it) {
  if (recorded_scenarios().empty()) GTEST_SKIP() << "no recordings beside the project and none in tests/recordings";
  std::size_t bodies = 0;
  for (const std::string& scenario : recorded_scenarios()) {
    for (const RecordedRequest& request : load_recording(scenario)) {
      if (request.body.empty() || !request.head.path().starts_with("/v1/messages")) continue;
      ++bodies;
      const auto view = scan_request(request.body);
      ASSERT_TRUE(view.has_value()) << scenario << ' ' << request.number << ": " << to_string(view.error().reason);
      EXPECT_TRUE(view->model.is_string());
      EXPECT_FALSE(view->messages.empty());
      EXPECT_FALSE(view->has_duplicate_keys);
      EXPECT_EQ(second_opinion::disagreement(request.body), "") << scenario << ' ' << request.number;
    }
  }
  EXPECT_GT(bodies, 20u);
}

TEST(Recordings, a_changed_model_changes_nothing_else) {
  if (recorded_scenarios().empty()) GTEST_SKIP() << "no recordings beside the project and none in tests/recordings";
  for (const std::string& scenario : recorded_scenarios()) {
    for (const RecordedRequest& request : load_recording(scenario)) {
      const auto view = scan_request(request.body);
      if (!view) continue;
      EditPlan plan;
      ASSERT_EQ(plan.apply(request.body)->joined(), request.body);
      ASSERT_TRUE(plan_model(plan, *view, "claude-haiku-5-5", "test"));
      const std::string edited = plan.apply(request.body)->joined();
      auto expected = boost::json::parse(request.body);
      expected.as_object()["model"] = "claude-haiku-5-5";
      ASSERT_EQ(boost::json::parse(edited), expected) << scenario << ' ' << request.number;
      const std::size_t before = view->model.range.at;
      const std::size_t after = request.body.size() - view->model.range.end();
      ASSERT_EQ(edited.substr(0, before), request.body.substr(0, before));
      ASSERT_EQ(edited.substr(edited.size() - after), request.body.substr(request.body.size() - after));
    }
  }
}

}  // namespace
}  // namespace distiq

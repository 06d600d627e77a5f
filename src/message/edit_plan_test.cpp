#include "message/edit_plan.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <random>

#include "message/request_scanner.h"

namespace distiq {
namespace {

Splice splice(std::uint32_t at, std::uint32_t size, std::string replacement) {
  return {{at, size}, std::move(replacement), "test"};
}

std::string applied(const EditPlan& plan, std::string_view body) {
  const auto result = plan.apply(body);
  return result ? result->joined() : "error: " + result.error().log_detail;
}

TEST(EditPlan, an_empty_plan_is_the_body_itself_not_a_copy) {
  const std::string body = "{}";
  const auto result = EditPlan().apply(body);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->pieces.size(), 1u);
  EXPECT_EQ(result->pieces[0].data(), body.data());
  EXPECT_EQ(result->size, body.size());
}

TEST(EditPlan, an_empty_body_has_no_pieces) {
  EXPECT_TRUE(EditPlan().apply("")->pieces.empty());
}

TEST(EditPlan, splices_apply_in_body_order_whatever_order_they_came_in) {
  EditPlan plan;
  ASSERT_TRUE(plan.add(splice(8, 2, "Z")));
  ASSERT_TRUE(plan.add(splice(0, 1, "A")));
  ASSERT_TRUE(plan.add(splice(4, 0, "++")));
  ASSERT_TRUE(plan.add(splice(5, 2, "")));
  EXPECT_EQ(applied(plan, "0123456789"), "A123++47Z");
  EXPECT_EQ(plan.apply("0123456789")->size, 9u);
}

TEST(EditPlan, neighbours_touch_but_do_not_overlap) {
  EditPlan plan;
  ASSERT_TRUE(plan.add(splice(2, 2, "b")));
  ASSERT_TRUE(plan.add(splice(0, 2, "a")));
  ASSERT_TRUE(plan.add(splice(4, 2, "c")));
  ASSERT_TRUE(plan.add(splice(4, 0, "|"))) << "an insertion right before a replacement";
  ASSERT_TRUE(plan.add(splice(6, 0, "!")));
  EXPECT_EQ(applied(plan, "001122"), "ab|c!");
}

TEST(EditPlan, the_same_bytes_cannot_be_changed_twice) {
  const auto refused = [](Splice first, Splice second) {
    EditPlan plan;
    EXPECT_TRUE(plan.add(first));
    const Result<void> added = plan.add(second);
    EXPECT_EQ(plan.splices().size(), 1u + (added ? 1 : 0));
    return !added && added.error().kind == ErrorKind::internal;
  };
  EXPECT_TRUE(refused(splice(2, 3, ""), splice(4, 1, "")));
  EXPECT_TRUE(refused(splice(2, 3, ""), splice(0, 3, "")));
  EXPECT_TRUE(refused(splice(2, 3, ""), splice(2, 3, "")));
  EXPECT_TRUE(refused(splice(2, 3, ""), splice(0, 9, "")));
  EXPECT_TRUE(refused(splice(2, 3, ""), splice(3, 0, "x"))) << "an insertion into replaced bytes";
  EXPECT_TRUE(refused(splice(3, 0, "x"), splice(2, 3, "")));
  EXPECT_TRUE(refused(splice(3, 0, "x"), splice(3, 0, "y"))) << "two insertions at one place have no order";
  EXPECT_FALSE(refused(splice(2, 3, ""), splice(5, 0, "x")));
  EXPECT_TRUE(refused(splice(0xFFFFFFF0, 0xFF, ""), splice(0xFFFFFFFF, 1, ""))) << "no wrap-around";
}

TEST(EditPlan, a_splice_behind_the_body_is_an_internal_error) {
  for (const Splice& outside :
       {splice(3, 1, ""), splice(2, 2, ""), splice(4, 0, "x"), splice(0xFFFFFFFF, 0xFFFFFFFF, "")}) {
    EditPlan plan;
    ASSERT_TRUE(plan.add(outside));
    const auto result = plan.apply("abc");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::internal);
  }
  EditPlan at_end;
  ASSERT_TRUE(at_end.add(splice(3, 0, "d")));
  EXPECT_EQ(applied(at_end, "abc"), "abcd");
}

TEST(EditPlan, random_plans_equal_a_reference_that_edits_from_the_back) {
  std::mt19937 random(3);  // NOLINT: the same plans every time
  for (int round = 0; round < 3000; ++round) {
    std::string body(random() % 60, ' ');
    for (char& c : body) c = static_cast<char>('a' + random() % 26);
    EditPlan plan;
    std::vector<Splice> accepted;
    for (auto tries = random() % 8; tries > 0; --tries) {
      const auto at = static_cast<std::uint32_t>(random() % (body.size() + 1));
      const auto size = static_cast<std::uint32_t>(random() % (body.size() - at + 1));
      const Splice one = splice(at, random() % 2 == 0 ? 0 : size, std::string(random() % 5, 'X'));
      if (plan.add(one)) accepted.push_back(one);
    }
    std::sort(accepted.begin(), accepted.end(), [](const Splice& a, const Splice& b) {
      return std::pair(a.range.at, a.range.end()) > std::pair(b.range.at, b.range.end());
    });
    std::string expected = body;
    for (const Splice& one : accepted) expected.replace(one.range.at, one.range.size, one.replacement);
    const auto result = plan.apply(body);
    ASSERT_TRUE(result);
    ASSERT_EQ(result->joined(), expected);
    ASSERT_EQ(result->size, expected.size());
    for (const auto piece : result->pieces) ASSERT_FALSE(piece.empty());
  }
}

// Values that a parse and re-write would change.
constexpr std::string_view odd_values =
    R"({"big":123456789012345678901234567890,"one":1.0,"exp":1E+2,"lone":"\ud800","esc":"\u0041\/","dup":1,"dup":2, "sp" : [ 1 ]})";

TEST(EditPlan, what_json_libraries_like_to_change_survives_a_new_model) {
  const std::string before = R"({"metadata":)" + std::string(odd_values) + R"(,"model":)";
  const std::string after =
      R"(,"messages":[{"role":"assistant","content":[{"type":"tool_use","input":)" + std::string(odd_values) + "}]}]}";
  const std::string body = before + R"("claude-opus-5-5")" + after;
  const auto view = scan_request(body);
  ASSERT_TRUE(view);
  EditPlan plan;
  ASSERT_TRUE(plan_model(plan, *view, "claude-haiku-5-5", "simple question"));
  EXPECT_EQ(applied(plan, body), before + R"("claude-haiku-5-5")" + after);
  EXPECT_EQ(plan.splices()[0].reason, "simple question");
}

// A random JSON value; keys may repeat.
std::string random_json(std::mt19937& random, int depth) {
  constexpr std::array<std::string_view, 12> scalars = {"0",
                                                        "-1.50",
                                                        "1e5",
                                                        "123456789012345678901234567890",
                                                        "true",
                                                        "null",
                                                        "\"\"",
                                                        "\"\\ud800\"",
                                                        "\"a\\n\\u0041\"",
                                                        "1.0",
                                                        "\"\xD0\x9F\"",
                                                        "false"};
  const auto space = [&] { return std::string(random() % 4 == 0 ? " " : ""); };
  if (depth == 0 || random() % 3 == 0) return std::string(scalars[random() % scalars.size()]);
  const bool is_object = random() % 2 == 0;
  std::string text(is_object ? "{" : "[");
  for (auto count = random() % 4, i = count - count; i < count; ++i) {
    if (i > 0) text += "," + space();
    if (is_object) text += fmt::format("\"k{}\"{}:{}", random() % 3, space(), space());
    text += random_json(random, depth - 1);
  }
  return text + space() + (is_object ? "}" : "]");
}

TEST(EditPlan, in_random_documents_only_the_model_changes_and_the_result_is_still_understood) {
  std::mt19937 random(5);  // NOLINT: the same documents every time
  for (int round = 0; round < 2000; ++round) {
    const std::string before = "{\"x\":" + random_json(random, 4) + ",\"model\" :";
    const std::string after = ", \"y\":" + random_json(random, 4) + "}";
    const std::string body = before + "\"old\"" + after;
    const auto view = scan_request(body);
    ASSERT_TRUE(view) << body;
    EditPlan plan;
    ASSERT_TRUE(plan_model(plan, *view, "n\"w", "test"));
    const std::string edited = applied(plan, body);
    ASSERT_EQ(edited, before + R"("n\"w")" + after);
    const auto again = scan_request(edited);
    ASSERT_TRUE(again) << edited;
    ASSERT_EQ(again->text(again->model), "n\"w");
  }
}

TEST(EditPlan, bodies_that_must_not_be_edited_are_refused) {
  EditPlan plan;
  for (const std::string body : {R"({"model":"a","model":"b"})", R"({"messages":[]})",
                                 R"({"model":"a","messages":[{"role":"user","role":"user"}]})"}) {
    const auto view = scan_request(body);
    ASSERT_TRUE(view);
    const Result<void> planned = plan_model(plan, *view, "c", "test");
    ASSERT_FALSE(planned) << body;
    EXPECT_EQ(planned.error().kind, ErrorKind::internal);
  }
  EXPECT_TRUE(plan.empty());
}

}  // namespace
}  // namespace distiq

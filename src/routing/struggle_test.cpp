#include "routing/struggle.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "message/recordings_for_test.h"
#include "message/request_scanner.h"

namespace distiq {
namespace {

// A conversation, step by step.
class Talk {
 public:
  Talk& human(std::string_view words) { return add(R"({{"role":"user","content":"{}"}})", words); }
  Talk& call(std::string_view name, std::string_view input) {
    return add(R"({{"role":"assistant","content":[{{"type":"thinking","thinking":"","signature":"s"}},)"
               R"({{"type":"tool_use","id":"t","name":"{}","input":{}}}]}})",
               name, input);
  }
  Talk& bash(std::string_view command) { return call("Bash", fmt::format(R"({{"command":"{}"}})", command)); }
  Talk& edit(std::string_view file, std::string_view from, std::string_view to) {
    return call("Edit", fmt::format(R"({{"file_path":"{}","old_string":"{}","new_string":"{}"}})", file, from, to));
  }
  Talk& result(bool is_error) {
    return add(
        R"({{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t","content":"x","is_error":{}}}]}})",
        is_error ? "true" : "false");
  }
  Struggle struggle() const {
    const std::string body = fmt::format(R"({{"model":"m","messages":[{}]}})", messages_);
    return find_struggle(*scan_request(body));
  }

 private:
  template <class... Args>
  Talk& add(fmt::format_string<Args...> form, Args&&... args) {
    messages_ += (messages_.empty() ? "" : ",") + fmt::format(form, std::forward<Args>(args)...);
    return *this;
  }
  std::string messages_;
};

TEST(Struggle, nothing_to_see) {
  EXPECT_EQ(Talk().struggle(), Struggle{});
  EXPECT_EQ(Talk().human("hi").struggle(), Struggle{});
  EXPECT_EQ(Talk().human("hi").bash("ls").result(false).bash("pwd").result(false).struggle(),
            (Struggle{.same_call = 1}));
}

TEST(Struggle, errors_in_a_row_end_at_a_good_result) {
  Talk talk =
      Talk().human("hi").bash("a").result(true).bash("b").result(false).bash("c").result(true).bash("d").result(true);
  EXPECT_EQ(talk.struggle().errors_in_a_row, 2u);
  EXPECT_EQ(talk.bash("e").result(false).struggle().errors_in_a_row, 0u);
}

TEST(Struggle, the_same_call_is_the_same_to_the_byte) {
  Talk talk = Talk().human("hi").bash("make").result(true).bash("vi x").result(false).bash("make").result(true);
  EXPECT_EQ(talk.struggle().same_call, 2u);
  EXPECT_EQ(talk.bash("make").result(true).struggle().same_call, 3u);
  EXPECT_EQ(talk.bash("make -j").result(true).struggle().same_call, 1u);
  EXPECT_EQ(Talk().human("hi").call("A", "{}").call("B", "{}").struggle().same_call, 1u);
}

TEST(Struggle, edits_back_and_forth) {
  Talk talk = Talk().human("hi").edit("a.c", "one", "two").result(false);
  EXPECT_EQ(talk.struggle().edit_flips, 0u);
  EXPECT_EQ(Talk(talk).edit("a.c", "two", "three").result(false).struggle().edit_flips, 0u) << "going on";
  EXPECT_EQ(Talk(talk).edit("b.c", "two", "one").result(false).struggle().edit_flips, 0u) << "another file";
  EXPECT_EQ(talk.edit("a.c", "two", "one").result(false).struggle().edit_flips, 1u);
  EXPECT_EQ(talk.edit("a.c", "one", "two").result(false).struggle().edit_flips, 2u);
}

TEST(Struggle, only_since_the_human_spoke) {
  Talk talk = Talk().human("hi").bash("a").result(true).bash("a").result(true).human("and now?").bash("a").result(true);
  EXPECT_EQ(talk.struggle(), (Struggle{.errors_in_a_row = 1, .same_call = 1}));
  EXPECT_EQ(talk.human("again").struggle(), Struggle{});
}

TEST(Struggle, looks_back_only_so_far) {
  Talk talk = Talk().human("hi");
  for (int i = 0; i < 200; ++i) talk.bash("a").result(true);
  EXPECT_EQ(talk.struggle(), (Struggle{.errors_in_a_row = 32, .same_call = 32}));
}

TEST(Struggle, inputs_of_any_form_are_tolerated) {
  EXPECT_EQ(Talk().human("hi").call("Edit", "[1]").call("Edit", "null").call("Edit", R"({"file_path":7})").struggle(),
            (Struggle{.same_call = 1}));
  EXPECT_EQ(Talk()
                .human("hi")
                .call("Edit", R"({"x":{"file_path":"a"},"old_string":"b\"","new_string":"c"})")
                .struggle()
                .edit_flips,
            0u);
}

TEST(Struggle, recorded_sessions_that_went_well_show_none) {
  std::size_t loops = 0;
  for (const std::string_view scenario : {"m_loop25", "b_tool", "e_subagent", "h_toolsearch"}) {
    for (const RecordedRequest& request : load_recording(scenario)) {
      const auto view = scan_request(request.body);
      if (!view) continue;
      const Struggle struggle = find_struggle(*view);
      EXPECT_LE(struggle.errors_in_a_row, 1u) << scenario;
      EXPECT_EQ(struggle.edit_flips, 0u) << scenario;
      loops += struggle.same_call > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(loops, 0u);
}

}  // namespace
}  // namespace distiq

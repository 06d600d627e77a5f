// Thinking signatures, through the service: what may change before a block and what may not.
#include "prompt/signature.h"

#include <gtest/gtest.h>

#include "service/test_support.h"

namespace sim {
namespace {

namespace json = boost::json;
using test::Api;

constexpr std::string_view tool_bash = R"({"name":"Bash","description":"runs","input_schema":{"type":"object"}})";
constexpr std::string_view tool_read = R"({"name":"Read","description":"reads","input_schema":{"type":"object"}})";

// A conversation whose answers carry thinking: "run a, then run b, ..." makes one tool call per step.
struct Talk {
  std::string model = "claude-opus-5-5";
  std::string system = "be brief";
  json::array tools{json::parse(tool_bash), json::parse(tool_read)};
  json::array messages{json::object{{"role", "user"}, {"content", "run one, then run two, then run three"}}};
  std::string thinking = R"({"type":"adaptive"})";

  json::object body() const {
    json::object out{
        {"model", model}, {"max_tokens", 2000}, {"system", system}, {"tools", tools}, {"messages", messages}};
    if (!thinking.empty()) out["thinking"] = json::parse(thinking);
    return out;
  }
};

test::Got ask(Api& api, const Talk& talk) {
  return api.ask(json::serialize(talk.body()));
}

// One step: the answer goes into the history, the tool's result after it.
void step(Api& api, Talk& talk) {
  const auto got = ask(api, talk);
  ASSERT_EQ(got.status, 200) << got.text;
  const auto content = got.json().at("content").as_array();
  talk.messages.push_back(json::object{{"role", "assistant"}, {"content", content}});
  json::array results;
  for (const auto& block : content)
    if (block.at("type") == "tool_use")
      results.push_back(json::object{{"type", "tool_result"}, {"tool_use_id", block.at("id")}, {"content", "out"}});
  ASSERT_FALSE(results.empty());
  talk.messages.push_back(json::object{{"role", "user"}, {"content", results}});
}

Talk two_steps(Api& api) {
  Talk talk;
  step(api, talk);
  step(api, talk);
  return talk;
}

json::object& block(Talk& talk, std::size_t message, std::size_t index) {
  return talk.messages[message].as_object()["content"].as_array()[index].as_object();
}

struct Edit {
  const char* name;
  void (*apply)(Talk&);
  bool accepted;
};

class SignatureBinding : public testing::TestWithParam<Edit> {};

TEST_P(SignatureBinding, decides_by_what_changed) {
  Api api;
  auto talk = two_steps(api);
  GetParam().apply(talk);
  const auto got = ask(api, talk);
  if (GetParam().accepted) {
    EXPECT_EQ(got.status, 200) << got.text;
  } else {
    EXPECT_EQ(got.status, 400);
    EXPECT_NE(got.error().find("Invalid `signature` in `thinking` block"), std::string::npos) << got.text;
  }
}

void nothing(Talk&) {}

INSTANTIATE_TEST_SUITE_P(
    edits, SignatureBinding,
    testing::Values(
        Edit{"nothing", nothing, true},
        Edit{"cache_control_moved",
             [](Talk& talk) { block(talk, 2, 0)["cache_control"] = json::object{{"type", "ephemeral"}}; }, true},
        Edit{"tools_reordered", [](Talk& talk) { std::swap(talk.tools[0], talk.tools[1]); }, true},
        Edit{"first_message_as_a_block",
             [](Talk& talk) {
               auto& message = talk.messages[0].as_object();
               message["content"] = json::array{json::object{{"type", "text"}, {"text", message["content"]}}};
             },
             true},
        Edit{"blanks_at_the_ends", [](Talk& talk) { talk.system = " be brief\n"; }, true},
        Edit{"key_order_of_a_schema",
             [](Talk& talk) {
               talk.tools[0] = json::parse(R"({"input_schema":{"type":"object"},"description":"runs","name":"Bash"})");
             },
             true},
        Edit{"a_request_parameter", [](Talk& talk) { talk.thinking = R"({"type":"adaptive","display":"omitted"})"; },
             true},
        Edit{"the_tail_cut_off", [](Talk& talk) { talk.messages.resize(3); }, true},
        Edit{"all_thinking_dropped",
             [](Talk& talk) {
               for (const std::size_t m : {1u, 3u}) {
                 auto& content = talk.messages[m].as_object()["content"].as_array();
                 content.erase(content.begin());
               }
             },
             true},
        Edit{"the_first_thinking_dropped",
             [](Talk& talk) {
               auto& content = talk.messages[1].as_object()["content"].as_array();
               content.erase(content.begin());
             },
             true},
        Edit{"system_text", [](Talk& talk) { talk.system = "be long"; }, false},
        Edit{"a_tool_description",
             [](Talk& talk) {
               talk.tools[0] = json::parse(R"({"name":"Bash","description":"walks","input_schema":{"type":"object"}})");
             },
             false},
        Edit{"one_more_tool",
             [](Talk& talk) { talk.tools.push_back(json::parse(R"({"name":"X","input_schema":{"type":"object"}})")); },
             false},
        Edit{"one_tool_less", [](Talk& talk) { talk.tools.pop_back(); }, false},
        Edit{"an_old_tool_result", [](Talk& talk) { block(talk, 2, 0)["content"] = "ou"; }, false},
        Edit{"an_old_prompt",
             [](Talk& talk) { talk.messages[0].as_object()["content"] = "run one, then run two, then run four"; },
             false},
        Edit{"an_inserted_reminder",
             [](Talk& talk) {
               talk.messages[0].as_object()["content"] =
                   json::array{json::object{{"type", "text"}, {"text", "<system-reminder>x</system-reminder>"}},
                               json::object{{"type", "text"}, {"text", "run one, then run two, then run three"}}};
             },
             false},
        Edit{"a_signature_letter",
             [](Talk& talk) {
               auto& signature = block(talk, 1, 0)["signature"].as_string();
               signature[20] = signature[20] == 'A' ? 'B' : 'A';
             },
             false},
        Edit{"the_thinking_itself", [](Talk& talk) { block(talk, 1, 0)["thinking"] = "something else"; }, false},
        Edit{"a_signature_from_elsewhere_in_the_conversation",
             [](Talk& talk) { block(talk, 1, 0)["signature"] = block(talk, 3, 0)["signature"]; }, false}),
    [](const auto& test) { return test.param.name; });

TEST(Signature, a_gap_between_thinking_blocks_is_an_edit) {
  Api api;
  auto talk = two_steps(api);
  step(api, talk);
  auto& content = talk.messages[3].as_object()["content"].as_array();
  content.erase(content.begin());
  EXPECT_EQ(ask(api, talk).status, 400);
}

TEST(Signature, names_the_block_in_the_error) {
  Api api;
  auto talk = two_steps(api);
  talk.system = "other";
  EXPECT_EQ(
      ask(api, talk).error().find("messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound "
                                  "to a different conversation"),
      0u);
}

TEST(Signature, an_old_account_is_not_bound_to_the_prefix_but_still_to_the_block) {
  Api api(WorldConfig{.prefix_check = PrefixCheck::ignore});
  auto talk = two_steps(api);
  talk.system = "other";
  EXPECT_EQ(ask(api, talk).status, 200);
  block(talk, 1, 0)["thinking"] = "something else";
  EXPECT_EQ(ask(api, talk).status, 400);
}

TEST(Signature, fable_5_2_binds_every_account) {
  Api api(WorldConfig{.prefix_check = PrefixCheck::ignore});
  Talk talk;
  talk.model = "claude-fable-5-2";
  step(api, talk);
  talk.system = "other";
  EXPECT_EQ(ask(api, talk).status, 400);
}

TEST(Signature, models_without_the_check_take_an_edited_prefix) {
  Api api;
  Talk talk;
  talk.model = "claude-opus-5";
  step(api, talk);
  talk.system = "other";
  EXPECT_EQ(ask(api, talk).status, 200);
}

TEST(Signature, drop_block_drops_instead_and_reports_it) {
  Api api;
  api.betas = "thinking-binding-controls-2026-08-01";
  auto talk = two_steps(api);
  const auto before = test::number(ask(api, talk).usage(), "input_tokens");
  talk.system = "others ";
  talk.thinking = R"({"type":"adaptive","block_binding":{"prefix_mismatch_behavior":"drop_block"}})";
  const auto got = ask(api, talk);
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.json().at("input_transformations").as_array().size(), 2u);
  EXPECT_LT(test::number(got.usage(), "input_tokens"), before) << "dropped blocks are not billed";
  EXPECT_EQ(api.world.counters.dropped_thinking, 2);
}

struct Reads {
  const char* name;
  const char* maker;
  const char* reader;
  bool reads;
};

class ModelCheck : public testing::TestWithParam<Reads> {};

// What the target cannot read is dropped silently: 200, and not billed.
TEST_P(ModelCheck, drops_what_the_target_cannot_read) {
  Api api;
  Talk talk;
  talk.model = GetParam().maker;
  step(api, talk);
  talk.model = GetParam().reader;
  EXPECT_EQ(ask(api, talk).status, 200);
  EXPECT_EQ(api.world.counters.dropped_thinking, GetParam().reads ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(
    moves, ModelCheck,
    testing::Values(Reads{"sonnet_5_5_to_opus_5_5", "claude-sonnet-5-5", "claude-opus-5-5", true},
                    Reads{"opus_5_5_to_sonnet_5_5", "claude-opus-5-5", "claude-sonnet-5-5", false},
                    Reads{"haiku_5_5_to_opus_5_5", "claude-haiku-5-5", "claude-opus-5-5", true},
                    Reads{"haiku_5_5_to_sonnet_5_5", "claude-haiku-5-5", "claude-sonnet-5-5", true},
                    Reads{"opus_5_5_to_haiku_5_5", "claude-opus-5-5", "claude-haiku-5-5", false},
                    Reads{"sonnet_5_5_to_haiku_5_5", "claude-sonnet-5-5", "claude-haiku-5-5", false},
                    Reads{"opus_5_to_opus_5_5", "claude-opus-5", "claude-opus-5-5", true},
                    Reads{"opus_5_to_sonnet_5_5", "claude-opus-5", "claude-sonnet-5-5", false},
                    Reads{"opus_4_8_to_sonnet_5_5", "claude-opus-4-8", "claude-sonnet-5-5", true},
                    Reads{"fable_5_2_to_opus_5_5", "claude-fable-5-2", "claude-opus-5-5", false},
                    Reads{"opus_5_5_to_fable_5_2", "claude-opus-5-5", "claude-fable-5-2", true}),
    [](const auto& test) { return test.param.name; });

TEST(Signature, a_round_trip_over_another_model_loses_nothing) {
  Api api;
  Talk talk;
  step(api, talk);
  talk.model = "claude-sonnet-5-5";
  step(api, talk);
  talk.model = "claude-opus-5-5";
  const auto dropped = api.world.counters.dropped_thinking;
  EXPECT_EQ(ask(api, talk).status, 200);
  EXPECT_EQ(api.world.counters.dropped_thinking, dropped);
}

TEST(Signature, sonnet_5_5_thinking_is_read_in_its_own_account_only) {
  Api api;
  Talk talk;
  talk.model = "claude-sonnet-5-5";
  step(api, talk);
  api.key = "another account";
  EXPECT_EQ(ask(api, talk).status, 200);
  EXPECT_EQ(api.world.counters.dropped_thinking, 1);
}

TEST(Signature, a_foreign_signature_is_accepted_and_counted) {
  Api api;
  Talk talk;
  talk.messages.push_back(json::parse(
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"EqMBCkYIBxgCKkAmock=="},{"type":"text","text":"ok"}]})"));
  talk.messages.push_back(json::object{{"role", "user"}, {"content", "go on"}});
  EXPECT_EQ(ask(api, talk).status, 200);
  EXPECT_EQ(api.world.counters.foreign_signatures, 1);
  EXPECT_EQ(api.world.counters.own_signatures, 0);
}

TEST(Signature, thinking_that_is_not_shown_is_billed_again_all_the_same) {
  Api shown_api;
  Talk shown;
  shown.thinking = R"({"type":"adaptive","display":"summarized"})";
  step(shown_api, shown);
  Api hidden_api;
  Talk hidden;
  hidden.thinking = R"({"type":"adaptive","display":"omitted"})";
  step(hidden_api, hidden);
  EXPECT_EQ(block(hidden, 1, 0)["thinking"], "");
  EXPECT_NE(block(shown, 1, 0)["thinking"], "");
  EXPECT_EQ(test::number(ask(shown_api, shown).usage(), "input_tokens"),
            test::number(ask(hidden_api, hidden).usage(), "input_tokens"));
}

TEST(Signature, older_models_keep_the_last_turn_unless_asked) {
  Api api;
  Talk talk;
  talk.model = "claude-haiku-4-5";
  talk.thinking = R"({"type":"enabled","budget_tokens":1024})";
  step(api, talk);
  talk.messages.push_back(json::object{{"role", "assistant"}, {"content", "done"}});
  talk.messages.push_back(json::object{{"role", "user"}, {"content", "next"}});
  const auto without = test::number(ask(api, talk).usage(), "input_tokens");
  api.betas = "context-management-2025-06-27";
  auto body = talk.body();
  body["context_management"] = json::parse(R"({"edits":[{"type":"clear_thinking_20251015","keep":"all"}]})");
  const auto with = api.ask(json::serialize(body));
  ASSERT_EQ(with.status, 200) << with.text;
  EXPECT_GT(test::number(with.usage(), "input_tokens"), without);
}

TEST(Signature, count_tokens_runs_the_same_check) {
  Api api;
  auto talk = two_steps(api);
  talk.system = "other";
  auto body = talk.body();
  body.erase("max_tokens");
  EXPECT_EQ(api.ask(json::serialize(body), {}, "/v1/messages/count_tokens").status, 400);
}

TEST(Signature, reads_back_what_it_wrote_and_nothing_else) {
  const SignatureFields fields{"claude-opus-5-5", "0123", 17, "aa", "bb", "cc"};
  const auto signature = make_signature(fields, "secret");
  const auto read = read_signature(signature, "secret");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->model, fields.model);
  EXPECT_EQ(read->tokens, 17);
  EXPECT_EQ(read->prefix, "bb");
  EXPECT_TRUE(read_signature(signature, "other secret")->model.empty());
  EXPECT_FALSE(read_signature("EqMBCkYIBxgCKkA", "secret"));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const auto cut = read_signature(signature.substr(0, i), "secret");
    EXPECT_TRUE(!cut || cut->model.empty()) << i;
  }
}

}  // namespace
}  // namespace sim

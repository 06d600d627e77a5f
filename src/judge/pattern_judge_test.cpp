#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "judge/judge_model.h"
#include "judge/prompt_judge.h"

namespace distiq {
namespace {

PromptVerdict judge(std::string_view text, std::size_t pictures = 0) {
  static const PatternJudge pattern_judge;
  return pattern_judge.judge({.text = text, .pictures = pictures});
}

TEST(pattern_judge, tells_easy_from_hard_in_both_languages) {
  struct Case {
    std::string_view text;
    Tier tier;
  };
  const std::array<Case, 8> cases = {{
      {"what does this flag do?", Tier::haiku},
      {"что делает эта функция?", Tier::haiku},
      {"переименуй переменную a в b", Tier::haiku},
      {"implement pagination for the orders endpoint and cover it with tests", Tier::sonnet},
      {"реализуй пагинацию заказов и напиши тесты", Tier::sonnet},
      {"почини падающий тест логина", Tier::sonnet},
      {"design the architecture of a multi-tenant event-driven billing platform and weigh the trade-offs", Tier::opus},
      {"спроектируй отказоустойчивую архитектуру с репликацией и без простоя", Tier::opus},
  }};
  for (const Case& c : cases) EXPECT_EQ(judge(c.text).tier, c.tier) << c.text << ": " << judge(c.text).reason;
}

TEST(pattern_judge, letters_case_and_yo_do_not_matter) {
  EXPECT_EQ(judge("ОБЪЯСНИ, ЧТО ВЕРНЁТ ФУНКЦИЯ").difficulty, judge("объясни, что вернет функция").difficulty);
  EXPECT_EQ(judge("EXPLAIN THE LOGIN CODE").difficulty, judge("explain the login code").difficulty);
}

TEST(pattern_judge, go_on_is_no_task) {
  for (const std::string_view text : {"", " \n\t", "go on", "Yes, please!", "да, продолжай", "ок", "спасибо", "2",
                                      "...", "👍", "давай второй вариант"}) {
    const PromptVerdict verdict = judge(text);
    EXPECT_FALSE(verdict.has_task) << text;
    EXPECT_EQ(verdict.confidence, 0) << text;
    EXPECT_EQ(verdict.tier, Tier::opus) << text;
  }
  EXPECT_TRUE(judge("go on with the refactoring").has_task);
  EXPECT_TRUE(judge("yes, rename it").has_task);
  EXPECT_TRUE(judge("", 1).has_task);
}

TEST(pattern_judge, hears_objections) {
  for (const std::string_view text :
       {"это не то", "still broken", "wrong again", "undo that", "опять не работает", "верни как было"}) {
    EXPECT_TRUE(judge(text).objection) << text;
  }
  for (const std::string_view text :
       {"You need to add an export button", "go on", "how do I undo a git add", "что не так с этим запросом?",
        "fix the broken link", "don't change the tests, only the implementation", "this is not wrong, go on",
        "нет ли способа увидеть пропущенные тесты?", "если всё ещё падает, добавь логов", "почему не работает импорт?",
        "ничего страшного, продолжай"}) {
    EXPECT_FALSE(judge(text).objection) << text;
  }
}

TEST(pattern_judge, an_objection_deep_in_a_report_is_not_the_humans) {
  std::string text = "Please look into this ticket from a customer and tell me which release it belongs to.";
  for (int i = 0; i < 40; ++i) text += " More words follow.";
  EXPECT_FALSE(judge(text + " it is still broken").objection);
}

TEST(pattern_judge, values_stay_in_range_for_any_bytes) {
  std::vector<std::string> texts = {std::string(1 << 20, 'a'),    std::string(1 << 20, '\0'),
                                    std::string(1 << 20, '\n'),   std::string(1 << 20, '`'),
                                    std::string(300'000, '\xD0'), std::string("\xC3\x28\xA0\xA1\xFE\xFF")};
  std::string mixed;
  for (int i = 0; i < 100'000; ++i) mixed += static_cast<char>(i * 37);
  texts.push_back(mixed);
  std::string designs;
  for (int i = 0; i < 10'000; ++i) designs += "design the distributed architecture, ";
  texts.push_back(designs);
  for (const std::string& text : texts) {
    const PromptVerdict verdict = judge(text);
    EXPECT_GE(verdict.difficulty, 0);
    EXPECT_LE(verdict.difficulty, 1);
    EXPECT_GE(verdict.confidence, 0);
    EXPECT_LE(verdict.confidence, 1);
    EXPECT_LT(verdict.reason.size(), 300u);
    EXPECT_EQ(verdict.reason.find('\n'), std::string::npos);
  }
}

TEST(pattern_judge, space_around_the_text_changes_nothing) {
  for (const std::string text : {"fix the login bug", "```\ncode();\n```", "почему?", "da\xD0"}) {
    const PromptVerdict bare = judge(text);
    const PromptVerdict spaced = judge(" \n" + text + "\n\t \r\n");
    EXPECT_EQ(bare.difficulty, spaced.difficulty) << text;
    EXPECT_EQ(bare.reason, spaced.reason) << text;
  }
}

TEST(pattern_judge, a_harder_tier_is_never_less_difficult_than_haiku) {
  const PromptVerdict easy = judge("what port is it?");
  const PromptVerdict hard = judge("find the root cause of the intermittent deadlock under load across our services");
  ASSERT_EQ(easy.tier, Tier::haiku);
  ASSERT_EQ(hard.tier, Tier::opus);
  EXPECT_LT(easy.difficulty, 0.3);
  EXPECT_GT(hard.difficulty, 0.6);
}

TEST(pattern_judge, says_why) {
  EXPECT_EQ(judge("what does it return?").reason, "question, 4 words, no code; about explaining");
  EXPECT_EQ(judge("ok").reason, "no task of its own: 1 word, no code");
  EXPECT_EQ(judge("").reason, "empty");
}

constexpr std::string_view no_terms = R"({"format":1,"groups":{}})";

TEST(judge_model, refuses_damaged_data) {
  for (const std::string_view terms : std::initializer_list<std::string_view>{
           "", "[]", "{}", R"({"format":2,"groups":{}})", R"({"format":1,"groups":{"nope":[]}})",
           R"({"format":1,"groups":{"ask":"x"}})", R"({"format":1,"groups":{"ask":[1]}})", no_terms}) {
    const auto model = read_judge_model(terms, "{}");
    ASSERT_FALSE(model.has_value()) << terms;
    EXPECT_EQ(model.error().kind, ErrorKind::bad_config);
  }
}

TEST(judge_model, refuses_weights_that_lack_the_objections) {
  std::string terms = R"({"format":1,"groups":{)";
  for (const std::string_view group : term_group_names) terms += '"' + std::string(group) + "\":[],";
  terms.back() = '}';
  terms += '}';
  std::string weights = R"({"format":1,"haiku_end":0,"sonnet_end":1,"haiku_sure":0.5,"haiku_code_sure":0.5,)"
                        R"("sonnet_sure":0.5,"weights":{)";
  for (std::size_t i = 0; i < feature_count; ++i) weights += '"' + std::string(feature_name(i)) + "\":0,";
  weights.back() = '}';
  std::string objection = R"(,"objection":{"bias":0,"sure":0.5,"weights":{)";
  for (std::size_t i = 0; i < objection_feature_count; ++i)
    objection += '"' + std::string(objection_feature_name(i)) + "\":0,";
  objection.back() = '}';
  EXPECT_TRUE(read_judge_model(terms, weights + objection + "}}").has_value());
  for (const std::string_view part : {"", R"(,"objection":1)", R"(,"objection":{"bias":0,"sure":0.5,"weights":{}})"}) {
    const auto model = read_judge_model(terms, weights + std::string(part) + "}");
    ASSERT_FALSE(model.has_value()) << part;
    EXPECT_NE(model.error().log_detail.find("objection"), std::string::npos) << model.error().log_detail;
  }
}

}  // namespace
}  // namespace distiq

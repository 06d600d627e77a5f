// The judge against data/prompts_labelled.jsonl and data/objections_labelled.jsonl. The floors are a few points below
// what docs/judge.md reports, so that a change of terms or weights that harms is noticed; nothing was fitted to the
// test split.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "judge/prompt_judge.h"

namespace distiq {
namespace {

struct Labelled {
  std::string id, lang, kind, split, text;
  std::optional<Tier> tier;
};

std::string text_of(simdjson::dom::object row, std::string_view name) {
  std::string_view text;
  return row[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

const std::vector<Labelled>& prompts() {
  static const std::vector<Labelled> all = [] {
    std::vector<Labelled> read;
    std::ifstream file(DISTIQ_SOURCE_DIR "/data/prompts_labelled.jsonl");
    simdjson::dom::parser parser;
    for (std::string line; std::getline(file, line);) {
      simdjson::dom::object row;
      if (parser.parse(line).get(row) != simdjson::SUCCESS) continue;
      read.push_back({text_of(row, "id"), text_of(row, "lang"), text_of(row, "kind"), text_of(row, "split"),
                      text_of(row, "text"), tier_from(text_of(row, "tier"))});
    }
    return read;
  }();
  return all;
}

// What is an objection and what is none, of both files.
const std::vector<Labelled>& remarks() {
  static const std::vector<Labelled> all = [] {
    std::vector<Labelled> read = prompts();
    std::ifstream file(DISTIQ_SOURCE_DIR "/data/objections_labelled.jsonl");
    simdjson::dom::parser parser;
    for (std::string line; std::getline(file, line);) {
      simdjson::dom::object row;
      bool objection = false;
      if (parser.parse(line).get(row) != simdjson::SUCCESS || row["objection"].get(objection) != simdjson::SUCCESS)
        continue;
      read.push_back({text_of(row, "id"), text_of(row, "lang"), objection ? "objection" : "hard", text_of(row, "split"),
                      text_of(row, "text"), std::nullopt});
    }
    return read;
  }();
  return all;
}

const PatternJudge& pattern_judge() {
  static const PatternJudge judge;
  return judge;
}

struct Confusion {
  int count = 0, right = 0, haiku_for_opus = 0, opus_for_haiku = 0, too_low = 0;
};

Confusion confusion(std::string_view split, std::string_view lang) {
  Confusion seen;
  for (const Labelled& prompt : prompts()) {
    if (!prompt.tier || prompt.split != split || prompt.lang != lang) continue;
    const Tier got = pattern_judge().judge({.text = prompt.text}).tier;
    ++seen.count;
    seen.right += got == *prompt.tier ? 1 : 0;
    seen.too_low += got < *prompt.tier ? 1 : 0;
    seen.haiku_for_opus += *prompt.tier == Tier::opus && got == Tier::haiku ? 1 : 0;
    seen.opus_for_haiku += *prompt.tier == Tier::haiku && got == Tier::opus ? 1 : 0;
  }
  return seen;
}

TEST(labelled_prompts, are_enough_balanced_and_distinct) {
  std::set<std::string> ids, texts;
  std::map<std::string, int> count;
  for (const Labelled& prompt : prompts()) {
    EXPECT_TRUE(ids.insert(prompt.id).second) << prompt.id;
    EXPECT_TRUE(texts.insert(prompt.text).second) << prompt.text;
    EXPECT_TRUE(prompt.split == "tune" || prompt.split == "test") << prompt.id;
    ++count[prompt.lang + (prompt.tier ? std::string(to_string(*prompt.tier)) : prompt.kind)];
  }
  EXPECT_GE(prompts().size(), 520u);
  for (const std::string lang : {"en", "ru"}) {
    for (const std::string tier : {"haiku", "sonnet", "opus"}) EXPECT_GE(count[lang + tier], 67) << lang << tier;
    EXPECT_GE(count[lang + "continue"], 30);
    EXPECT_GE(count[lang + "objection"], 30);
  }
}

TEST(labelled_prompts, accuracy_keeps_its_floor) {
  struct Floor {
    std::string_view split, lang;
    double accuracy, too_low;
  };
  for (const Floor& floor : {Floor{"tune", "en", 0.90, 0.06}, Floor{"tune", "ru", 0.90, 0.06},
                             Floor{"test", "en", 0.72, 0.13}, Floor{"test", "ru", 0.75, 0.18}}) {
    const Confusion seen = confusion(floor.split, floor.lang);
    ASSERT_GE(seen.count, 80);
    EXPECT_GE(static_cast<double>(seen.right) / seen.count, floor.accuracy) << floor.split << ' ' << floor.lang;
    EXPECT_LE(static_cast<double>(seen.too_low) / seen.count, floor.too_low) << floor.split << ' ' << floor.lang;
    EXPECT_EQ(seen.haiku_for_opus, 0) << floor.split << ' ' << floor.lang;
    EXPECT_EQ(seen.opus_for_haiku, 0) << floor.split << ' ' << floor.lang;
  }
}

TEST(labelled_prompts, a_task_is_never_taken_for_none) {
  for (const Labelled& prompt : prompts()) {
    if (!prompt.tier) continue;
    EXPECT_TRUE(pattern_judge().judge({.text = prompt.text}).has_task) << prompt.text;
  }
}

TEST(labelled_prompts, most_continuations_are_heard) {
  for (const std::string_view split : {"tune", "test"}) {
    int continuations = 0, seen = 0;
    for (const Labelled& prompt : prompts()) {
      if (prompt.split != split || prompt.kind != "continue") continue;
      ++continuations;
      seen += pattern_judge().judge({.text = prompt.text}).has_task ? 0 : 1;
    }
    EXPECT_GE(seen, continuations * 8 / 10) << split;
  }
}

TEST(labelled_objections, are_enough_balanced_and_distinct) {
  std::set<std::string> ids, texts;
  std::map<std::string, int> count;
  for (const Labelled& remark : remarks()) {
    EXPECT_TRUE(ids.insert(remark.id).second) << remark.id;
    EXPECT_TRUE(texts.insert(remark.text).second) << remark.text;
    EXPECT_TRUE(remark.split == "tune" || remark.split == "test") << remark.id;
    ++count[remark.lang + remark.kind + remark.split];
  }
  for (const std::string lang : {"en", "ru"}) {
    for (const std::string split : {"tune", "test"}) {
      EXPECT_GE(count[lang + "objection" + split], 75) << lang << split;
      EXPECT_GE(count[lang + "hard" + split], 60) << lang << split;
    }
  }
}

TEST(labelled_objections, recall_and_precision_keep_their_floor) {
  for (const std::string_view split : {"tune", "test"}) {
    for (const std::string_view lang : {"en", "ru"}) {
      int objections = 0, heard = 0, imagined = 0;
      for (const Labelled& remark : remarks()) {
        if (remark.split != split || remark.lang != lang) continue;
        const bool said = pattern_judge().judge({.text = remark.text}).objection;
        const bool is_one = remark.kind == "objection";
        objections += is_one ? 1 : 0;
        heard += is_one && said ? 1 : 0;
        imagined += !is_one && said ? 1 : 0;
      }
      EXPECT_GE(heard * 100, objections * 80) << split << ' ' << lang;
      EXPECT_GE(heard * 100, (heard + imagined) * 90) << split << ' ' << lang;
    }
  }
}

}  // namespace
}  // namespace distiq

// The groups of terms that the judge knows by name; data/judge_terms.json lists their words. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace distiq {

enum class TermGroup : std::uint8_t {
  ask,          // what is, explain, где
  small_edit,   // rename, typo, translate
  chore,        // commit, install, run the tests
  fix,          // fix, broken, падает
  build,        // implement, add, напиши
  test,         // unit tests, coverage
  rework,       // refactor, migrate, extract
  design,       // architecture, propose, спроектируй
  decide,       // trade-offs, compare, стоит ли
  review,       // review, audit
  wide,         // whole codebase, every service
  scale,        // millions, 20 years
  concurrency,  // race, deadlock
  distributed,  // replication, consensus, idempotent
  security,     // threat model, injection
  performance,  // latency, profile, memory leak
  subtle,       // intermittent, root cause, sometimes
  systems,      // compiler, query planner, движок
  constraint,   // must not break, backwards compatible
  limiter,      // just, only, one line
  data,         // sql, regex, schema
  document,     // readme, changelog
  error,        // exception, stack trace; counted in pasted errors too
  filler,       // yes, please, давай: no task by itself
  objection,    // still broken, это не то
};
inline constexpr std::array<std::string_view, 25> term_group_names = {
    "ask",        "small_edit", "chore", "fix",         "build",       "test",     "rework",      "design", "decide",
    "review",     "wide",       "scale", "concurrency", "distributed", "security", "performance", "subtle", "systems",
    "constraint", "limiter",    "data",  "document",    "error",       "filler",   "objection"};

constexpr std::uint64_t bit_of(TermGroup group) {
  return std::uint64_t{1} << static_cast<unsigned>(group);
}

}  // namespace distiq

// The groups of terms that the judge knows by name; data/judge_terms.json lists their words. Any thread.
#pragma once

#include <array>
#include <cstddef>
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
  // Puzzles, not work on a program: counted, and no task by themselves.
  maths,      // integers, probability, уравнение
  algorithm,  // subsequence, number of ways, перестановка
  // What an objection is told by, and what speaks against one: see objection.h.
  objection,  // surely one: you keep ignoring
  refuse,     // no, wrong, not that: as first words
  opening,    // first words of a remark: you, now, still, это
  mismatch,   // not what, wrong place, не то
  repeat,     // still, again, та же
  trouble,    // fails, nothing, сломалось
  dislike,    // useless, too long, так себе
  blame,      // you removed, твой патч
  told,       // I asked, мы договорились
  undo,       // put it back, откати
  regress,    // now, before you, раньше работало
  doubt,      // did you even, зачем ты
  wish,       // should be, ожидал
  contrast,   // but, хотя
  accept,     // thanks, works now, продолжай
  reassure,   // no problem, not wrong, ничего страшного
  order,      // first words of a task: add, how do, запусти
  request,    // find out, can you, почини
  subject,    // first words of a report: the, our, после
  condition,  // if it, until, когда
};
inline constexpr std::array<std::string_view, 46> term_group_names = {
    "ask",     "small_edit", "chore",      "fix",     "build",       "test",        "rework",   "design",
    "decide",  "review",     "wide",       "scale",   "concurrency", "distributed", "security", "performance",
    "subtle",  "systems",    "constraint", "limiter", "data",        "document",    "error",    "filler",
    "maths",   "algorithm",  "objection",  "refuse",  "opening",     "mismatch",    "repeat",   "trouble",
    "dislike", "blame",      "told",       "undo",    "regress",     "doubt",       "wish",     "contrast",
    "accept",  "reassure",   "order",      "request", "subject",     "condition"};

// The first groups, each of which speaks of a task.
inline constexpr std::size_t task_groups = static_cast<std::size_t>(TermGroup::filler);

constexpr std::uint64_t bit_of(TermGroup group) {
  return std::uint64_t{1} << static_cast<unsigned>(group);
}

}  // namespace distiq

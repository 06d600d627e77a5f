#include "judge/term_matcher.h"

#include <array>
#include <deque>
#include <optional>
#include <string>

namespace distiq {
namespace {

constexpr std::size_t kMaxStates = 60'000;
constexpr TermMatcher::State kNone = 0xFFFF;
constexpr std::size_t kMaxTermBytes = 200;
constexpr std::uint32_t kMaxGroups = 64;

std::unexpected<Error> bad_term(std::string_view term, std::string_view what) {
  std::string text = "term \"" + std::string(term) + "\": " + std::string(what);
  return fail(ErrorKind::bad_config, text, text);
}

// Symbols of a term with a boundary before it, and one after it unless it ends with a star.
std::optional<std::vector<std::uint8_t>> symbols_of(std::string_view term) {
  const bool open_end = term.ends_with('*');
  if (open_end) term.remove_suffix(1);
  std::vector<std::uint8_t> symbols;
  if (term.starts_with('^')) {
    term.remove_prefix(1);
    symbols.push_back(letters::opening);
  }
  symbols.push_back(letters::boundary);
  for (std::size_t i = 0; i < term.size(); ++i) {
    const auto byte = static_cast<unsigned char>(term[i]);
    if (byte == ' ') {
      symbols.push_back(letters::boundary);
    } else if (byte == '\'') {
      symbols.push_back(letters::apostrophe);
    } else if (byte >= 'a' && byte <= 'z') {
      symbols.push_back(letters::latin(byte));
    } else if ((byte == 0xD0 || byte == 0xD1) && i + 1 < term.size()) {
      symbols.push_back(letters::cyrillic(byte, static_cast<unsigned char>(term[++i])).symbol);
      if (symbols.back() == letters::foreign) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (symbols.back() == letters::boundary) return std::nullopt;
  if (!open_end) symbols.push_back(letters::boundary);
  for (std::size_t i = 1; i < symbols.size(); ++i) {
    if (symbols[i] == letters::boundary && symbols[i - 1] == letters::boundary) return std::nullopt;
  }
  return symbols;
}

}  // namespace

class TermMatcherBuilder {
 public:
  TermMatcherBuilder() { nodes_.emplace_back(); }

  Result<void> add(const TermMatcher::Term& term) {
    if (term.group >= kMaxGroups) return bad_term(term.text, "belongs to no group");
    if (term.text.size() > kMaxTermBytes) return bad_term(term.text, "is too long");
    const auto symbols = symbols_of(term.text);
    if (!symbols)
      return bad_term(term.text,
                      "needs lower case letters of English or Russian, single spaces, a star at most at its end");
    std::size_t node = 0;
    for (const std::uint8_t symbol : *symbols) node = child_of(node, symbol);
    if (nodes_.size() > kMaxStates) return bad_term(term.text, "does not fit any more");
    nodes_[node].found |= TermMatcher::Groups{1} << term.group;
    return {};
  }

  TermMatcher finish() {
    child_of(0, letters::boundary);
    child_of(child_of(0, letters::opening), letters::boundary);
    resolve_failures();
    return number();
  }

 private:
  struct Node {
    std::array<TermMatcher::State, letters::alphabet> next;
    std::size_t failure = 0;
    TermMatcher::Groups found = 0;
    Node() { next.fill(kNone); }
  };

  std::size_t child_of(std::size_t node, std::uint8_t symbol) {
    if (nodes_[node].next[symbol] == kNone) {
      nodes_[node].next[symbol] = static_cast<TermMatcher::State>(nodes_.size());
      nodes_.emplace_back();
    }
    return nodes_[node].next[symbol];
  }

  // Breadth first: a node's failure is nearer to the root, hence finished before it.
  void resolve_failures() {
    std::deque<std::size_t> open{0};
    while (!open.empty()) {
      const std::size_t node = open.front();
      open.pop_front();
      auto& row = nodes_[node].next;
      static constexpr std::array<TermMatcher::State, letters::alphabet> root{};
      const auto& otherwise = node == 0 ? root : nodes_[nodes_[node].failure].next;
      for (std::size_t symbol = 0; symbol < letters::alphabet; ++symbol) {
        const TermMatcher::State child = row[symbol];
        if (child == kNone) {
          row[symbol] = otherwise[symbol];
          continue;
        }
        Node& below = nodes_[child];
        below.failure = otherwise[symbol];
        below.found |= nodes_[below.failure].found;
        open.push_back(child);
      }
    }
  }

  TermMatcher number() {
    std::vector<TermMatcher::State> new_name(nodes_.size());
    std::size_t given = 0;
    for (const bool ends_term : {false, true}) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if ((nodes_[i].found != 0) == ends_term) new_name[i] = static_cast<TermMatcher::State>(given++);
      }
    }
    TermMatcher matcher;
    matcher.next_.resize(nodes_.size() * letters::alphabet);
    for (const Node& node : nodes_) matcher.first_found_ += node.found == 0 ? 1 : 0;
    matcher.found_.resize(nodes_.size() - matcher.first_found_);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const std::size_t state = new_name[i];
      const auto& from = nodes_[i].next;
      TermMatcher::State* const row = &matcher.next_[state * letters::alphabet];
      if (nodes_[i].found != 0) matcher.found_[state - matcher.first_found_] = nodes_[i].found;
      for (std::size_t symbol = 0; symbol < letters::alphabet; ++symbol) {
        row[symbol] = new_name[from[symbol]];
      }
    }
    matcher.between_ = matcher.next(new_name[0], letters::boundary);
    matcher.opening_ = matcher.next(matcher.next(new_name[0], letters::opening), letters::boundary);
    return matcher;
  }

  std::vector<Node> nodes_;
};

Result<TermMatcher> TermMatcher::build(std::span<const Term> terms) {
  TermMatcherBuilder builder;
  for (const Term& term : terms) {
    if (auto added = builder.add(term); !added) return std::unexpected(added.error());
  }
  return builder.finish();
}

}  // namespace distiq

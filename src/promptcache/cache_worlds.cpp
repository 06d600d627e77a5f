#include "promptcache/cache_worlds.h"

#include <algorithm>
#include <utility>

#include "promptcache/cache_rows.h"
#include "promptcache/counterfactual.h"
#include "promptcache/hit_finder.h"
#include "promptcache/prompt_tokens.h"
#include "promptcache/shadow_cache.h"

namespace distiq {
namespace {

std::uint64_t minimum_of(const CacheSide& side) {
  return side.model->min_cacheable_tokens;
}

PromptTokens tokens_of(const CacheSide& side, const LearnedTokens& learned) {
  return {*side.model, *side.map, *side.prompt, learned};
}

// To a cache of one model: where the blocks stand in the body and what model it names do not count.
bool is_same_prompt(const PromptMap& a, const PromptMap& b) {
  if (a.positions.size() != b.positions.size() || a.breakpoints != b.breakpoints) return false;
  if (!a.positions.empty() && a.positions.back().prefix_hash != b.positions.back().prefix_hash) return false;
  PromptContext context = a.context;
  context.model = b.context.model;
  return context == b.context;
}

// Such tools add prompts of their own to the usage: it says nothing about the one that was sent.
bool ran_tools_upstream(const TokenUsage& usage) {
  return usage.web_searches + usage.web_fetches + usage.code_executions > 0;
}

// "claude-x" and its dated forms, but not "claude-x-5" for "claude-x".
bool names(std::string_view asked, const ModelInfo& model) {
  if (!asked.starts_with(model.id)) return false;
  const std::string_view rest = asked.substr(model.id.size());
  return rest.empty() || rest.starts_with("-20") || rest.starts_with('[');
}

// The last bytes before a conversation's newest answer: where the request before this one ended. nullopt for a first
// request, where the hit reaches as far, and where we know this conversation.
CacheHit earlier_end(const CacheSide& side, const LearnedTokens& learned) {
  CacheHit end;
  const auto& places = side.prompt->places;
  for (auto i = static_cast<std::uint32_t>(places.size()); i-- > 1;) {
    if (!end && side.hit && *side.hit >= i - 1) return {};
    const PromptPosition& before = side.map->positions[places[i - 1].position];
    if (before.assistant || !side.map->positions[places[i].position].assistant) continue;
    if (learned.find(before.prefix_hash) != nullptr) return {};
    if (!end) end = i - 1;
  }
  return end;
}

}  // namespace

struct CacheWorlds::State {
  explicit State(const CacheWorldsLimits& limits)
      : actual(limits.entries), untouched(limits.entries), learned(limits.known_points) {}

  CacheSide side_of(const ShadowCache& world, const CacheKey& key, ModelPrompts& prompt, MonotonicTime at) const;
  // The same prompt to the same model, in another world.
  CacheSide same_side_in(const ShadowCache& world, const CacheSide& side, MonotonicTime at) const;
  CacheForecast forecast(const ShadowCache& world, const CacheKey& key, ModelPrompts& prompt, MonotonicTime at) const;
  CacheHit benefit_of_doubt(const CacheSide& side, MonotonicTime at) const;
  void begin(CacheTicket& request);  // its answer
  void write(const CacheTicket& request);
  void learn(const CacheTicket& request, const TokenUsage& usage);
  void learn_at(const CacheSide& side, std::uint32_t place, std::uint64_t tokens);
  void correct(ShadowCache& world, const CacheSide& side, CacheHit truth, const TokenUsage& usage,
               MonotonicTime started);
  Counterfactual answer_of(CacheTicket& request, const TokenUsage& actual, CacheHit truth) const;

  ShadowCache actual;
  ShadowCache untouched;
  LearnedTokens learned;
  // Until then a conversation that was under way before we looked may be in the cache without our knowing.
  MonotonicTime blind_until{};
};

CacheHit CacheWorlds::State::benefit_of_doubt(const CacheSide& side, MonotonicTime at) const {
  if (at >= blind_until || side.prompt->breakpoints.empty() || !names(side.map->context.model, *side.model))
    return side.hit;
  const CacheHit assumed = earlier_end(side, learned);
  if (!assumed) return side.hit;
  const bool is_in_reach = std::ranges::any_of(side.prompt->breakpoints, [&](const Breakpoint& mark) {
    return mark.position >= *assumed && mark.position - *assumed < lookback_places;
  });
  return is_in_reach && tokens_of(side, learned).up_to(*assumed).tokens >= minimum_of(side) ? assumed : side.hit;
}

CacheSide CacheWorlds::State::side_of(const ShadowCache& world, const CacheKey& key, ModelPrompts& prompt,
                                      MonotonicTime at) const {
  CacheSide side{.map = &prompt.map(), .model = key.model, .prompt = &prompt.on(key, learned), .hit = {}};
  side.hit = world.find_hit(*side.prompt, at);
  side.hit = benefit_of_doubt(side, at);
  return side;
}

CacheSide CacheWorlds::State::same_side_in(const ShadowCache& world, const CacheSide& side, MonotonicTime at) const {
  CacheSide other = side;
  other.hit = world.find_hit(*other.prompt, at);
  other.hit = benefit_of_doubt(other, at);
  return other;
}

CacheForecast CacheWorlds::State::forecast(const ShadowCache& world, const CacheKey& key, ModelPrompts& prompt,
                                           MonotonicTime at) const {
  const CacheSide side = side_of(world, key, prompt, at);
  return split_prompt(*side.prompt, tokens_of(side, learned), side.hit, minimum_of(side));
}

void CacheWorlds::State::write(const CacheTicket& request) {
  const CacheSide& sent = request.sent;
  const PromptTokens tokens = tokens_of(sent, learned);
  actual.write(*sent.prompt, tokens, sent.hit, minimum_of(sent), request.started);
  const CacheSide& direct = request.untouched;
  const auto write_untouched = [&](const PromptTokens& of) {
    untouched.write(*direct.prompt, of, direct.hit, minimum_of(direct), request.started);
  };
  if (direct.prompt == sent.prompt) {
    write_untouched(tokens);  // which remembers what it looked up
  } else {
    write_untouched(tokens_of(direct, learned));
  }
}

void CacheWorlds::State::learn_at(const CacheSide& side, std::uint32_t place, std::uint64_t tokens) {
  const auto& places = side.prompt->places;
  learned.learn(side.map->positions[places[place].position].prefix_hash,
                {.model = side.prompt->model,
                 .content = places[place].content,
                 .tokens = tokens,
                 .factor_permille = static_cast<std::uint32_t>(side.model->token_factor_permille),
                 .dropped = places[place].dropped});
}

// What the usage says wherever the hit was: the whole prompt, what is cached of it now, where one-hour writes ended.
void CacheWorlds::State::learn(const CacheTicket& request, const TokenUsage& usage) {
  const CacheSide& side = request.sent;
  const auto& places = side.prompt->places;
  if (places.empty() || usage.prompt() == 0 || ran_tools_upstream(usage)) return;
  std::uint64_t known_before = 0;
  const WeightByKind weight = tokens_of(side, learned).weight_since_known(places.size() - 1, known_before);
  const double factor = static_cast<double>(std::max<std::int64_t>(1, side.model->token_factor_permille)) / 1000;
  if (usage.prompt() > known_before)
    learned.learn_density(weight, static_cast<double>(usage.prompt() - known_before) / factor);

  const auto end = static_cast<std::uint32_t>(places.size() - 1);
  const auto& marks = side.prompt->breakpoints;
  if (usage.cache_write_1h > 0) {
    const auto last = std::find_if(marks.rbegin(), marks.rend(),
                                   [](const Breakpoint& mark) { return mark.ttl == CacheTtl::one_hour; });
    if (last != marks.rend()) learn_at(side, last->position, usage.cache_read + usage.cache_write_1h);
  }
  if (usage.cache_write_5m + usage.cache_write_1h > 0 && !marks.empty())
    learn_at(side, marks.back().position, usage.prompt() - usage.input);
  learn_at(side, end, usage.prompt());
  learned.learn_answer(side.map->positions[places[end].position].prefix_hash, side.prompt->model, usage.output);
}

void CacheWorlds::State::correct(ShadowCache& world, const CacheSide& side, CacheHit truth, const TokenUsage& usage,
                                 MonotonicTime started) {
  const auto& places = side.prompt->places;
  const auto& marks = side.prompt->breakpoints;
  if (truth && (!side.hit || *truth > *side.hit)) {
    // Somebody else wrote it, or we have forgotten it. How long it lives is a guess; a read renews it.
    if (world.find(places[*truth].key) == nullptr)
      world.put(places[*truth].key, marks.empty() ? CacheTtl::five_minutes : marks.back().ttl, started);
    world.renew(*side.prompt, truth, started);
  }
  if (side.hit && (!truth || *truth < *side.hit)) {
    for (std::uint32_t i = truth ? *truth + 1 : 0; i <= *side.hit; ++i) world.erase(places[i].key);
  }
  const bool wrote = usage.cache_write_5m + usage.cache_write_1h > 0;
  for (const Breakpoint& mark : marks) {
    if (truth && mark.position <= *truth) continue;
    const std::uint64_t key = places[mark.position].key;
    const auto* entry = world.find(key);
    const bool is_ours = entry != nullptr && entry->expires == started + life_of(entry->ttl);
    if (!wrote && is_ours) world.erase(key);
    if (wrote && entry == nullptr && (&mark == &marks.back() || (side.hit && mark.position <= *side.hit)))
      world.put(key, mark.ttl, started);
  }
}

Counterfactual CacheWorlds::State::answer_of(CacheTicket& request, const TokenUsage& actual_usage,
                                             CacheHit truth) const {
  Counterfactual result{.usage = actual_usage};
  CacheSide& direct = request.untouched;
  if (!request.changed) {
    if (direct.hit == request.sent.hit) return result;
    // What others wrote is there in both worlds.
    if (truth && (!request.sent.hit || *truth > *request.sent.hit)) direct.hit = std::max(direct.hit, truth);
    if (direct.hit == truth) return result;
  }
  CacheForecast split = split_prompt(*direct.prompt, tokens_of(direct, learned), direct.hit, minimum_of(direct));
  if (ran_tools_upstream(actual_usage)) split = same_split(actual_usage, *direct.model, *request.sent.model);
  result.usage = counterfactual_usage(split, actual_usage, *direct.model, *request.sent.model);
  result.worlds_agreed = false;
  result.tokens_known = split.tokens_known;
  return result;
}

CacheWorlds::CacheWorlds(CacheWorldsLimits limits) : state_(std::make_unique<State>(limits)) {}
CacheWorlds::~CacheWorlds() = default;
CacheWorlds::CacheWorlds(CacheWorlds&&) noexcept = default;
CacheWorlds& CacheWorlds::operator=(CacheWorlds&&) noexcept = default;

void CacheWorlds::watch_from(MonotonicTime start) {
  state_->blind_until = start + life_of(CacheTtl::one_hour);
}

CacheForecast CacheWorlds::forecast(const CacheKey& key, ModelPrompts& prompt, MonotonicTime at) const {
  return state_->forecast(state_->actual, key, prompt, at);
}

CacheForecast CacheWorlds::forecast_untouched(const CacheKey& key, ModelPrompts& prompt, MonotonicTime at) const {
  return state_->forecast(state_->untouched, key, prompt, at);
}

CacheTicket CacheWorlds::sent(const SentPrompt& prompt, MonotonicTime started) {
  State& state = *state_;
  const bool same_prompt = prompt.sent == nullptr || prompt.sent == prompt.untouched ||
                           is_same_prompt(prompt.sent->map(), prompt.untouched->map());
  ModelPrompts& leaves = same_prompt ? *prompt.untouched : *prompt.sent;
  CacheTicket request;
  request.started = started;
  request.changed = !same_prompt || prompt.served != prompt.requested;
  request.sent = state.side_of(state.actual, {prompt.account, prompt.served}, leaves, started);
  request.untouched =
      request.changed ? state.side_of(state.untouched, {prompt.account, prompt.requested}, *prompt.untouched, started)
                      : state.same_side_in(state.untouched, request.sent, started);
  state.actual.renew(*request.sent.prompt, request.sent.hit, started);
  state.untouched.renew(*request.untouched.prompt, request.untouched.hit, started);
  return request;
}

void CacheWorlds::State::begin(CacheTicket& request) {
  if (!std::exchange(request.began, true)) write(request);
}

void CacheWorlds::answer_began(CacheTicket& ticket) {
  if (ticket.is_open()) state_->begin(ticket);
}

Counterfactual CacheWorlds::settle(CacheTicket& ticket, const TokenUsage& actual) {
  State& state = *state_;
  if (!ticket.is_open()) return {.usage = actual};
  CacheTicket request = std::exchange(ticket, {});
  state.begin(request);
  // The prompt's size first: it narrows down what a place that was never seen by itself may be long.
  state.learn(request, actual);
  const FoundHit truth =
      find_true_hit(*request.sent.prompt, tokens_of(request.sent, state.learned), request.sent.hit, actual.cache_read);
  if (actual.prompt() > 0) {
    if (truth.hit && truth.is_certain && actual.cache_read > 0 && !ran_tools_upstream(actual))
      state.learn_at(request.sent, *truth.hit, actual.cache_read);
    state.correct(state.actual, request.sent, truth.hit, actual, request.started);
    if (!request.changed && request.untouched.hit == request.sent.hit)
      state.correct(state.untouched, request.untouched, truth.hit, actual, request.started);
  }
  return state.answer_of(request, actual, truth.hit);
}

std::vector<std::string> CacheWorlds::rows(MonotonicTime now, WallTime wall) const {
  std::vector<std::string> rows;
  write_entry_rows(state_->actual, 'a', now, wall, rows);
  write_entry_rows(state_->untouched, 'u', now, wall, rows);
  state_->learned.write_rows(rows);
  return rows;
}

bool CacheWorlds::restore(std::string_view row, MonotonicTime now, WallTime wall) {
  return restore_entry_row(state_->actual, 'a', row, now, wall) ||
         restore_entry_row(state_->untouched, 'u', row, now, wall) || state_->learned.restore(row);
}

}  // namespace distiq

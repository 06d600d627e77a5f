// POST /v1/messages and /v1/messages/count_tokens, from the body to the answer.
#include <algorithm>
#include <boost/json.hpp>

#include "base/json_fields.h"
#include "rules/api_error.h"
#include "service/turn.h"

namespace sim {
namespace {

namespace json = boost::json;

RequestKind kind_of(const World& world, const Request& request, bool count_only) {
  return {.count_only = count_only,
          .check_betas = world.config.betas == BetaCheck::strict,
          .version_2026 = request.header("anthropic-version") == "2026-10-21"};
}

MessagesOutcome refuse(World& world, const Turn& turn, const ApiError& error, const std::string& request_id) {
  const std::lock_guard lock(world.mutex);
  ++world.counters.refusals[error.message];
  return {error_reply(error, request_id), std::string(name_of(turn.conversation.lane))};
}

Usage usage_of(const Turn& turn, const CacheUse& prompt, const Prepared& prepared) {
  Usage usage;
  usage.prompt = prompt;
  std::int64_t counted = 0;
  for (const auto tokens : prepared.tokens) counted += tokens;
  usage.output = prepared.answer.output_tokens.value_or(counted);
  usage.web_searches = prepared.answer.web_searches;
  if (string_or_empty(*turn.body, "speed") == "fast") usage.speed = turn.model->fast_prices ? "fast" : "standard";
  if (string_or_empty(*turn.body, "inference_geo") == "us") usage.geo = "us";
  return usage;
}

json::array transformations_of(const Turn& turn) {
  json::array out;
  if (!turn.betas.contains("thinking-binding-controls-2026-08-01")) return out;
  for (const auto& drop : turn.signatures.drops)
    out.push_back(json::object{{"type", "thinking_block_dropped"}, {"path", drop.path}, {"reason", drop.reason}});
  return out;
}

void append(HeaderList& to, HeaderList from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// Links the answer's fate to cache, limits and ledger.
void connect(World& world, const Turn& turn, Reply& reply, const PromptCache::Plan& plan, std::size_t entry) {
  reply.on_first_byte = [&world, plan] {
    const std::lock_guard lock(world.mutex);
    world.cache.commit(plan);
  };
  std::vector<std::int64_t> sent;
  for (const auto& piece : reply.pieces) sent.push_back(piece.output_tokens_so_far);
  reply.on_end = [&world, sent = std::move(sent), entry, model = turn.model, account = turn.credential.account](
                     std::size_t pieces, bool whole) {
    const std::lock_guard lock(world.mutex);
    const auto output = pieces == 0 ? 0 : sent[std::min(pieces, sent.size()) - 1];
    world.ledger.finish(entry, whole, output, *model, ModelTable::builtin().web_search_pico());
    const auto* done = world.ledger.find(entry);
    if (!done) return;
    const auto& prompt = done->usage.prompt;
    world.limiter.spend(account, prompt.input + prompt.written_5m + prompt.written_1h, output, done->cost,
                        world.clock.now());
  };
}

LedgerEntry ledger_entry(const Turn& turn, const MessageFrame& frame, const std::string& request_id, UnixMs now,
                         bool streamed) {
  LedgerEntry entry;
  entry.request_id = request_id;
  entry.message_id = frame.id;
  entry.owner = turn.credential.account;
  entry.model = turn.model->id;
  entry.effort = effective_effort(*turn.body, *turn.model);
  entry.lane = name_of(turn.conversation.lane);
  entry.started = now;
  entry.usage = frame.usage;
  entry.streamed = streamed;
  return entry;
}

Reply render(const Prepared& prepared, const MessageFrame& frame, bool streamed) {
  if (!streamed) {
    auto reply = json_reply(200, json::serialize(render_message(prepared.answer, frame)));
    reply.pieces.back().output_tokens_so_far = frame.usage.output;
    return reply;
  }
  Reply reply;
  reply.event_stream = true;
  reply.headers = {{"content-type", "text/event-stream; charset=utf-8"}, {"cache-control", "no-cache"}};
  reply.pieces = render_stream(prepared.answer, frame, prepared.tokens);
  return reply;
}

}  // namespace

MessagesOutcome handle_messages(World& world, const Request& request, const std::string& request_id,
                                std::optional<Answer> scripted) {
  Turn turn;
  if (const auto error = admit(world, request, kind_of(world, request, false), turn))
    return refuse(world, turn, *error, request_id);
  const std::lock_guard lock(world.mutex);
  const auto now = world.clock.now();
  const auto& account = turn.credential.account;
  auto lane = std::string(name_of(turn.conversation.lane));
  if (const auto seconds = world.limiter.take_request(account, turn.credential.subscriber, now)) {
    auto reply =
        error_reply({429, "rate_limit_error", "This request would exceed your organization's rate limit."}, request_id);
    reply.headers.push_back({"retry-after", std::to_string(*seconds)});
    append(reply.headers, world.limiter.headers(account, turn.credential.subscriber, now));
    return {std::move(reply), std::move(lane)};
  }
  const auto plan =
      world.cache.plan(cache_positions(turn.prompt, account), turn.prompt_tokens, turn.model->min_cacheable, now);
  const auto prepared = prepare_answer(world, turn, std::move(scripted));
  MessageFrame frame;
  frame.id = world.next_id("msg_01");
  frame.model = prepared.answer.model.empty() ? turn.shown_model : prepared.answer.model;
  frame.usage = usage_of(turn, plan.use, prepared);
  frame.input_transformations = transformations_of(turn);
  frame.context_management = turn.body->contains("context_management");
  const bool streamed = find_bool(*turn.body, "stream");
  auto reply = render(prepared, frame, streamed);
  append(reply.headers, world.limiter.headers(account, turn.credential.subscriber, now));
  connect(world, turn, reply, plan, world.ledger.add(ledger_entry(turn, frame, request_id, now, streamed)));
  return {std::move(reply), std::move(lane)};
}

MessagesOutcome handle_count_tokens(World& world, const Request& request, const std::string& request_id) {
  Turn turn;
  if (const auto error = admit(world, request, kind_of(world, request, true), turn))
    return refuse(world, turn, *error, request_id);
  const json::object body{{"input_tokens", turn.prompt_tokens}};
  return {json_reply(200, json::serialize(body)), "count_tokens"};
}

}  // namespace sim

// POST /v1/messages and /v1/messages/count_tokens, from the body to the answer.
#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "base/json_fields.h"
#include "rules/api_error.h"
#include "service/server_side.h"
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
void connect(World& world, const Turn& turn, const Model& model, Reply& reply, std::vector<PromptCache::Plan> plans,
             std::size_t entry) {
  reply.on_first_byte = [&world, plans = std::move(plans)] {
    const std::lock_guard lock(world.mutex);
    for (const auto& plan : plans) world.cache.commit(plan);
  };
  std::vector<std::int64_t> sent;
  for (const auto& piece : reply.pieces) sent.push_back(piece.output_tokens_so_far);
  reply.on_end = [&world, sent = std::move(sent), entry, model = &model, account = turn.credential.account](
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

// A refusal before any output is not billed.
LedgerEntry ledger_entry(const Turn& turn, const Model& model, const MessageFrame& frame, const std::string& request_id,
                         UnixMs now, bool streamed) {
  LedgerEntry entry;
  entry.request_id = request_id;
  entry.message_id = frame.id;
  entry.owner = turn.credential.account;
  entry.model = model.id;
  entry.effort = effective_effort(*turn.body, *turn.model);
  entry.lane = name_of(turn.conversation.lane);
  entry.started = now;
  entry.usage = frame.usage;
  entry.earlier = frame.earlier;
  std::erase_if(entry.earlier, [](const auto& pass) { return pass.type == "message" && pass.usage.output == 0; });
  for (const auto& pass : entry.earlier)
    entry.earlier_cost += cost_pico_usd(*ModelTable::builtin().find(pass.model), pass.usage, 0);
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

// One answer in the making: passes, the plans of their prompts, the message that comes of them.
struct Making {
  const Model* model;  // that answers
  std::vector<PromptCache::Plan> plans;
  Prepared prepared;
  MessageFrame frame;
};

PromptCache::Plan plan_for(World& world, const Turn& turn, const Prompt& prompt, const Model& model) {
  return world.cache.plan(cache_positions(prompt, turn.credential.account), prompt.tokens(), model.min_cacheable,
                          world.clock.now());
}

void put_first(Prepared& prepared, json::object block) {
  prepared.answer.content.insert(prepared.answer.content.begin(), std::move(block));
  prepared.tokens.insert(prepared.tokens.begin(), 0);
}

// Its signatures would bind what the compaction has just replaced.
void drop_thinking(Making& making) {
  auto& content = making.prepared.answer.content;
  auto& tokens = making.prepared.tokens;
  for (std::size_t i = content.size(); i-- > 0;) {
    if (string_or_empty(content[i].as_object(), "type") != "thinking") continue;
    making.frame.usage.output -= tokens[i];
    content.erase(content.begin() + static_cast<std::ptrdiff_t>(i));
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// The summary is sampled from the whole conversation, the answer from the summary.
void compact(World& world, const Turn& turn, const Compaction& compaction, Making& making) {
  UsagePass pass{"compaction", turn.model->id, {}};
  pass.usage.prompt = making.frame.usage.prompt;
  pass.usage.output = compaction.summary_tokens;
  making.frame.earlier.push_back(std::move(pass));
  if (compaction.pause) {
    making.prepared = {};
    making.prepared.answer.stop_reason = "compaction";
    making.frame.usage = {};
    making.frame.last_pass.clear();
  } else {
    drop_thinking(making);
    making.plans.push_back(plan_for(world, turn, compaction.prompt, *turn.model));
    making.frame.usage.prompt = making.plans.back().use;
  }
  put_first(making.prepared, {{"type", "compaction"}, {"content", compaction.summary}});
}

// The refused answer is thrown away; another model answers the same request.
void fall_back(World& world, const Turn& turn, const Model& model, Making& making) {
  making.frame.earlier.push_back({"message", turn.model->id, making.frame.usage});
  const auto prompt =
      read_prompt(*turn.body, model,
                  {.keep_billing_line = world.config.keep_billing_line, .cache_relevant_betas = turn.cache_betas});
  making.plans.push_back(plan_for(world, turn, prompt, model));
  auto answer = say("This is the answer of " + model.id + ".");
  auto tokens = output_tokens_of(answer, model);
  making.model = &model;
  making.prepared = {std::move(answer), std::move(tokens)};
  making.frame.model = model.id;
  making.frame.last_pass = "fallback_message";
  making.frame.usage = {};
  making.frame.usage.prompt = making.plans.back().use;
  for (const auto count : making.prepared.tokens) making.frame.usage.output += count;
  put_first(making.prepared, {{"type", "fallback"}, {"from", turn.model->id}, {"to", model.id}});
}

void diagnose(World& world, const Turn& turn, MessageFrame& frame) {
  auto now = std::make_shared<const PromptTrace>(trace_of(turn.prompt, *turn.model));
  if (const auto* asked = find_object(*turn.body, "diagnostics")) {
    const auto earlier = world.prompts.find(string_or_empty(*asked, "previous_message_id"));
    const auto reason = cache_miss_reason(earlier.get(), *now);
    frame.cache_miss_reason = reason ? json::value(*reason) : json::value(nullptr);
  }
  world.prompts.remember(frame.id, std::move(now));
}

Making make_answer(World& world, const Turn& turn, std::optional<Answer> scripted) {
  Making making{turn.model, {plan_for(world, turn, turn.prompt, *turn.model)}, {}, {}};
  making.prepared = prepare_answer(world, turn, std::move(scripted));
  auto& frame = making.frame;
  frame.id = world.next_id("msg_01");
  frame.model = making.prepared.answer.model.empty() ? turn.shown_model : making.prepared.answer.model;
  frame.usage = usage_of(turn, making.plans.front().use, making.prepared);
  frame.input_transformations = transformations_of(turn);
  frame.context_management = turn.body->contains("context_management");
  diagnose(world, turn, frame);
  if (const auto compaction = compaction_of(turn)) compact(world, turn, *compaction, making);
  const auto* other = stop_reason_of(making.prepared.answer) == "refusal" ? fallback_of(turn) : nullptr;
  if (other) fall_back(world, turn, *other, making);
  return making;
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
  auto making = make_answer(world, turn, std::move(scripted));
  const bool streamed = find_bool(*turn.body, "stream");
  auto reply = render(making.prepared, making.frame, streamed);
  append(reply.headers, world.limiter.headers(account, turn.credential.subscriber, now));
  const auto entry = world.ledger.add(ledger_entry(turn, *making.model, making.frame, request_id, now, streamed));
  connect(world, turn, *making.model, reply, std::move(making.plans), entry);
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

// POST /v1/messages and /v1/messages/count_tokens, from the body to the answer.
#include <algorithm>
#include <boost/json.hpp>

#include "api_error.h"
#include "conversation.h"
#include "json_fields.h"
#include "scenario.h"
#include "service.h"
#include "tokenizer.h"
#include "validate.h"

namespace sim {
namespace {

namespace json = boost::json;

constexpr std::string_view played_for_unknown = "claude-opus-5-5";

// One request on its way; filled stage by stage.
struct Turn {
  Credential credential;
  BetaSet betas;
  json::value document;
  const json::object* body = nullptr;
  const Model* model = nullptr;
  std::string shown_model;
  Conversation conversation;
  Prompt prompt;
  SignatureReport signatures;
  std::int64_t prompt_tokens = 0;
};

using Refusal = std::optional<ApiError>;

Refusal check_credential(const World& world, const Request& request, Turn& turn) {
  turn.credential = read_credential(request.headers);
  if (!turn.credential.present) return ApiError{401, "authentication_error", "x-api-key header is required"};
  if (turn.credential.subscriber && world.config.betas == BetaCheck::strict &&
      !read_betas(request.headers).contains("oauth-2025-04-20"))
    return ApiError{401, "authentication_error", "OAuth authentication is currently not supported."};
  if (world.config.api_key.empty()) return std::nullopt;
  const auto bearer = "Bearer " + world.config.api_key;
  if (request.header("x-api-key") == world.config.api_key || request.header("authorization") == bearer) return std::nullopt;
  return ApiError{401, "authentication_error", has_header(request.headers, "x-api-key") ? "invalid x-api-key" : "Invalid bearer token"};
}

Refusal parse_body(const Request& request, Turn& turn) {
  if (request.body_bytes > max_message_bytes) return ApiError{413, "request_too_large", "Request exceeds the maximum size"};
  boost::system::error_code failed;
  turn.document = parse_json(request.body, failed);
  if (failed) return invalid_request("The request body is not valid JSON: " + failed.message());
  turn.body = turn.document.if_object();
  if (!turn.body) return invalid_request("Input should be a valid dictionary or object to extract fields from");
  return std::nullopt;
}

Refusal find_model(const World& world, Turn& turn) {
  const auto id = find_string(*turn.body, "model");
  if (!id) return invalid_request(turn.body->contains("model") ? "model: Input should be a valid string" : "model: Field required");
  turn.model = ModelTable::builtin().find(*id);
  turn.shown_model = turn.model ? turn.model->id : std::string(*id);  // an alias is answered by what it stands for
  if (!turn.model && world.config.unknown_models == UnknownModels::accept)
    turn.model = ModelTable::builtin().find(played_for_unknown);
  if (!turn.model) return ApiError{404, "not_found_error", "model: " + turn.shown_model};
  return std::nullopt;
}

std::string cache_relevant(const BetaSet& betas);

bool keeps_all_thinking(const json::object& body) {
  const auto* management = find_object(body, "context_management");
  const auto* edits = management ? find_array(*management, "edits") : nullptr;
  for (std::size_t i = 0; edits && i < edits->size(); ++i)
    if (const auto* edit = (*edits)[i].if_object())
      if (string_or_empty(*edit, "type") == "clear_thinking_20251015" && string_or_empty(*edit, "keep") == "all") return true;
  return false;
}

OnMismatch on_mismatch(const Turn& turn) {
  const auto* thinking = find_object(*turn.body, "thinking");
  const auto* binding = thinking ? find_object(*thinking, "block_binding") : nullptr;
  const bool drop = binding && string_or_empty(*binding, "prefix_mismatch_behavior") == "drop_block";
  return drop && turn.betas.contains("thinking-binding-controls-2026-08-01") ? OnMismatch::drop : OnMismatch::reject;
}

Refusal check_thinking(World& world, Turn& turn) {
  turn.signatures = check_signatures(turn.prompt, *turn.model,
                                     {.secret = world.signature_secret,
                                      .account = turn.credential.account,
                                      .prefix_check = world.config.prefix_check,
                                      .on_mismatch = on_mismatch(turn),
                                      .keep_all_turns = keeps_all_thinking(*turn.body)});
  const std::lock_guard lock(world.mutex);
  world.counters.own_signatures += turn.signatures.own;
  world.counters.foreign_signatures += turn.signatures.foreign;
  world.counters.dropped_thinking += static_cast<std::int64_t>(turn.signatures.drops.size());
  if (turn.signatures.error) return invalid_request(*turn.signatures.error);
  return std::nullopt;
}

Refusal admit(World& world, const Request& request, const RequestKind& kind, Turn& turn) {
  if (auto error = check_credential(world, request, turn)) return error;
  if (auto error = validate_headers(request.headers, kind)) return error;
  if (auto error = parse_body(request, turn)) return error;
  turn.conversation = read_conversation(*turn.body, request.headers);
  if (auto error = find_model(world, turn)) return error;
  turn.betas = read_betas(request.headers);
  if (auto error = validate_body(*turn.body, *turn.model, turn.betas, kind)) return error;
  turn.prompt = read_prompt(*turn.body, *turn.model,
                            {.keep_billing_line = world.config.keep_billing_line,
                             .cache_relevant_betas = cache_relevant(turn.betas)});
  if (auto error = check_thinking(world, turn)) return error;
  turn.prompt_tokens = turn.prompt.tokens();
  const auto max_tokens = kind.count_only ? 0 : find_integer(*turn.body, "max_tokens").value_or(0);
  return validate_size(turn.prompt_tokens, max_tokens, *turn.model, turn.betas);
}

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

// Betas that change nothing about how a prompt is read.
std::string cache_relevant(const BetaSet& betas) {
  static const BetaSet neutral{"fallback-credit-2026-06-01",  "extended-cache-ttl-2025-04-11",        "token-counting-2024-11-01",
                               "cache-diagnosis-2026-04-07",  "oauth-2025-04-20",                     "thinking-binding-controls-2026-08-01",
                               "fine-grained-tool-streaming-2025-05-14", "prompt-caching-2024-07-31"};
  std::string out;
  for (const auto& beta : betas)
    if (!neutral.contains(beta)) out += beta + ",";
  return out;
}

// --- the answer ---------------------------------------------------------------------------------------------------

bool thinking_wanted(const Turn& turn) {
  const auto* thinking = find_object(*turn.body, "thinking");
  const auto type = thinking ? string_or_empty(*thinking, "type") : std::string_view{};
  if (type == "disabled") return false;
  return turn.model->always_thinks || type == "adaptive" || type == "enabled" || type == "between_tools";
}

bool thinking_shown(const Turn& turn) {
  const auto* thinking = find_object(*turn.body, "thinking");
  const auto display = thinking ? find_string(*thinking, "display") : std::nullopt;
  return display ? *display != "omitted" : !turn.model->display_omitted;
}

// Cuts the answer where max_tokens or a stop sequence ends it; returns the output tokens.
void cut_text(Answer& answer, std::size_t block, std::size_t at) {
  auto& text = answer.content[block].as_object()["text"].as_string();
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  text.resize(at);
  answer.content.resize(block + 1);
}

void apply_stop_sequences(Answer& answer, const json::object& body) {
  const auto* stops = find_array(body, "stop_sequences");
  for (std::size_t i = 0; stops && i < answer.content.size(); ++i) {
    const auto* block = answer.content[i].if_object();
    if (!block || string_or_empty(*block, "type") != "text") continue;
    for (const auto& stop : *stops) {
      const auto* text = stop.if_string();
      const auto at = text && !text->empty() ? string_or_empty(*block, "text").find(view(*text)) : std::string_view::npos;
      if (at == std::string_view::npos) continue;
      answer.stop_reason = "stop_sequence";
      answer.stop_sequence = std::string(view(*text));
      return cut_text(answer, i, at);
    }
  }
}

void apply_max_tokens(Answer& answer, const Turn& turn) {
  const auto most = find_integer(*turn.body, "max_tokens").value_or(0);
  std::int64_t used = 0;
  const auto tokens = output_tokens_of(answer, *turn.model);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (used + tokens[i] <= most) {
      used += tokens[i];
      continue;
    }
    answer.stop_reason = "max_tokens";
    answer.output_tokens = most;
    const auto* block = answer.content[i].if_object();
    if (!block || string_or_empty(*block, "type") != "text" || most == used) {
      answer.content.resize(i);
      return;
    }
    const auto size = static_cast<std::int64_t>(string_or_empty(*block, "text").size());
    return cut_text(answer, i, static_cast<std::size_t>(size * (most - used) / tokens[i]));
  }
}

void fill_ids(World& world, Answer& answer) {
  std::string last_server_id;
  for (auto& item : answer.content) {
    auto& block = item.as_object();
    const auto type = string_or_empty(block, "type");
    if ((type == "tool_use" || type == "server_tool_use") && string_or_empty(block, "id").empty())
      block["id"] = world.next_id(type == "tool_use" ? "toolu_01" : "srvtoolu_01");
    if (type == "server_tool_use") last_server_id = string_or_empty(block, "id");
    if (type == "web_search_tool_result" && string_or_empty(block, "tool_use_id").empty()) block["tool_use_id"] = last_server_id;
  }
}

// Thinking leaves with a signature over all that came before it; what is not shown is still counted in it.
void sign_thinking(const World& world, const Turn& turn, Answer& answer, const std::vector<std::int64_t>& tokens) {
  BindingChain chain(turn.prompt);
  for (const auto& block : turn.prompt.blocks) chain.add(block);
  auto previous = turn.signatures.last_tag;
  const bool shown = thinking_shown(turn);
  for (std::size_t i = 0; i < answer.content.size(); ++i) {
    auto& block = answer.content[i].as_object();
    if (string_or_empty(block, "type") == "thinking") {
      if (!shown) block["thinking"] = "";
      const auto signature = make_signature({.model = turn.model->id,
                                             .account = turn.credential.account,
                                             .tokens = tokens[i],
                                             .shown = shown_digest(string_or_empty(block, "thinking")),
                                             .prefix = chain.value(),
                                             .previous = previous},
                                            world.signature_secret);
      block["signature"] = signature;
      previous = signature_tag(signature);
    }
    chain.add(block);
  }
}

struct Prepared {
  Answer answer;
  std::vector<std::int64_t> tokens;  // of each block
};

Prepared prepare_answer(World& world, const Turn& turn, std::optional<Answer> scripted) {
  auto answer = scripted ? std::move(*scripted) : play_default(turn.conversation);
  if (!thinking_wanted(turn))
    for (auto item = answer.content.begin(); item != answer.content.end();)
      item = string_or_empty(item->as_object(), "type") == "thinking" ? answer.content.erase(item) : item + 1;
  apply_stop_sequences(answer, *turn.body);
  apply_max_tokens(answer, turn);
  fill_ids(world, answer);
  auto tokens = output_tokens_of(answer, *turn.model);
  sign_thinking(world, turn, answer, tokens);
  return {std::move(answer), std::move(tokens)};
}

Usage usage_of(const Turn& turn, const CacheUse& prompt, const Prepared& prepared) {
  Usage usage;
  usage.prompt = prompt;
  std::int64_t counted = 0;
  for (const auto tokens : prepared.tokens) counted += tokens;
  usage.output = prepared.answer.output_tokens.value_or(counted);
  usage.web_searches = prepared.answer.web_searches;
  if (string_or_empty(*turn.body, "speed") == "fast") usage.speed = "fast";
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
    world.limiter.spend(account, prompt.input + prompt.written_5m + prompt.written_1h, output, done->cost, world.clock.now());
  };
}

LedgerEntry ledger_entry(const Turn& turn, const MessageFrame& frame, const std::string& request_id, UnixMs now, bool streamed) {
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

Credential read_credential(const HeaderList& headers) {
  const auto key = find_header(headers, "x-api-key");
  const auto authorization = find_header(headers, "authorization");
  Credential credential;
  const auto used = authorization.empty() ? key : authorization;
  credential.present = !used.empty();
  credential.subscriber = authorization.find("sk-ant-oat") != std::string_view::npos;
  credential.account = to_hex(sha256(used.starts_with("Bearer ") ? used.substr(7) : used), 6);
  return credential;
}

MessagesOutcome handle_messages(World& world, const Request& request, const std::string& request_id,
                                std::optional<Answer> scripted) {
  Turn turn;
  if (const auto error = admit(world, request, kind_of(world, request, false), turn)) return refuse(world, turn, *error, request_id);
  const std::lock_guard lock(world.mutex);
  const auto now = world.clock.now();
  const auto& account = turn.credential.account;
  auto lane = std::string(name_of(turn.conversation.lane));
  if (const auto seconds = world.limiter.take_request(account, turn.credential.subscriber, now)) {
    auto reply = error_reply({429, "rate_limit_error", "This request would exceed your organization's rate limit."}, request_id);
    reply.headers.push_back({"retry-after", std::to_string(*seconds)});
    append(reply.headers, world.limiter.headers(account, turn.credential.subscriber, now));
    return {std::move(reply), std::move(lane)};
  }
  const auto plan = world.cache.plan(cache_positions(turn.prompt, account), turn.prompt_tokens, turn.model->min_cacheable, now);
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
  if (const auto error = admit(world, request, kind_of(world, request, true), turn)) return refuse(world, turn, *error, request_id);
  const json::object body{{"input_tokens", turn.prompt_tokens}};
  return {json_reply(200, json::serialize(body)), "count_tokens"};
}

}  // namespace sim

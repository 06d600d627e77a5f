#include "pipeline/handle_chat_completions.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.h"
#include "base/version.h"
#include "openai/chat_request.h"
#include "openai/conversation_text.h"
#include "openai/json_writer.h"
#include "pipeline/handle_messages.h"
#include "pipeline/translated_client.h"

namespace distiq {
namespace {

constexpr std::string_view chat_path = "/v1/chat/completions";
constexpr std::string_view api_version = "2023-06-01";
constexpr std::chrono::milliseconds look_every{25};
constexpr std::chrono::milliseconds slot_patience{2'000};
constexpr std::size_t complaint_shown = 300;

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

// Made anew, so that nothing of the client's head, above all no credential, can slip through.
RequestHead api_head(const RequestHead& client, const Secret& api_key, std::size_t body_size) {
  RequestHead head;
  head.method = "POST";
  head.target = "/v1/messages";
  head.headers.add("Host", "api");  // replaced on the way
  head.headers.add("Content-Type", "application/json");
  head.headers.add("Content-Length", std::to_string(body_size));
  head.headers.add("Accept", "application/json");
  head.headers.add("Accept-Encoding", "identity");  // the answer must be read
  head.headers.add("User-Agent", "distiq-code/" + std::string(version()));
  head.headers.add("anthropic-version", api_version);
  head.headers.add("x-api-key", api_key.reveal());
  head.headers.add(openai_door_field, "openai");
  if (const auto policy = client.headers.find("x-distiq-policy")) head.headers.add("x-distiq-policy", *policy);
  return head;
}

Task<Disposition> tell_error(ClientExchange& client, const ChatError& error, ExchangeLog& log) {
  ChatReply reply(client, ChatStreamOptions(), {});
  reply.add_field("x-distiq-id", log.id());
  const Disposition disposition = co_await reply.answer(error);
  log.told(error.status);
  log.response_was(reply.bytes());
  co_return disposition;
}

class ChatExchange {
 public:
  ChatExchange(const PipelineServices& services, const OpenAiDoor& door, ClientExchange& client,
               UpstreamConnector& upstream, ExchangeLog& log)
      : services_(services),
        door_(door),
        client_(client),
        upstream_(upstream),
        log_(log),
        created_(
            std::chrono::duration_cast<std::chrono::seconds>(services.policy_clock.wall().time_since_epoch()).count()) {
  }

  Task<Disposition> run() {
    // First who pays: nobody else's body is worth reading.
    const auto payer = choose_payer(client_.head(), door_.keys);
    if (!payer) co_return co_await refuse(payer.error());
    auto body = co_await client_.read_body(services_.max_body_bytes).task();
    if (!body) co_return co_await answer_chat_error(client_, body.error(), log_);
    const MonotonicTime complete_at = services_.clock.monotonic();
    auto request = translate_chat_request((*body)->bytes(), door_.models, door_.map);
    log_.prepared(services_.clock.monotonic() - complete_at);
    if (!request) co_return co_await refuse(request.error());
    if (payer->cli) co_return co_await ask_cli(*request, (*body)->bytes().size());
    co_return co_await ask_api(*request, payer->api_key, std::move(*body));
  }

 private:
  Task<Disposition> refuse(const ChatError& error) {
    log_.failed({ErrorKind::client_fault,
                 (error.param.empty() ? "refused: " + error.code : "refused for its field " + error.param),
                 {}});
    co_return co_await tell_error(client_, error, log_);
  }

  Task<Disposition> ask_api(ChatRequest& request, const Secret& api_key, std::unique_ptr<BufferedBody> original) {
    const ChatStreamOptions form{.created = created_,
                                 .include_usage = request.include_usage,
                                 .own_tools = false,
                                 .text_withheld = false,
                                 .json_object = request.json_object};
    ChatReply reply(client_, form, request.notes);
    TranslatedRequest translated{.head = api_head(client_.head(), api_key, request.body.size()),
                                 .body = std::move(request.body),
                                 .original = std::move(original),
                                 .stream = request.stream,
                                 .json_object = request.json_object};
    TranslatedClient client(client_, std::move(translated), created_, reply);
    const Disposition disposition = co_await handle_messages(services_, client, upstream_, log_);
    const Disposition told = co_await client.finish(disposition);
    // Not when handle_messages was done: a whole answer is translated and written only now.
    log_.ended(services_.clock.monotonic());
    co_return told;
  }

  // What the CLI asks of the API passes the Anthropic door and is booked there; here stands only that somebody asked.
  Task<Disposition> ask_cli(const ChatRequest& request, std::size_t size) {
    log_.request_was(size);
    model_ = request.model;
    const auto text = conversation_text(request.body);
    if (!text) co_return co_await refuse(text.error());
    ClaudeCli* cli = door_.cli();
    if (cli == nullptr) {
      const Error missing{ErrorKind::upstream_unreachable, "no claude CLI",
                          "The claude CLI was not found; set CLAUDE_CLI to its path."};
      co_return co_await answer_chat_error(client_, missing, log_);
    }
    const CliRequest question{.model = request.model,
                              .effort = request.effort,
                              .system = text->system,
                              .content = text->content,
                              .schema = text->schema};
    structured_ = !text->schema.empty();
    json_object_ = request.json_object;
    Cancellation cancellation;
    client_.watch(cancellation);
    auto run = co_await start_cli(*cli, question, cancellation);
    if (!run) co_return co_await answer_chat_error(client_, run.error(), log_);
    const CancellationHook hook(cancellation, [&run] { (*run)->kill(); });
    if (cancellation.cancelled()) (*run)->kill();
    std::vector<std::string> notes = request.notes;
    if (!text->note.empty()) notes.push_back(text->note);
    const ChatStreamOptions form{.created = created_,
                                 .include_usage = request.include_usage,
                                 .own_tools = true,
                                 .text_withheld = structured_,
                                 .json_object = request.json_object};
    ChatReply reply(client_, form, notes);
    reply.add_field("x-distiq-id", log_.id());
    const Disposition disposition = co_await relay(**run, request.stream, reply, cancellation);
    log_.response_was(reply.bytes());
    cancellation.clear_hook();  // a client that leaves with its answer leaves the CLI its time to end
    if (!over_) (*run)->kill();
    co_await (*run)->settle();
    if (!has_result_ && !left_) log_complaint(**run);
    co_return disposition;
  }

  // An earlier run may be about to end: its process takes a moment longer than its answer.
  Task<Result<std::unique_ptr<CliRun>>> start_cli(ClaudeCli& cli, const CliRequest& question,
                                                  const Cancellation& cancellation) {
    const IoExecutor executor = co_await boost::asio::this_coro::executor;
    Timer pause(executor);
    for (auto waited = look_every; true; waited += look_every) {
      auto run = cli.start(question, executor);
      const bool is_full = !run && run.error().kind == ErrorKind::overloaded;
      if (!is_full || waited > slot_patience) co_return run;
      pause.expires_after(look_every);
      co_await pause.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable_t<IoExecutor>()));
      if (cancellation.cancelled()) co_return fail(ErrorKind::client_gone, {});
    }
  }

  Task<Disposition> relay(CliRun& run, bool streamed, ChatReply& reply, const Cancellation& cancellation) {
    std::optional<CliResult> result;
    std::string answer;
    while (!result) {
      const auto event = co_await run.next();
      if (cancellation.cancelled()) co_return left();
      if (!event) co_return co_await broken(event.error(), reply);
      // From its result or the end of its output on it ends by itself, and may have something to put away.
      has_result_ = *event && (*event)->result;
      over_ = !*event || has_result_;
      if (!*event) break;
      result = (*event)->result;
      if ((*event)->kind == CliEventKind::text) answer += (*event)->text;
      if (!streamed || (*event)->api_event.empty()) continue;
      std::string chunks;
      reply.stream().event((*event)->api_event, chunks);
      if (chunks.empty()) continue;
      const auto written = co_await reply.write(chunks);
      if (!written) co_return left();
    }
    co_return co_await finish(result, answer, streamed, reply);
  }

  Task<Disposition> finish(const std::optional<CliResult>& result, const std::string& answer, bool streamed,
                           ChatReply& reply) {
    if (!result) {
      const Error silent{ErrorKind::upstream_broke, "the claude CLI ended without a result",
                         "The claude CLI ended without an answer; is it logged in?"};
      co_return co_await broken(silent, reply);
    }
    if (result->is_error) co_return co_await failed(*result, reply);
    // Words around it, and attempts that did not meet the schema, are not the answer; those of a refusal are.
    const bool by_schema = structured_ && result->stop_reason != "refusal";
    if (by_schema && result->structured.empty()) co_return co_await unstructured(reply);
    const std::string& words = by_schema ? result->structured : answer.empty() ? result->text : answer;
    log_.told(200);
    const ChatUsage usage{.input = result->input_tokens,
                          .cache_read = result->cache_read_tokens,
                          .cache_write = result->cache_write_tokens,
                          .output = result->output_tokens,
                          .thinking = 0};
    // It hands its structured answer over by calling a tool, which is none of the client's.
    const std::string_view stop_reason = by_schema ? "end_turn" : std::string_view(result->stop_reason);
    if (!streamed) co_return co_await whole_answer(words, stop_reason, *result, reply);
    reply.stream().set_usage(usage);
    std::string chunks;
    if (structured_ && reply.stream().started()) reply.stream().say(words, chunks);
    reply.stream().finish(stop_reason, chunks);
    const auto written = co_await reply.write(chunks);
    if (!written) co_return left();
    co_return co_await reply.end(reply.stream().ended());
  }

  // By way of the API's form, which is translated like every answer.
  Task<Disposition> whole_answer(const std::string& text, std::string_view stop_reason, const CliResult& result,
                                 ChatReply& reply) {
    const auto count = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
    JsonWriter message;
    message.open('{').member("id", log_.id()).member("model", model_).member("stop_reason", stop_reason);
    message.key("content").open('[').open('{').member("type", "text").member("text", text).close('}').close(']');
    message.key("usage").open('{').key("input_tokens").number(count(result.input_tokens));
    message.key("cache_read_input_tokens").number(count(result.cache_read_tokens));
    message.key("cache_creation_input_tokens").number(count(result.cache_write_tokens));
    message.key("output_tokens").number(count(result.output_tokens)).close('}').close('}');
    const auto completion = chat_completion(message.text(), created_, json_object_);
    if (!completion) co_return co_await reply.answer(completion.error());
    co_return co_await reply.answer(200, *completion);
  }

  // A CLI that does not know schemas, or a model that would not.
  Task<Disposition> unstructured(ChatReply& reply) {
    const Error none{ErrorKind::upstream_broke, "the claude CLI gave no structured output",
                     "The claude CLI gave no answer that meets the schema; an old version cannot (2.1.330 can)."};
    co_return co_await broken(none, reply);
  }

  Task<Disposition> failed(const CliResult& result, ChatReply& reply) {
    ChatError error = chat_error_from(result.api_status == 0 ? 502 : result.api_status, {});
    error.message = "The claude CLI reports: " + result.text;
    log_.failed({ErrorKind::upstream_broke, "the claude CLI failed", {}});
    co_return co_await tell(error, reply);
  }

  Task<Disposition> broken(const Error& error, ChatReply& reply) {
    log_.failed(error);
    const ChatError told = chat_error_from(error, log_.error_language());
    co_return co_await tell(told, reply);
  }

  Task<Disposition> tell(const ChatError& error, ChatReply& reply) {
    log_.told(error.status);
    if (!reply.began()) co_return co_await reply.answer(error);
    std::string chunks;
    reply.stream().fail(error, chunks);
    const auto written = co_await reply.write(chunks);
    if (!written) co_return Disposition::close;
    co_return co_await reply.end(true);
  }

  // To the log only: records must not hold what a program may quote.
  void log_complaint(const CliRun& run) {
    const std::string what = "the claude CLI, exit code " + std::to_string(run.exit_code()) + ": ";
    services_.log_error({ErrorKind::upstream_broke, what + printable(run.complaint(), complaint_shown), {}}, log_.id());
  }

  Disposition left() {
    left_ = true;
    log_.failed({ErrorKind::client_gone, {}, {}});
    return Disposition::close;
  }

  const PipelineServices& services_;
  const OpenAiDoor& door_;
  ClientExchange& client_;
  UpstreamConnector& upstream_;
  ExchangeLog& log_;
  const std::int64_t created_;
  std::string model_;
  bool json_object_ = false;
  bool structured_ = false;  // the answer must meet a schema
  bool has_result_ = false;  // of the CLI
  bool over_ = false;        // nothing more is wanted of it
  bool left_ = false;        // the client has
};

}  // namespace

bool is_chat_path(const RequestHead& head) {
  return head.method == "POST" && head.path() == chat_path;
}

RequestHead with_bearer_as_token(const RequestHead& head) {
  RequestHead copy = head;
  const std::string_view credential = caller_credential(head);
  if (!credential.empty() && !copy.headers.has("x-distiq-token")) copy.headers.add("x-distiq-token", credential);
  return copy;
}

std::optional<Error> refuse_local_key(const RequestHead& head, const OpenAiDoor& door) {
  const Secret& key = door.keys.control_key;
  if (key.empty() || !key.equals(caller_credential(head))) return std::nullopt;
  return Error{ErrorKind::forbidden, "control key on a path that is passed on",
               "This proxy's own key opens /v1/chat/completions and /v1/models only."};
}

Task<Disposition> answer_chat_error(ClientExchange& client, const Error& error, ExchangeLog& log) {
  log.failed(error);
  if (error.kind == ErrorKind::client_gone || error.kind == ErrorKind::cancelled) co_return Disposition::close;
  const ChatError told = chat_error_from(error, log.error_language());
  co_return co_await tell_error(client, told, log);
}

Task<Disposition> handle_chat_completions(const PipelineServices& services, const OpenAiDoor& door,
                                          ClientExchange& client, UpstreamConnector& upstream, ExchangeLog& log) {
  ChatExchange exchange(services, door, client, upstream, log);
  co_return co_await exchange.run();
}

}  // namespace distiq

#include "app/chat/chat_backend.h"

#include <fmt/format.h>

#include <cmath>

#include "app/claude_code.h"
#include "app/lifecycle/proxy_in_use.h"
#include "app/local_stream.h"
#include "app/phrase.h"
#include "app/user_cli.h"
#include "claude_cli/cli_blocking.h"
#include "http/sse_splitter.h"
#include "openai/conversation_text.h"

namespace distiq {
namespace {

constexpr std::uint64_t longest_answer = 16'000;  // tokens
constexpr std::size_t most_error_bytes = 64 * 1024;

constexpr Phrase kOverApi{"API key, through the proxy at {}", "ключ API, через прокси {}"};
constexpr Phrase kOverCli{"your claude CLI, through the proxy at {}", "ваш claude CLI, через прокси {}"};
constexpr Phrase kNoCli{"Claude Code was not found: --cli needs it.",
                        "Claude Code не найден, а --cli без него не работает."};
constexpr Phrase kCut{"The answer was cut off.", "Ответ оборвался."};
constexpr Phrase kGone{"The proxy does not answer any more.", "Прокси больше не отвечает."};
constexpr Phrase kNoAnswer{"The connection to the proxy was lost before an answer.",
                           "Связь с прокси прервалась до ответа."};

std::string sentence(const Error& error, Language language) {
  if (error.kind == ErrorKind::upstream_unreachable) return kGone.in(language);
  if (error.kind == ErrorKind::upstream_broke) return kNoAnswer.in(language);
  return error.client_text;
}

class ApiBackend final : public ChatBackend {
 public:
  ApiBackend(ProxyInUse proxy, Secret key, Secret token, Language language)
      : proxy_(std::move(proxy)), key_(std::move(key)), token_(std::move(token)), language_(language) {}

  std::string describe() const override { return say(language_, kOverApi, proxy_.url); }

  ChatOutcome ask(const Conversation& conversation, const std::atomic<bool>& stop,
                  const std::function<void(std::string_view)>& take) override {
    LocalRequest request{.host = proxy_.host, .port = proxy_.port, .target = "/v1/messages", .fields = {}, .body = {}};
    request.fields.add("Content-Type", "application/json");
    request.fields.add("Anthropic-Version", "2023-06-01");
    request.fields.add("Accept-Encoding", "identity");
    request.fields.add("X-Api-Key", key_.reveal());
    if (!token_.empty()) request.fields.add("X-Distiq-Token", token_.reveal());
    request.body = request_body(conversation, longest_answer);

    ChatOutcome outcome;
    SseSplitter events;
    std::string refusal;
    bool ended = false;
    const auto answer = stream_local(request, stop, [&](const ResponseHead& head, std::string_view bytes) {
      if (head.status != 200) {
        if (refusal.size() < most_error_bytes) refusal += bytes;
        return;
      }
      while (const auto event = events.next(bytes)) {
        const ChatEvent told = read_event(event->data);
        if (!told.text.empty()) take(told.text);
        if (!told.error.empty() && outcome.error.empty()) outcome.error = told.error;
        if (!told.stop.empty()) outcome.stop = told.stop;
        ended = ended || told.ended;
      }
    });
    if (!answer) {
      outcome.error = sentence(answer.error(), language_);
      return outcome;
    }
    outcome.request_id = std::string(answer->head.headers.get_or("x-distiq-id", ""));
    outcome.route = std::string(answer->head.headers.get_or("x-distiq-route", ""));
    if (answer->head.status != 200 && answer->head.status != 0) {
      outcome.error = fmt::format("{} ({})", error_sentence(refusal), answer->head.status);
    } else if (!ended && outcome.error.empty() && !stop) {
      outcome.error = kCut.in(language_);
    }
    return outcome;
  }

 private:
  const ProxyInUse proxy_;
  const Secret key_;
  const Secret token_;
  const Language language_;
};

class CliBackend final : public ChatBackend {
 public:
  CliBackend(ProxyInUse proxy, ClaudeCliConfig config, Language language)
      : proxy_(std::move(proxy)), cli_(std::move(config)), language_(language) {}

  std::string describe() const override { return say(language_, kOverCli, proxy_.url); }

  ChatOutcome ask(const Conversation& conversation, const std::atomic<bool>& stop,
                  const std::function<void(std::string_view)>& take) override {
    ChatOutcome outcome;
    const auto text = conversation_text(request_body(conversation, longest_answer));
    if (!text) {
      outcome.error = text.error().message;
      return outcome;
    }
    bool any = false;
    const auto done =
        run_cli(cli_, {.model = conversation.model, .effort = {}, .system = text->system, .content = text->content},
                stop, [&](const CliEvent& event) {
                  if (event.kind == CliEventKind::text) {
                    any = true;
                    take(event.text);
                  }
                  if (!event.result) return;
                  const CliResult& result = *event.result;
                  if (result.is_error) outcome.error = result.text;
                  outcome.stop = result.stop_reason;
                  outcome.cost = PicoUsd{std::llround(result.cost_usd * 1e12)};
                  outcome.input_tokens = result.input_tokens + result.cache_read_tokens + result.cache_write_tokens;
                  outcome.output_tokens = result.output_tokens;
                });
    if (!done) outcome.error = done.error().for_user();
    if (done && !any && outcome.error.empty() && !stop) outcome.error = kCut.in(language_);
    return outcome;
  }

 private:
  const ProxyInUse proxy_;
  ClaudeCli cli_;
  const Language language_;
};

}  // namespace

std::unique_ptr<ChatBackend> make_chat_backend(const Config& config, bool use_cli,
                                               const std::vector<std::string>& setting_arguments, const CommandIo& io,
                                               ExitCode& code) {
  code = ExitCode::failed;
  std::optional<std::filesystem::path> program;
  if (use_cli) {
    program = find_claude_program(config.openai.cli, io.environment);
    if (!program) {
      say_error(io, kNoCli.in(config.language));
      return nullptr;
    }
  }
  auto proxy = ProxyInUse::find_or_start(config, setting_arguments, io, code);
  if (!proxy) {
    if (!proxy.error().client_text.empty()) say_error(io, proxy.error().client_text);
    return nullptr;
  }
  if (!use_cli) {
    Secret key(std::string(io.environment.find("ANTHROPIC_API_KEY").value_or("")));
    return std::make_unique<ApiBackend>(std::move(*proxy), std::move(key), config.listen.token, config.language);
  }
  auto cli = user_cli_config(config, *program, io.environment, {.base_url = proxy->url, .token = config.listen.token});
  if (!cli) {
    say_error(io, cli.error().for_user());
    code = ExitCode::failed;
    return nullptr;
  }
  return std::make_unique<CliBackend>(std::move(*proxy), std::move(*cli), config.language);
}

}  // namespace distiq

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <ostream>

#include "app/command.h"
#include "app/config/config_parse.h"
#include "app/local_socket.h"
#include "app/phrase.h"
#include "app/report_language.h"
#include "app/state_files.h"
#include "base/clock.h"
#include "base/text.h"
#include "setup/json_outline.h"
#include "stats/status_line.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxInputBytes = 256 * 1024;
constexpr int kInputLimitMs = 200;  // Claude Code writes at once and closes
constexpr std::chrono::milliseconds kStoreLimit{5};
constexpr std::size_t kMaxModelBytes = 40;

constexpr Phrase no_requests = {"nothing through distiq-code yet", "через distiq-code запросов ещё не было"};
constexpr Phrase none_of_session = {"nothing through distiq-code in this session yet",
                                    "в этой сессии через distiq-code запросов ещё не было"};
constexpr Phrase all_of_today = {"today, all sessions", "сегодня, все сессии"};
constexpr Phrase not_running = {"distiq-code is NOT RUNNING: distiq-code start --background",
                                "distiq-code НЕ ЗАПУЩЕН: distiq-code start --background"};
constexpr Phrase unreadable = {"no statistics: distiq-code doctor", "нет статистики: distiq-code doctor"};

// What Claude Code writes to its status line command; whatever is missing stays empty.
struct ClientState {
  std::string session_id;
  std::string model;
};

std::string read_input(int fd) {
  std::string text;
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  std::array<char, 8192> block;
  while (text.size() < kMaxInputBytes && ::poll(&entry, 1, kInputLimitMs) > 0) {
    const auto count = ::read(fd, block.data(), block.size());
    if (count <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string string_member(std::string_view text, const JsonObject& object, std::string_view key) {
  const auto* member = object.find(key);
  return member == nullptr ? "" : json_string_value(member->value.of(text)).value_or("");
}

ClientState client_state(std::string_view text) {
  const auto root = outline_json(text);
  if (!root) return {};
  ClientState state{string_member(text, *root, "session_id"), {}};
  const auto* model = root->find("model");
  const auto object = model == nullptr ? std::nullopt : outline_member(text, *model);
  if (object) state.model = printable(string_member(text, *object, "display_name"), kMaxModelBytes);
  return state;
}

// Whether the loopback address that this session uses refuses connections. Costs microseconds: nothing is sent.
bool is_refused(const Environment& environment) {
  const auto address = parse_upstream(environment.find("ANTHROPIC_BASE_URL").value_or(""));
  if (!address || !is_loopback_host(address->host)) return false;
  const std::chrono::milliseconds limit{5};  // a full backlog makes it wait
  return LocalSocket(address->host, address->port, limit).error() == ECONNREFUSED;
}

std::string session_line(const Config& config, const ClientState& state) {
  const auto with_model = [&](const Phrase& phrase) {
    return (state.model.empty() ? "" : state.model + " | ") + phrase.in(config.language);
  };
  const auto path = store_path(config.home).string();
  auto reader = StatsReader::open(path, kStoreLimit);
  if (!reader) return with_model(std::filesystem::exists(path) ? unreadable : no_requests);
  const std::int64_t now_ms = system_clock().wall().time_since_epoch().count();
  if (state.session_id.empty()) {  // which session this is was not said, or is not readable
    const auto today = reader->summary(Period::day, now_ms);
    if (!today) return with_model(unreadable);
    if (today->total.requests == 0) return with_model(no_requests);
    const StatusLineFacts facts{.served_model = {}, .requested_model = {}, .totals = today->total};
    return fmt::format("{} | {}", with_model(all_of_today),
                       status_line(facts, PriceTable::builtin(), now_ms, report_language(config.language)));
  }
  const auto session = reader->session(state.session_id);
  if (!session) return with_model(unreadable);
  if (!*session) return with_model(none_of_session);
  const SessionSummary& summary = **session;
  StatusLineFacts facts{.served_model = summary.served_model,
                        .requested_model = summary.requested_model,
                        .totals = summary.totals,
                        .account_kind = summary.account_kind,
                        .limits = summary.limits ? &*summary.limits : nullptr};
  const auto language = report_language(config.language);
  if (facts.served_model.empty()) facts.served_model = facts.requested_model = state.model;
  return status_line(facts, PriceTable::builtin(), now_ms, language);
}

}  // namespace

ExitCode run_statusline(const Result<Config>& config, const CommandIo& io) {
  const auto state = client_state(read_input(STDIN_FILENO));
  if (!config) {
    io.out << printable(config.error().client_text, 200) << std::endl;
  } else if (is_refused(io.environment)) {
    io.out << not_running.in(config->language) << std::endl;
  } else {
    io.out << session_line(*config, state) << std::endl;
  }
  return ExitCode::ok;
}

}  // namespace distiq

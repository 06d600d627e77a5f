#include "app/proxy/wiring.h"

#include <unistd.h>

#include <atomic>
#include <mutex>

#include "app/claude_code.h"
#include "app/dashboard/request_feed.h"
#include "app/dashboard/web_routes.h"
#include "app/price_file.h"
#include "app/proxy/control_routes.h"
#include "app/proxy/local_routes.h"
#include "app/proxy/request_reporter.h"
#include "app/proxy/servers.h"
#include "app/state_files.h"
#include "app/trace_collector.h"
#include "app/use_colour.h"
#include "app/user_cli.h"
#include "base/file.h"
#include "base/line_writer.h"
#include "base/log.h"
#include "money/price_table.h"
#include "net/server.h"
#include "net/upstream_probe.h"
#include "pipeline/handle_chat_completions.h"
#include "pipeline/handle_request.h"
#include "pipeline/route_steering.h"
#include "storage/record_store.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

// Of the 50 ms that a start may take.
constexpr auto restore_limit = std::chrono::milliseconds(20);
// Of a conversation that goes on after a longer break all is read again.
constexpr auto keep_recent = std::chrono::hours(1);
constexpr auto flush_limit = std::chrono::milliseconds(5'000);
// A terminal that is stopped (Ctrl-S) must not hold the end of the process.
constexpr auto line_limit = std::chrono::milliseconds(1'000);
constexpr auto trace_limit = std::chrono::milliseconds(2'000);

StoreConfig store_config(const Config& config) {
  StoreConfig store;
  store.path = store_path(config.home).string();
  store.retention_days = static_cast<int>(config.retention_days);
  return store;
}

UpstreamTarget target_of(const UpstreamAddress& upstream) {
  UpstreamTarget target;
  target.authority = upstream.host.contains(':') ? "[" + upstream.host + "]" : upstream.host;
  if (upstream.port != (upstream.tls ? 443 : 80)) target.authority += ":" + std::to_string(upstream.port);
  target.path_prefix = upstream.path_prefix;
  return target;
}

ServerConfig server_config(const Config& config) {
  ServerConfig server;
  server.host = config.listen.host == "localhost" ? "127.0.0.1" : config.listen.host;
  server.port = config.listen.port;
  server.inherited_fd = config.listen.inherited_fd;
  server.io_threads = static_cast<int>(config.io_threads);
  server.max_connections = config.limits.max_connections;
  server.max_buffered_bytes = config.limits.max_buffered_bytes;
  server.limits.header_bytes = config.limits.max_header_bytes;
  server.limits.header_timeout = config.timeouts.header;
  server.limits.idle_timeout = config.timeouts.idle;
  server.limits.body_timeout = config.timeouts.body;
  server.upstream = way_to(config, config.upstream);
  server.extra_ca_files = extra_ca_files(config);
  return server;
}

GuardConfig guard_config(const Config& config) {
  GuardConfig guards{config.listen.allowed_hosts, config.listen.token};
  const bool is_v6 = config.listen.host.contains(':');
  guards.allowed_hosts.push_back(is_v6 ? "[" + config.listen.host + "]" : config.listen.host);
  return guards;
}

RouteSteeringConfig steering_config(const Config& config) {
  RouteSteeringConfig steering;
  steering.echo_requested_model = config.steering.echo_requested_model;
  steering.holdout_percent = config.steering.holdout_percent;
  steering.prompt_caching = config.steering.prompt_caching;
  return steering;
}

// Callers of the OpenAI door prove that they are at home here by PROXY_TOKEN or by what only the user's own files tell.
DoorKeys door_keys(const Config& config, const Secret& control_key) {
  return {.environment_key = config.openai.api_key,
          .proxy_token = config.listen.token,
          .control_key = control_key,
          .use_cli = config.openai.use_cli};
}

// By way of our own Anthropic door: what the CLI asks is then recorded and steered like Claude Code's requests.
CliDoor cli_door(const Config& config, std::uint16_t port) {
  const std::string& host = config.listen.host;
  const bool any = host == "0.0.0.0" || host == "::" || host == "localhost";
  const std::string reached = any ? "127.0.0.1" : host.contains(':') ? "[" + host + "]" : host;
  return {.base_url = "http://" + reached + ":" + std::to_string(port), .token = config.listen.token};
}

// Null if it cannot be used: a proxy starts without it, and says so.
std::unique_ptr<ClaudeCli> make_cli(const Config& config, std::uint16_t port) {
  const Environment environment = Environment::of_process();
  const auto program = find_claude_program(config.openai.cli, environment);
  if (!program) {
    log::warn("OPENAI_BACKEND=cli: there is no program {}; set CLAUDE_CLI to the path of the claude CLI",
              config.openai.cli);
    return nullptr;
  }
  auto cli = user_cli_config(config, *program, environment, cli_door(config, port));
  if (!cli) {
    log::warn("OPENAI_BACKEND=cli: {}", cli.error().log_detail);
    return nullptr;
  }
  cli->tools = config.openai.cli_tools;
  cli->time_limit = config.openai.cli_time_limit;
  cli->max_runs = config.openai.cli_max_runs;
  return std::make_unique<ClaudeCli>(std::move(*cli));
}

LineStyle line_style(const Config& config) {
  if (config.log_format == LogFormat::json) return LineStyle::json;
  return use_colour(config, STDOUT_FILENO) ? LineStyle::colour : LineStyle::plain;
}

class ProxyImpl final : public Proxy {
 public:
  ProxyImpl(const Config& config, PriceTable prices, const Secret& account_key, Secret control_key,
            std::unique_ptr<RecordStore> store)
      : config_(config),
        prices_(std::move(prices)),
        store_(std::move(store)),
        lines_(STDOUT_FILENO),
        metrics_(prices_),
        reporter_(line_style(config_), prices_, lines_),
        traces_(make_trace_exporter(config_)),
        books_(
            prices_, *store_, metrics_,
            [this](const RequestRecord& record) { feed_.add(record, reporter_.report(record)); }, traces_.get()),
        policy_(config_.steering.initial_policy()),
        routes_(config_, *store_, metrics_, lines_, policy_, system_clock(), traces_.get()),
        commands_(config_, control_key, policy_, policy_clock_),
        data_(store_path(config_.home).string(), system_clock()),
        web_(data_),
        steering_(prices_, policy_clock_, system_clock(), policy_, &judge_, steering_config(config_)),
        openai_{.models = prices_,
                .map = ModelMap::parse(config_.openai.model_map, prices_).value_or(ModelMap()),
                .keys = door_keys(config_, control_key),
                .cli = [this] { return cli_.load(std::memory_order_acquire); }},
        services_{
            .clock = system_clock(),
            .policy_clock = policy_clock_,
            .ids = ids_,
            .books = books_,
            .metrics = metrics_,
            .steering = &steering_,
            .recent = &recent_,
            .guards = guard_config(config_),
            .target = target_of(config_.upstream),
            .account_key = HmacSha256(account_key),
            .max_body_bytes = config_.limits.max_body_bytes,
            .local_routes = [this](const RequestHead& head) { return answer_locally(head); },
            .command = [this](const RequestHead& head, std::string_view body) { return commands_.answer(head, body); },
            .events = &feed_,
            .begun = [this](const RequestRecord& record) { feed_.began(record); },
            .watched = [this] { return feed_.is_watched(); },
            .traces = traces_.get(),
            .openai = config_.openai.endpoint ? &openai_ : nullptr,
            .log_error = log_error,
            .error_language = error_language(),
        } {}

  ~ProxyImpl() override { store_->set_state_source({}); }

  // What the former process knew of lanes and caches; without it the first requests are judged as cold.
  void remember() {
    auto reader = StatsReader::open(store_path(config_.home).string());
    const auto rows = reader ? reader->state_rows() : std::unexpected(reader.error());
    if (rows) steering_.restore(*rows, restore_limit);
  }

  Result<void> listen() {
    auto started = Server::start(
        server_config(config_),
        [this](ClientExchange& client, UpstreamConnector& upstream) {
          return handle_request(services_, client, upstream);
        },
        [this](const Error& error) { return refuse_early(error); }, events(), system_clock());
    if (!started) return std::unexpected(started.error());
    server_ = std::move(*started);
    if (config_.openai.endpoint && config_.openai.use_cli) owned_cli_ = make_cli(config_, server_->port());
    cli_.store(owned_cli_.get(), std::memory_order_release);
    routes_.serving(*server_);
    // Asked once a minute, while the store can be written.
    store_->set_state_source([this] {
      recent_.forget_unused(keep_recent);
      return StateSnapshot{steering_.rows()};
    });
    return {};
  }

  std::uint16_t port() const override { return server_->port(); }
  std::size_t connections() const override { return server_->connections(); }

  void hurry() override {
    if (traces_) traces_->hurry();
    const std::lock_guard lock(server_mutex_);
    if (server_) server_->hurry();
  }

  bool shut_down() override {
    const bool finished = server_->drain(config_.timeouts.drain);
    std::unique_ptr<Server> stopped;
    {
      const std::lock_guard lock(server_mutex_);
      stopped = std::move(server_);
    }
    stopped.reset();
    store_->set_state_source({});
    store_->record(StateSnapshot{steering_.rows()});
    const bool stored = store_->flush(flush_limit);
    lines_.flush(line_limit);
    if (traces_) traces_->shut_down(trace_limit);
    return finished && stored;
  }

 private:
  std::optional<LocalAnswer> answer_locally(const RequestHead& head) {
    auto answer = routes_.answer(head);
    return answer ? std::move(answer) : web_.answer(head);
  }

  // Before there is a request to book: not HTTP, or too many connections.
  std::string refuse_early(const Error& error) {
    const std::string id = ids_.next_rising("dq_");
    log_error(error, id);
    return error_response(error, id, /*keep_alive=*/false, /*head_only=*/false, error_language());
  }

  ErrorLanguage error_language() const {
    return config_.language == Language::russian ? ErrorLanguage::russian : ErrorLanguage::english;
  }

  ServerEvents events() {
    ServerEvents events;
    events.connection_opened = [this] { return std::make_shared<Metrics::Held>(metrics_.hold_connection()); };
    events.session_failed = [](const std::string& what) { log::error("a session ended by an exception: {}", what); };
    return events;
  }

  static void log_error(const Error& error, std::string_view request_id) {
    const bool ours = error.kind == ErrorKind::internal;
    log::message(ours ? LogLevel::error : LogLevel::warn, "{} {}: {}", request_id, to_string(error.kind),
                 error.log_detail);
  }

  const Config config_;
  const PriceTable prices_;
  IdSource ids_;
  std::unique_ptr<RecordStore> store_;
  LineWriter lines_;
  Metrics metrics_;
  RequestReporter reporter_;
  RequestFeed feed_{system_clock()};
  const std::unique_ptr<TraceExporter> traces_;  // null: off
  Bookkeeper books_;
  LivePolicy policy_;
  LocalRoutes routes_;
  MovableClock policy_clock_{system_clock()};
  ControlRoutes commands_;
  DashboardData data_;
  WebRoutes web_;
  const PatternJudge judge_;
  RouteSteering steering_;
  RecentRequests recent_{system_clock()};
  std::unique_ptr<ClaudeCli> owned_cli_;
  std::atomic<ClaudeCli*> cli_{nullptr};  // from when the port is known, which is where it asks
  const OpenAiDoor openai_;
  const PipelineServices services_;
  std::mutex server_mutex_;         // hurry() comes from another thread
  std::unique_ptr<Server> server_;  // last: its threads use everything above
};

// A store that cannot be used loses records, not requests: the proxy starts all the same and says so.
Secret account_key_or_random(const std::filesystem::path& home) {
  auto key = load_account_key(home);
  if (key) return std::move(*key);
  log::warn("account hashes will change at the next start: {}", key.error().log_detail);
  return Secret(IdSource().next("") + IdSource().next(""));
}

Secret control_key_or_none(const std::filesystem::path& home) {
  auto key = load_control_key(home);
  if (key) return std::move(*key);
  log::warn("the policy cannot be changed while this proxy runs: {}", key.error().log_detail);
  return {};
}

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::start(const Config& config) {
  if (auto home = ensure_private_directory(config.home); !home) return std::unexpected(home.error());
  auto prices = load_prices(config.models_file);
  if (!prices) return std::unexpected(prices.error());
  auto store = RecordStore::open(store_config(config), system_clock(), [](const StoreHealth& health) {
    if (!health.ok) log::warn("{} ({})", health.reason, health.detail);
  });
  if (!store) return std::unexpected(store.error());
  auto proxy = std::make_unique<ProxyImpl>(config, std::move(*prices), account_key_or_random(config.home),
                                           control_key_or_none(config.home), std::move(*store));
  proxy->remember();
  if (auto listening = proxy->listen(); !listening) return std::unexpected(listening.error());
  return proxy;
}

Result<std::string> ask_upstream(const Config& config, std::string request, std::chrono::milliseconds limit) {
  const auto server = server_config(config);
  return probe_upstream(server.upstream, server.extra_ca_files, std::move(request), limit, system_clock());
}

}  // namespace distiq

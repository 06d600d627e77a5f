#include "app/trace_collector.h"

#include <algorithm>
#include <charconv>

#include "app/proxy/servers.h"
#include "base/log.h"
#include "base/version.h"
#include "net/tls_stream.h"
#include "net/web_client.h"

namespace distiq {
namespace {

using std::chrono::milliseconds;

// For one POST, from the look-up to the last byte of the answer.
constexpr milliseconds post_limit{10'000};
// What a collector may say: more is cut off.
constexpr std::size_t longest_answer = 64u * 1024;
constexpr std::size_t longest_head = 64u * 1024;

WebRequest post_to(const Config& config) {
  WebRequest request{.server = way_to(config, *config.tracing.collector),
                     .extra_ca_files = extra_ca_files(config),
                     .method = "POST",
                     .target = config.tracing.target(),
                     .fields = {},
                     .body = {},
                     .stall_limit = post_limit};
  request.server.connect_timeout = std::min(request.server.connect_timeout, post_limit);
  request.server.header_limit = longest_head;
  request.fields.add("Content-Type", "application/json");
  request.fields.add("User-Agent", "distiq-code/" + std::string(version()));
  for (const auto& [name, value] : config.tracing.headers) request.fields.add(name, value.reveal());
  return request;
}

std::int64_t seconds_of(std::string_view text) {
  std::int64_t seconds = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && end == text.data() + text.size() ? seconds : -1;
}

CollectorAnswer post(const WebRequest& request) {
  CollectorAnswer answer;
  const auto done = fetch(request, system_clock(), [&](const ResponseHead& head, std::string_view piece) {
    // The head decides: a body that never ends must not send a batch twice.
    answer.status = head.status;
    answer.retry_after_s = seconds_of(head.headers.get_or("retry-after", ""));
    answer.body += piece.substr(0, longest_answer - answer.body.size());
    return answer.body.size() < longest_answer;
  });
  if (!done && answer.status == 0) {
    const bool stopped = done.error().kind == ErrorKind::cancelled;
    answer.problem = stopped ? "no answer in time" : done.error().for_user();
  }
  return answer;
}

MonotonicTime from_now(milliseconds limit) {
  return system_clock().monotonic() + limit;
}

// Keeps what lasts from one batch to the next.
class Collector {
 public:
  explicit Collector(const Config& config) : request_(post_to(config)) {}

  CollectorAnswer operator()(const std::string& body, const std::function<bool()>& go_on) try {
    if (request_.server.tls && !request_.tls) {
      auto made = make_tls_context(request_.extra_ca_files);
      if (!made) return {.status = 0, .retry_after_s = -1, .body = {}, .problem = made.error().for_user()};
      request_.tls = std::move(*made);
    }
    request_.body = body;
    const MonotonicTime until = from_now(post_limit);
    request_.go_on = [&] { return go_on() && system_clock().monotonic() < until; };
    return post(request_);
  } catch (const std::exception& failure) {
    return {.status = 0, .retry_after_s = -1, .body = {}, .problem = failure.what()};
  }

 private:
  WebRequest request_;
};

}  // namespace

std::unique_ptr<TraceExporter> make_trace_exporter(const Config& config) {
  if (!config.tracing.collector) return nullptr;
  TraceExporterConfig exporter;
  exporter.source = {
      .version = std::string(version()), .upstream_host = config.upstream.host, .upstream_port = config.upstream.port};
  return std::make_unique<TraceExporter>(std::move(exporter), system_clock(), Collector(config),
                                         [](const std::string& sentence) { log::warn("{}", sentence); });
}

CollectorAnswer ask_collector(const Config& config, milliseconds limit) {
  WebRequest request = post_to(config);
  request.body = R"({"resourceSpans":[]})";
  request.go_on = [until = from_now(limit)] { return system_clock().monotonic() < until; };
  return post(request);
}

}  // namespace distiq

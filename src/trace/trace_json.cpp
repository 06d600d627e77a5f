#include "trace/trace_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"

namespace distiq {
namespace {

constexpr std::size_t longest_text = 256;

constexpr int kind_server = 2;
constexpr int kind_client = 3;
constexpr int status_error = 2;

// Span.flags: the trace is sampled; it is known whether the parent is another process's; it is.
constexpr unsigned flags_sampled = 0x001;
constexpr unsigned flags_remote_known = 0x100;
constexpr unsigned flags_remote = 0x200;

class Attributes {
 public:
  explicit Attributes(std::string& out) : out_(out) { out_ += R"("attributes":[)"; }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  // Empty texts are left out.
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    string_value(value);
    out_ += "}";
  }
  void texts(std::string_view key, std::string_view value) {  // a list of one
    if (value.empty()) return;
    begin(key);
    out_ += R"({"arrayValue":{"values":[)";
    string_value(value);
    out_ += "]}}}";
  }
  void number(std::string_view key, std::int64_t value) {
    begin(key);
    fmt::format_to(std::back_inserter(out_), R"({{"intValue":"{}"}}}})", value);
  }
  void count(std::string_view key, std::uint64_t value) {
    number(key, static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX)));
  }
  void flag(std::string_view key, bool value) {
    begin(key);
    out_ += value ? R"({"boolValue":true}})" : R"({"boolValue":false}})";
  }
  void end() { out_ += ']'; }

 private:
  void begin(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    out_.append(R"({"key":")").append(key).append(R"(","value":)");
  }
  void string_value(std::string_view value) {
    out_ += R"({"stringValue":)";
    append_json_string(out_, value.substr(0, longest_text));
    out_ += '}';
  }

  std::string& out_;
  bool first_ = true;
};

// Only names that a backend may group by: anything else a client writes becomes one word.
std::string_view known_method(std::string_view method) {
  constexpr std::array<std::string_view, 9> known = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                     "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const auto* const found = std::ranges::find(known, method);
  return found == known.end() ? std::string_view() : *found;
}

std::string_view known_route(std::string_view path) {
  constexpr std::array<std::string_view, 4> known = {"/v1/messages", "/v1/messages/count_tokens",
                                                     "/v1/chat/completions", "/v1/models"};
  const auto* const found = std::ranges::find(known, path);
  return found == known.end() ? std::string_view() : *found;
}

bool is_generation(const RequestRecord& record) {
  return record.method == "POST" && (record.path == "/v1/messages" || record.path == "/v1/chat/completions");
}

struct SpanFrame {
  std::string_view trace_id, span_id, parent_id;
  int kind = 0;
  unsigned flags = 0;
  std::int64_t request_at_ms = 0;
  std::int64_t began_us = 0;  // since then
  std::int64_t ended_us = 0;
};

class SpanWriter {
 public:
  SpanWriter(std::string& out, const RequestTrace& trace, const TraceSource& source)
      : out_(out), trace_(trace), record_(trace.record), source_(source) {}

  void write() {
    server_span();
    for (const UpstreamAttempt& attempt : trace_.attempts) {
      out_ += ',';
      client_span(attempt);
    }
  }

 private:
  void frame(const SpanFrame& span, std::string_view name) {
    const auto nanoseconds = [&](std::int64_t us) { return span.request_at_ms * 1'000'000 + us * 1'000; };
    fmt::format_to(std::back_inserter(out_), R"({{"traceId":"{}","spanId":"{}",)", span.trace_id, span.span_id);
    if (!span.parent_id.empty()) fmt::format_to(std::back_inserter(out_), R"("parentSpanId":"{}",)", span.parent_id);
    fmt::format_to(std::back_inserter(out_), R"("flags":{},"kind":{},"name":)", span.flags, span.kind);
    append_json_string(out_, name.substr(0, longest_text));
    fmt::format_to(std::back_inserter(out_), R"(,"startTimeUnixNano":"{}","endTimeUnixNano":"{}",)",
                   nanoseconds(span.began_us), nanoseconds(std::max(span.began_us, span.ended_us)));
  }
  void end(bool failed) {
    if (failed) fmt::format_to(std::back_inserter(out_), R"(,"status":{{"code":{}}})", status_error);
    out_ += '}';
  }

  void server_span() {
    const bool remote = !trace_.parent_id.empty();
    const std::string_view method = known_method(record_.method);
    const std::string_view route = known_route(record_.path);
    std::string name(method.empty() ? "HTTP" : method);
    if (!route.empty()) name.append(" ").append(route);
    frame({.trace_id = trace_.trace_id,
           .span_id = trace_.span_id,
           .parent_id = trace_.parent_id,
           .kind = kind_server,
           .flags = flags_sampled | flags_remote_known | (remote ? flags_remote : 0),
           .request_at_ms = record_.started_at_ms,
           .began_us = 0,
           .ended_us = record_.duration_us},
          name);
    Attributes add(out_);
    http(add, record_.status);
    add.text("http.route", route);
    add.text("url.path", record_.path);
    add.text("url.scheme", "http");
    add.text("gen_ai.request.model", record_.requested_model);
    if (is_generation(record_)) add.text("gen_ai.response.model", record_.served_model);
    add.text("gen_ai.conversation.id", record_.session_id);
    const std::string error = server_error();
    add.text("error.type", error);
    decisions(add);
    add.end();
    // By the conventions a server span is in error where the server is: 4xx is the client's.
    end(record_.status >= 500 || record_.outcome == Outcome::upstream_cut);
  }

  void decisions(Attributes& add) {
    const RouteRecord& route = record_.route;
    add.text("distiq.id", record_.id);
    add.text("distiq.class", to_string(record_.request_class));
    add.text("distiq.lane", record_.lane_id);
    add.text("distiq.agent", record_.agent_id);
    add.text("distiq.account_kind", to_string(record_.account_kind));
    add.text("distiq.outcome", to_string(record_.outcome));
    add.text("distiq.policy", route.policy);
    if (!route.policy.empty()) {
      add.flag("distiq.moved", route.moved);
      add.text("distiq.decision_point", route.decision_point);
      add.text("distiq.cause", route.cause);
      // Elsewhere the reason is the detail of an error, which may name peers and files.
      if (record_.outcome == Outcome::ok) add.text("distiq.reason", record_.reason);
      add.text("distiq.arm", route.arm);
      add.text("distiq.requested_effort", route.requested_effort);
      add.text("distiq.served_effort", route.served_effort);
      add.number("distiq.expected_saving_usd_micros", route.expected_saving.to_micro_usd());
    }
    add.text("distiq.healed_because", route.healed_because);
    if (route.cache_break_tokens > 0) add.count("distiq.cache_break_tokens", route.cache_break_tokens);
    if (record_.usage_seen) {
      // Rounded first, like the store's rows: the numbers add up and are those of `explain`.
      const std::int64_t cost = record_.cost.to_micro_usd();
      const std::int64_t counterfactual = record_.counterfactual.to_micro_usd();
      const std::int64_t restored = record_.restored.to_micro_usd();
      add.number("distiq.cost_usd_micros", cost);
      add.number("distiq.counterfactual_usd_micros", counterfactual);
      if (restored != 0) add.number("distiq.restored_usd_micros", restored);
      add.number("distiq.saved_usd_micros", counterfactual - restored - cost);
    }
    if (record_.overhead_us >= 0) add.number("distiq.overhead_us", record_.overhead_us);
    add.count("http.request.body.size", record_.request_bytes);
    add.count("http.response.body.size", record_.response_bytes);
  }

  void client_span(const UpstreamAttempt& attempt) {
    const bool generates = is_generation(record_);
    const std::string_view method = known_method(record_.method);
    const std::string_view model =
        attempt.sent_model.empty() ? std::string_view(record_.requested_model) : attempt.sent_model;
    std::string name(generates ? "chat" : method.empty() ? "HTTP" : method);
    if (generates && !model.empty()) name.append(" ").append(model);
    frame({.trace_id = trace_.trace_id,
           .span_id = attempt.span_id,
           .parent_id = trace_.span_id,
           .kind = kind_client,
           .flags = flags_sampled | flags_remote_known,
           .request_at_ms = record_.started_at_ms,
           .began_us = attempt.began_us,
           .ended_us = attempt.ended_us < 0 ? record_.duration_us : attempt.ended_us},
          name);
    Attributes add(out_);
    http(add, attempt.status);
    add.text("server.address", source_.upstream_host);
    add.number("server.port", source_.upstream_port);
    if (generates) {
      add.text("gen_ai.operation.name", "chat");
      add.text("gen_ai.provider.name", "anthropic");
    }
    add.text("gen_ai.request.model", model);
    add.text("gen_ai.conversation.id", record_.session_id);
    if (generates) answer(add, attempt);
    const std::string error = attempt_error(attempt);
    add.text("error.type", error);
    if (attempt.first_byte_us >= 0) add.number("distiq.first_byte_us", attempt.first_byte_us - attempt.began_us);
    add.flag("distiq.edited", attempt.edited);
    add.flag("distiq.discarded", attempt.discarded);
    if (is_last(attempt)) add.text("distiq.upstream_request_id", record_.upstream_request_id);
    add.end();
    end(!error.empty());
  }

  // Each token stands on the one span that it was billed for, so that a sum over spans is right.
  void answer(Attributes& add, const UpstreamAttempt& attempt) {
    const RouteRecord& route = record_.route;
    if (attempt.discarded) {
      add.text("gen_ai.response.model", route.discarded_model);
      if (!(route.discarded == TokenUsage{})) tokens(add, route.discarded);
      return;
    }
    if (!is_last(attempt) || attempt.status == 0) return;
    add.text("gen_ai.response.model", record_.served_model);
    add.text("gen_ai.response.id", record_.message_id);
    add.texts("gen_ai.response.finish_reasons", record_.stop_reason);
    if (record_.usage_seen) tokens(add, record_.usage);
  }

  static void tokens(Attributes& add, const TokenUsage& usage) {
    add.count("gen_ai.usage.input_tokens", usage.prompt());  // what the cache gave or took is part of it
    add.count("gen_ai.usage.cache_read.input_tokens", usage.cache_read);
    add.count("gen_ai.usage.cache_creation.input_tokens", usage.cache_write_5m + usage.cache_write_1h);
    add.count("gen_ai.usage.output_tokens", usage.output);
  }

  void http(Attributes& add, int status) {
    const std::string_view method = known_method(record_.method);
    add.text("http.request.method", method.empty() ? "_OTHER" : method);
    if (method.empty()) add.text("http.request.method_original", record_.method);
    if (status > 0) add.number("http.response.status_code", status);
  }

  [[nodiscard]] bool is_last(const UpstreamAttempt& attempt) const { return &attempt == &trace_.attempts.back(); }

  [[nodiscard]] std::string server_error() const {
    if (!record_.error_type.empty()) return record_.error_type;
    if (record_.status >= 400) return std::to_string(record_.status);
    return record_.outcome == Outcome::upstream_cut ? std::string(to_string(record_.outcome)) : std::string();
  }
  [[nodiscard]] std::string attempt_error(const UpstreamAttempt& attempt) const {
    if (!attempt.error_type.empty()) return attempt.error_type;
    if (is_last(attempt) && attempt.status > 0) return server_error();
    return attempt.status >= 400 ? std::to_string(attempt.status) : std::string();
  }

  std::string& out_;
  const RequestTrace& trace_;
  const RequestRecord& record_;
  const TraceSource& source_;
};

}  // namespace

TraceBody traces_json(std::span<const std::unique_ptr<RequestTrace>> traces, const TraceSource& source) {
  TraceBody body;
  std::string& out = body.json;
  out.reserve(512 + traces.size() * 4096);
  out += R"({"resourceSpans":[{"resource":{)";
  Attributes resource(out);
  resource.text("service.name", "distiq-code");
  resource.text("service.version", source.version);
  resource.end();
  out += R"(},"scopeSpans":[{"scope":{"name":"distiq-code","version":)";
  append_json_string(out, source.version);
  out += R"(},"spans":[)";
  for (const auto& trace : traces) {
    if (body.spans > 0) out += ',';
    SpanWriter(out, *trace, source).write();
    body.spans += 1 + trace->attempts.size();
  }
  out += "]}]}]}";
  return body;
}

std::uint64_t rejected_spans(std::string_view answer) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::element value;
  const simdjson::padded_string padded(answer);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) return 0;
  if (root.at_pointer("/partialSuccess/rejectedSpans").get(value) != simdjson::SUCCESS) return 0;
  std::uint64_t count = 0;
  if (value.get(count) == simdjson::SUCCESS) return count;
  std::string_view digits;  // protobuf's JSON writes 64 bits as a string
  if (value.get(digits) != simdjson::SUCCESS || digits.empty() || digits.size() > 18) return 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return 0;
    count = count * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return count;
}

}  // namespace distiq

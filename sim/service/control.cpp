// Everything under /_sim/: what a test asks the simulator for, and what it tells the simulator to do.
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "base/json_fields.h"
#include "rules/api_error.h"
#include "service/service.h"

namespace sim {
namespace {

namespace json = boost::json;

Reply ok(const json::object& body = {{"ok", true}}) {
  return json_reply(200, json::serialize(body));
}

Reply refuse(std::string message) {
  return json_reply(400, json::serialize(json::object{{"error", message}}));
}

Reply health(World&, const Request&) {
  return ok({{"status", "ok"}});
}

Reply read_clock(World& world, const Request&) {
  return ok({{"now_ms", world.clock.now()},
             {"now", format_rfc3339(world.clock.now())},
             {"skipped_ms", world.clock.skipped_ms()}});
}

Reply advance_clock(World& world, const Request& request) {
  boost::system::error_code failed;
  const auto body = parse_json(request.body, failed);
  const auto* object = failed ? nullptr : body.if_object();
  const auto ms = object ? find_integer(*object, "advance_ms") : std::nullopt;
  const auto seconds = object ? find_integer(*object, "advance_s") : std::nullopt;
  if (ms.has_value() == seconds.has_value()) return refuse("send {\"advance_ms\":N} or {\"advance_s\":N}");
  const auto step = ms ? *ms : *seconds * 1000;
  if (step < 0) return refuse("time only goes forward");
  world.clock.advance(step);
  return read_clock(world, request);
}

template <class Take>
Reply with_json(const Request& request, Take take) {
  boost::system::error_code failed;
  const auto body = parse_json(request.body, failed);
  if (failed) return refuse("not valid JSON: " + failed.message());
  if (const std::optional<std::string> problem = take(body)) return refuse(*problem);
  return ok();
}

Reply load_script(World& world, const Request& request) {
  return with_json(request, [&](const json::value& body) { return world.script.load(body); });
}

Reply add_rules(World& world, const Request& request) {
  return with_json(request, [&](const json::value& body) {
    return world.script.prepend(
        body.is_array() || (body.is_object() && body.get_object().contains("rules")) ? body : json::array{body});
  });
}

Reply queue_answers(World& world, const Request& request) {
  return with_json(request, [&](const json::value& body) { return world.script.enqueue(body); });
}

Reply clear_script(World& world, const Request&) {
  world.script.clear();
  return ok();
}

Reply clear_faults(World& world, const Request&) {
  world.script.clear_faults();
  return ok();
}

Reply read_ledger(World& world, const Request&) {
  json::array entries;
  for (const auto& entry : world.ledger.entries()) entries.push_back(to_json(entry));
  return ok({{"total_pico_usd", world.ledger.total_pico_usd()}, {"entries", entries}});
}

Reply clear_ledger(World& world, const Request&) {
  world.ledger.clear();
  return ok();
}

Reply read_cache(World& world, const Request&) {
  const auto stats = world.cache.stats(world.clock.now());
  return ok({{"entries", stats.entries}, {"tokens", stats.tokens}});
}

Reply clear_cache(World& world, const Request&) {
  world.cache.clear();
  return ok();
}

Reply read_counters(World& world, const Request&) {
  json::object refusals;
  for (const auto& [message, count] : world.counters.refusals) refusals[message] = count;
  return ok({{"received", world.log.received()},
             {"own_signatures", world.counters.own_signatures},
             {"foreign_signatures", world.counters.foreign_signatures},
             {"dropped_thinking", world.counters.dropped_thinking},
             {"rules", world.script.rules()},
             {"refusals", refusals}});
}

json::object describe(const ReceivedRequest& request) {
  json::array headers;
  for (const auto& header : request.headers) headers.push_back(json::array{header.name, header.value});
  return {{"n", request.number},
          {"at_ms", request.at},
          {"connection", request.connection},
          {"method", request.method},
          {"target", request.target},
          {"headers", headers},
          {"body_bytes", request.body_bytes},
          {"body_sha256", request.body_sha256},
          {"status", request.status},
          {"request_id", request.request_id},
          {"lane", request.lane},
          {"ended", request.ended},
          {"whole", request.answered},
          {"lasted_ms", request.lasted_ms}};
}

Reply list_requests(World& world, const Request&) {
  json::array requests;
  for (const auto& request : world.log.all()) requests.push_back(describe(request));
  return ok({{"received", world.log.received()}, {"requests", requests}});
}

Reply clear_requests(World& world, const Request&) {
  world.log.clear();
  return ok();
}

// /_sim/requests/N and /_sim/requests/N/body
Reply read_request(World& world, std::string_view rest) {
  constexpr std::string_view body_suffix = "/body";
  const bool body = rest.ends_with(body_suffix);
  if (body) rest.remove_suffix(body_suffix.size());
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const auto* request = failed == std::errc{} && end == rest.data() + rest.size() ? world.log.find(number) : nullptr;
  if (!request || (body && !request->body_kept))
    return json_reply(404, R"({"error":"no such request, or no longer kept"})");
  if (!body) return ok(describe(*request));
  auto reply = json_reply(200, request->body);
  reply.headers = {{"content-type", "application/octet-stream"}};
  return reply;
}

Reply reset(World& world, const Request&) {
  world.script.clear();
  world.ledger.clear();
  world.cache.clear();
  world.log.clear();
  world.counters = {};
  return ok();
}

struct Route {
  std::string_view method;
  std::string_view path;
  Reply (*handler)(World&, const Request&);
};

constexpr std::array<Route, 17> routes{{{"GET", "/_sim/health", health},
                                        {"GET", "/_sim/clock", read_clock},
                                        {"POST", "/_sim/clock", advance_clock},
                                        {"PUT", "/_sim/script", load_script},
                                        {"POST", "/_sim/script", load_script},
                                        {"DELETE", "/_sim/script", clear_script},
                                        {"POST", "/_sim/answers", queue_answers},
                                        {"POST", "/_sim/rules", add_rules},
                                        {"DELETE", "/_sim/faults", clear_faults},
                                        {"GET", "/_sim/ledger", read_ledger},
                                        {"DELETE", "/_sim/ledger", clear_ledger},
                                        {"GET", "/_sim/cache", read_cache},
                                        {"DELETE", "/_sim/cache", clear_cache},
                                        {"GET", "/_sim/stats", read_counters},
                                        {"GET", "/_sim/requests", list_requests},
                                        {"DELETE", "/_sim/requests", clear_requests},
                                        {"POST", "/_sim/reset", reset}}};

}  // namespace

Reply handle_control(World& world, const Request& request) {
  constexpr std::string_view one_request = "/_sim/requests/";
  const auto path = request.path();
  const std::lock_guard lock(world.mutex);
  if (request.method == "GET" && path.starts_with(one_request))
    return read_request(world, path.substr(one_request.size()));
  bool known_path = false;
  for (const auto& route : routes) {
    if (route.path != path) continue;
    if (route.method == request.method) return route.handler(world, request);
    known_path = true;
  }
  return json_reply(known_path ? 405 : 404, R"({"error":"no such control endpoint; see docs/simulator.md"})");
}

}  // namespace sim

#include "service/service.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/json_fields.h"
#include "rules/api_error.h"

namespace sim {
namespace {

namespace json = boost::json;

constexpr std::string_view organization = "00000000-0000-4000-8000-000000000000";

bool is_messages_path(std::string_view path) {
  return path == "/v1/messages" || path == "/v1/messages/count_tokens";
}

Reply not_found(const std::string& request_id) {
  return error_reply({404, "not_found_error", "Not Found"}, request_id);
}

Reply wrong_method(const std::string& request_id) {
  return error_reply({405, "invalid_request_error", "Method Not Allowed"}, request_id);
}

Reply route(World& world, const Request& request, const std::string& request_id, std::optional<Answer> scripted,
            std::string& lane) {
  const auto path = request.path();
  if (is_messages_path(path)) {
    if (request.method != "POST") return wrong_method(request_id);
    auto outcome = path == "/v1/messages" ? handle_messages(world, request, request_id, std::move(scripted))
                                          : handle_count_tokens(world, request, request_id);
    lane = outcome.lane;
    return std::move(outcome.reply);
  }
  if (path == "/v1/models" || path.starts_with("/v1/models/"))
    return request.method == "GET" ? handle_models(request, request_id) : wrong_method(request_id);
  if (path == "/api/hello" && (request.method == "GET" || request.method == "HEAD"))
    return json_reply(200, R"({"message":"hello"})");
  return not_found(request_id);
}

Reply status_fault(const StatusFault& fault, const std::string& request_id) {
  if (fault.body) {
    auto reply = json_reply(fault.status, *fault.body);
    reply.headers = {{"content-type", fault.content_type}};
    return reply;
  }
  const auto type = fault.error_type.empty() ? std::string(error_type_of(fault.status)) : fault.error_type;
  const auto message = !fault.message.empty() ? fault.message : fault.status == 529 ? "Overloaded" : "Simulated error";
  return error_reply({fault.status, type, message}, request_id);
}

// x-sim-fault: {...} asks for a fault of this request alone.
std::optional<Delivery> fault_in_header(const Request& request, std::optional<ApiError>& error) {
  const auto text = request.header("x-sim-fault");
  if (text.empty()) return std::nullopt;
  boost::system::error_code failed;
  const auto parsed = parse_json(text, failed);
  Delivery delivery;
  const auto problem = failed || !parsed.is_object()
                           ? DeliveryError{"not a JSON object"}
                           : parse_delivery(parsed.get_object(), delivery).value_or(DeliveryError{});
  if (problem.message.empty()) return delivery;
  error = invalid_request("x-sim-fault: " + problem.message);
  return std::nullopt;
}

Script::Outcome consult_script(World& world, const Request& request) {
  {
    const std::lock_guard lock(world.mutex);
    if (world.script.rules() == 0) return {};
  }
  std::optional<Conversation> conversation;
  if (is_messages_path(request.path())) {
    boost::system::error_code failed;
    const auto body = parse_json(request.body, failed);
    if (!failed && body.is_object()) conversation = read_conversation(body.get_object(), request.headers);
  }
  const std::lock_guard lock(world.mutex);
  return world.script.decide({request, conversation ? &*conversation : nullptr});
}

ReceivedRequest record_of(const World& world, const Request& request, const std::string& request_id) {
  ReceivedRequest record;
  record.at = world.clock.now();
  record.connection = request.connection;
  record.method = request.method;
  record.target = request.target;
  record.headers = request.headers;
  record.body = request.body;
  record.body_bytes = request.body_bytes;
  record.body_sha256 = to_hex(sha256(request.body));
  record.request_id = request_id;
  return record;
}

// The record learns how the answer went; the request's own callback runs first.
void follow(World& world, Reply& reply, std::uint64_t number) {
  auto inner = std::move(reply.on_end);
  reply.on_end = [&world, number, inner = std::move(inner)](std::size_t pieces, bool whole) {
    if (inner) inner(pieces, whole);
    const std::lock_guard lock(world.mutex);
    auto* record = world.log.find(number);
    if (!record) return;
    record->answered = whole;
    record->ended = true;
    record->lasted_ms = world.clock.now() - record->at;
  };
}

void set_compression(const World& world, const Request& request, Reply& reply) {
  const bool accepted = request.header("accept-encoding").find("gzip") != std::string_view::npos;
  const bool wanted = reply.delivery.gzip.value_or(world.config.gzip && accepted);
  reply.delivery.gzip = wanted;
  if (wanted) reply.headers.push_back({"content-encoding", "gzip"});
}

}  // namespace

Reply handle(World& world, const Request& request) {
  if (request.path().starts_with("/_sim/")) return handle_control(world, request);
  std::string request_id;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(world.mutex);
    request_id = world.next_id("req_01");
    number = world.log.add(record_of(world, request, request_id));
  }
  auto scripted = consult_script(world, request);
  std::optional<ApiError> error;
  auto delivery = fault_in_header(request, error);
  if (!delivery) delivery = std::move(scripted.fault);

  std::string lane;
  auto reply = error                          ? error_reply(*error, request_id)
               : delivery && delivery->status ? status_fault(*delivery->status, request_id)
                                              : route(world, request, request_id, std::move(scripted.answer), lane);
  if (delivery) reply.delivery = std::move(*delivery);
  reply.headers.push_back({"request-id", request_id});
  reply.headers.push_back({"anthropic-organization-id", std::string(organization)});
  set_compression(world, request, reply);
  {
    const std::lock_guard lock(world.mutex);
    if (auto* record = world.log.find(number)) {
      record->status = reply.status;
      record->lane = lane;
    }
  }
  follow(world, reply, number);
  return reply;
}

}  // namespace sim

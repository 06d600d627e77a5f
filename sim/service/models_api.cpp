// GET /v1/models and /v1/models/{id}.
#include <boost/json.hpp>
#include <charconv>

#include "rules/api_error.h"
#include "service/service.h"

namespace sim {
namespace {

namespace json = boost::json;

json::object supported(bool yes) {
  return {{"supported", yes}};
}

json::object capabilities_of(const Model& model) {
  json::object types{{"adaptive", supported(model.adaptive_thinking)},
                     {"enabled", supported(model.enabled_thinking)},
                     {"disabled", supported(model.disabled_thinking != DisabledThinking::never)},
                     {"between_tools", supported(model.between_tools_thinking)}};
  json::object effort = supported(!model.efforts.empty());
  for (const auto level : {"low", "medium", "high", "xhigh", "max"}) effort[level] = supported(model.has_effort(level));
  return {{"thinking", {{"supported", true}, {"types", types}}},
          {"effort", effort},
          {"structured_outputs", supported(model.structured_outputs)},
          {"context_management", supported(model.context_editing)},
          {"compaction", supported(model.compaction)},
          {"tool_search", supported(model.tool_search)},
          {"image_input", supported(true)},
          {"pdf_input", supported(true)}};
}

json::object describe(const Model& model) {
  return {{"type", "model"},
          {"id", model.id},
          {"display_name", model.display_name},
          {"created_at", model.created_at},
          {"max_input_tokens", model.window},
          {"max_tokens", model.max_output},
          {"capabilities", capabilities_of(model)}};
}

// Value of a query parameter, undecoded; empty when absent.
std::string_view query_parameter(std::string_view target, std::string_view name) {
  const auto question = target.find('?');
  auto rest = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
  }
  return {};
}

Reply list_models(std::string_view target, const std::string& request_id) {
  constexpr std::size_t default_limit = 20;
  std::size_t limit = default_limit;
  const auto asked = query_parameter(target, "limit");
  if (!asked.empty() && (std::from_chars(asked.data(), asked.data() + asked.size(), limit).ec != std::errc{} ||
                         limit < 1 || limit > 1000))
    return error_reply(invalid_request("limit: Input should be between 1 and 1000"), request_id);
  const auto after = query_parameter(target, "after_id");
  json::array data;
  bool more = false;
  bool reached = after.empty();
  for (const auto& model : ModelTable::builtin().all()) {
    if (reached && data.size() == limit) more = true;
    if (reached && !more) data.push_back(describe(model));
    reached = reached || model.id == after;
  }
  json::object body{{"data", data}, {"has_more", more}};
  body["first_id"] = data.empty() ? json::value(nullptr) : data.front().at("id");
  body["last_id"] = data.empty() ? json::value(nullptr) : data.back().at("id");
  return json_reply(200, json::serialize(body));
}

}  // namespace

Reply handle_models(const Request& request, const std::string& request_id) {
  constexpr std::string_view prefix = "/v1/models/";
  if (!read_credential(request.headers).present)
    return error_reply({401, "authentication_error", "x-api-key header is required"}, request_id);
  const auto path = request.path();
  if (!path.starts_with(prefix)) return list_models(request.target, request_id);
  const auto id = path.substr(prefix.size());
  const auto* model = ModelTable::builtin().find(id);
  if (!model) return error_reply({404, "not_found_error", "model: " + std::string(id)}, request_id);
  return json_reply(200, json::serialize(describe(*model)));
}

}  // namespace sim

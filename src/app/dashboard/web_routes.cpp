#include "app/dashboard/web_routes.h"

#include <array>

#include "app/dashboard/web_assets.h"

namespace distiq {
namespace {

// Nothing from elsewhere, nothing inline: a prompt that found its way into the page could not run.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

LocalAnswer page(const WebAsset& asset) {
  LocalAnswer answer{200, std::string(asset.content_type), std::string(asset.bytes)};
  answer.fields.add("Content-Security-Policy", content_policy);
  answer.fields.add("X-Content-Type-Options", "nosniff");
  answer.fields.add("Referrer-Policy", "no-referrer");
  answer.fields.add("Cache-Control", "no-cache");
  return answer;
}

// The value of a query field, undecoded; what we ask for needs no escapes.
std::string_view query_value(std::string_view target, std::string_view name) {
  const auto question = target.find('?');
  std::string_view query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), field.size() + 1));
    if (field.size() > name.size() && field.starts_with(name) && field[name.size()] == '=') {
      return field.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

std::optional<LocalAnswer> WebRoutes::answer(const RequestHead& head) {
  if (head.method != "GET" && head.method != "HEAD") return std::nullopt;
  const std::string_view path = head.path();
  if (path == "/" && !head.headers.get_or("accept", "").contains("text/html")) return std::nullopt;
  for (const WebAsset& asset : web_assets()) {
    if (asset.path == path) return page(asset);
  }
  constexpr std::string_view api = "/distiq/api/";
  if (!path.starts_with(api)) return std::nullopt;
  const std::string_view what = path.substr(api.size());
  std::string_view which;
  if (what == "summary" || what == "days") {
    which = query_value(head.target, "period");
  } else if (what == "request" || what == "lane") {
    which = query_value(head.target, "id");
  } else if (what != "recent" && what != "lanes") {
    return std::nullopt;
  }
  DashboardData::Answer found = data_.ask(what, which);
  LocalAnswer answer{found.status, "application/json", std::move(found.json)};
  answer.fields.add("Cache-Control", "no-store");
  return answer;
}

}  // namespace distiq

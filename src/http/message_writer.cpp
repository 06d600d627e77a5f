#include "http/message_writer.h"

#include <array>
#include <charconv>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 9> connection_fields = {
    "connection", "keep-alive",        "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
    "trailer",    "transfer-encoding", "upgrade"};

// Naming one of these in Connection would take a message's framing or meaning away on the way.
constexpr std::array<std::string_view, 4> end_to_end_fields = {"host", "content-length", "content-type",
                                                               "content-encoding"};

constexpr std::string_view our_prefix = "x-distiq-";

bool is_ours(std::string_view name) {
  return name.size() >= our_prefix.size() && equals_ignore_case(name.substr(0, our_prefix.size()), our_prefix);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

HopByHop::HopByHop(const HeaderList& headers) : headers_(headers) {
  // Nearly always "keep-alive" or "close": then no field is named and no list has to be searched for each field.
  for (const auto [name, value] : headers) {
    if (!equals_ignore_case(name, "connection")) continue;
    names_fields_ = names_fields_ || !(equals_ignore_case(value, "keep-alive") || equals_ignore_case(value, "close"));
  }
}

bool HopByHop::covers(std::string_view name) const {
  for (const std::string_view field : connection_fields) {
    if (equals_ignore_case(field, name)) return true;
  }
  if (!names_fields_) return false;
  for (const std::string_view field : end_to_end_fields) {
    if (equals_ignore_case(field, name)) return false;
  }
  return headers_.has_token("connection", name);
}

std::string upstream_request_head(const RequestHead& head, const UpstreamTarget& target, BodyFraming framing,
                                  const HeadEdits& edits) {
  std::string out;
  out.reserve(head.headers.byte_count() + head.headers.size() * 4 + head.target.size() + 128);
  out.append(head.method).append(" ").append(target.path_prefix).append(head.target).append(" HTTP/1.1\r\n");
  const HopByHop hop_by_hop(head.headers);
  bool host_written = false;
  for (const auto [name, value] : head.headers) {
    if (equals_ignore_case(name, "host")) {
      if (!host_written) append_field(out, name, target.authority);
      host_written = true;
    } else if (equals_ignore_case(name, "transfer-encoding")) {
      if (framing == BodyFraming::chunked) append_field(out, name, "chunked");
      framing = BodyFraming::none;  // once, whatever the client repeated
    } else if (edits.content_length && equals_ignore_case(name, "content-length")) {
      append_field(out, name, std::to_string(*edits.content_length));
    } else if (edits.plain_answer && equals_ignore_case(name, "accept-encoding")) {
      append_field(out, name, "identity");
    } else if (!is_ours(name) && !equals_ignore_case(name, "expect") && !hop_by_hop.covers(name)) {
      append_field(out, name, value);
    }
  }
  if (!host_written) append_field(out, "Host", target.authority);  // HTTP/1.0 client: 1.1 demands one
  out.append("\r\n");
  return out;
}

std::string client_response_head(const ResponseHead& head, const ClientFraming& client, const HeaderList& extra) {
  std::string out;
  out.reserve(head.headers.byte_count() + head.headers.size() * 4 + extra.byte_count() + 128);
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
  const HopByHop hop_by_hop(head.headers);
  for (const auto [name, value] : head.headers) {
    if (equals_ignore_case(name, "transfer-encoding")) {
      // As it came: "gzip, chunked" is relayed as such.
      if (client.framing == BodyFraming::chunked) append_field(out, name, value);
    } else if (client.content_length && equals_ignore_case(name, "content-length")) {
      append_field(out, name, std::to_string(*client.content_length));
    } else if (!hop_by_hop.covers(name)) {
      append_field(out, name, value);
    }
  }
  for (const auto [name, value] : extra) append_field(out, name, value);
  if (!client.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (client.client_version_minor == 0) {
    append_field(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
  return out;
}

std::string local_response(int status, std::string_view content_type, std::string_view body, bool keep_alive,
                           bool head_only, const HeaderList& extra) {
  std::string out = "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\n");
  append_field(out, "Content-Type", content_type);
  out.append("Content-Length: ");
  append_number(out, body.size());
  out.append("\r\n");
  for (const auto [name, value] : extra) append_field(out, name, value);
  if (!keep_alive) append_field(out, "Connection", "close");
  out.append("\r\n");
  if (!head_only) out.append(body);
  return out;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 529:
      return "Overloaded";
    default:
      return "";
  }
}

}  // namespace distiq

#include "http/message_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

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

// Most fields have the length of none of these names: then no name is looked at.
template <std::size_t count>
constexpr std::uint64_t lengths_of(const std::array<std::string_view, count>& names) {
  std::uint64_t lengths = 0;
  for (const std::string_view name : names) lengths |= std::uint64_t{1} << name.size();
  return lengths;
}

bool is_connection_field(std::string_view name) {
  constexpr std::uint64_t lengths = lengths_of(connection_fields);
  if (name.size() >= 64 || (lengths >> name.size() & 1) == 0) return false;
  return std::any_of(connection_fields.begin(), connection_fields.end(),
                     [&](std::string_view field) { return equals_ignore_case(field, name); });
}

// What a field's name begins with and how long it is. That alone tells most fields from those that do not simply go on.
class NameShapes {
 public:
  template <std::size_t... counts>
  constexpr explicit NameShapes(const std::array<std::string_view, counts>&... names) {
    (add_all(names), ...);
  }
  // False: it is none of the names.
  [[nodiscard]] constexpr bool may_be(std::string_view name) const {
    if (name.empty() || name.size() >= 64) return true;
    return (lengths_[index_of(name.front())] >> name.size() & 1) != 0;
  }

 private:
  template <std::size_t count>
  constexpr void add_all(const std::array<std::string_view, count>& names) {
    for (const std::string_view name : names) lengths_[index_of(name.front())] |= std::uint64_t{1} << name.size();
  }
  // The same for both cases of a letter.
  static constexpr std::size_t index_of(char first) { return static_cast<unsigned char>(first) & 0x1f; }

  std::array<std::uint64_t, 32> lengths_{};
};

// Every name that a loop below looks for beside the connection's own must stand here.
constexpr std::array<std::string_view, 4> request_fields = {"host", "content-length", "accept-encoding", "expect"};
constexpr std::array<std::string_view, 1> response_fields = {"content-length"};
constexpr NameShapes request_shapes(connection_fields, request_fields);
constexpr NameShapes response_shapes(connection_fields, response_fields);

// A head under construction. It has some thirty fields of four parts each: room is asked for once a field.
class HeadText {
 public:
  // `room` in bytes: what it will need, about. More is right, too, and slower.
  explicit HeadText(std::size_t room) { make_room(room); }

  HeadText& put(std::string_view part) {
    end_run();
    add(claim(part.size()), part);
    return *this;
  }
  HeadText& put(std::size_t number) { return put(Digits(number).text()); }

  // A field of the message that is passed on. All that stand in a row as we would write them are copied at once.
  // Requires: all such fields of a head are of one list.
  void pass_field(std::string_view name, std::string_view value) {
    const bool same_text = value.data() == name.data() + name.size() + 2;
    if (!same_text || name.data()[name.size()] != ':' || name.data()[name.size() + 1] != ' ') {
      return put_field(name, value);
    }
    const char* end = run_.data() + run_.size();
    if (run_.empty() || name.data() != end + 2 || end[0] != '\r' || end[1] != '\n') {
      end_run();
      run_ = {name.data(), 0};
    }
    run_ = {run_.data(), value.data() + value.size()};
  }
  void put_field(std::string_view name, std::string_view value) {
    end_run();
    char* to = claim(name.size() + value.size() + 4);
    to = add(to, name);
    *to++ = ':';
    *to++ = ' ';
    to = add(to, value);
    *to++ = '\r';
    *to++ = '\n';
  }
  void put_field(std::string_view name, std::size_t number) { put_field(name, Digits(number).text()); }

  std::string take() {
    end_run();
    text_.resize(size_);
    return std::move(text_);
  }

 private:
  class Digits {
   public:
    explicit Digits(std::size_t number)
        : end_(std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr) {}
    std::string_view text() const { return {digits_.data(), end_}; }

   private:
    std::array<char, 20> digits_;
    const char* end_;
  };

  void end_run() {
    if (run_.empty()) return;
    char* to = add(claim(run_.size() + 2), run_);
    *to++ = '\r';
    *to++ = '\n';
    run_ = {};
  }

  static char* add(char* to, std::string_view part) { return to + part.copy(to, part.size()); }

  // The next `size` bytes of the text, for the caller to fill.
  char* claim(std::size_t size) {
    if (size > text_.size() - size_) make_room(2 * text_.size() + size);
    return text_.data() + std::exchange(size_, size_ + size);
  }
  void make_room(std::size_t size) {
    text_.resize_and_overwrite(size, [](char*, std::size_t all) { return all; });
  }

  std::string text_;  // longer than what it holds
  std::size_t size_ = 0;
  std::string_view run_;  // fields to pass on that are not in text_ yet, without their last line's end
};

}  // namespace

HopByHop::HopByHop(const HeaderList& headers) : headers_(headers) {
  // Nearly always "keep-alive" or "close": then no field is named and no list has to be searched for each field.
  headers.each("connection", [this](std::string_view value) {
    names_fields_ = names_fields_ || !(equals_ignore_case(value, "keep-alive") || equals_ignore_case(value, "close"));
  });
}

bool HopByHop::covers(std::string_view name) const {
  if (is_connection_field(name)) return true;
  if (!names_fields_) return false;
  for (const std::string_view field : end_to_end_fields) {
    if (equals_ignore_case(field, name)) return false;
  }
  return headers_.has_token("connection", name);
}

std::string upstream_request_head(const RequestHead& head, const UpstreamTarget& target, BodyFraming framing,
                                  const HeadEdits& edits) {
  HeadText out(head.headers.byte_count() + head.headers.size() * 4 + head.target.size() + target.authority.size() +
               target.path_prefix.size() + 64);
  out.put(head.method).put(" ").put(target.path_prefix).put(head.target).put(" HTTP/1.1\r\n");
  const HopByHop hop_by_hop(head.headers);
  bool host_written = false;
  for (const auto [name, value] : head.headers) {
    if (!hop_by_hop.names_fields() && !request_shapes.may_be(name) && !is_ours(name)) {
      out.pass_field(name, value);
    } else if (equals_ignore_case(name, "host")) {
      if (!host_written) out.put_field(name, target.authority);
      host_written = true;
    } else if (equals_ignore_case(name, "transfer-encoding")) {
      if (framing == BodyFraming::chunked) out.put_field(name, "chunked");
      framing = BodyFraming::none;  // once, whatever the client repeated
    } else if (edits.content_length && equals_ignore_case(name, "content-length")) {
      out.put_field(name, *edits.content_length);
    } else if (edits.plain_answer && equals_ignore_case(name, "accept-encoding")) {
      out.put_field(name, "identity");
    } else if (!is_ours(name) && !equals_ignore_case(name, "expect") && !hop_by_hop.covers(name)) {
      out.pass_field(name, value);
    }
  }
  if (!host_written) out.put_field("Host", target.authority);  // HTTP/1.0 client: 1.1 demands one
  out.put("\r\n");
  return out.take();
}

void append_field_line(std::string& lines, std::string_view name, std::string_view value) {
  lines.append(name).append(": ").append(value).append("\r\n");
}

std::string client_response_head(const ResponseHead& head, const ClientFraming& client, std::string_view extra_lines) {
  HeadText out(head.reason.size() + head.headers.byte_count() + head.headers.size() * 4 + extra_lines.size() + 64);
  out.put("HTTP/1.1 ").put(static_cast<std::size_t>(head.status)).put(" ").put(head.reason).put("\r\n");
  const HopByHop hop_by_hop(head.headers);
  for (const auto [name, value] : head.headers) {
    if (!hop_by_hop.names_fields() && !response_shapes.may_be(name)) {
      out.pass_field(name, value);
    } else if (equals_ignore_case(name, "transfer-encoding")) {
      // As it came: "gzip, chunked" is relayed as such.
      if (client.framing == BodyFraming::chunked) out.put_field(name, value);
    } else if (client.content_length && equals_ignore_case(name, "content-length")) {
      out.put_field(name, *client.content_length);
    } else if (!hop_by_hop.covers(name)) {
      out.pass_field(name, value);
    }
  }
  out.put(extra_lines);
  if (!client.keep_alive) {
    out.put_field("Connection", "close");
  } else if (client.client_version_minor == 0) {
    out.put_field("Connection", "keep-alive");
  }
  out.put("\r\n");
  return out.take();
}

std::string local_response(int status, std::string_view content_type, std::string_view body, bool keep_alive,
                           bool head_only, const HeaderList& extra) {
  HeadText out(body.size() + content_type.size() + extra.byte_count() + extra.size() * 4 + 128);
  out.put("HTTP/1.1 ").put(static_cast<std::size_t>(status)).put(" ").put(reason_phrase(status)).put("\r\n");
  out.put_field("Content-Type", content_type);
  out.put_field("Content-Length", body.size());
  for (const auto [name, value] : extra) out.put_field(name, value);
  if (!keep_alive) out.put_field("Connection", "close");
  out.put("\r\n");
  if (!head_only) out.put(body);
  return out.take();
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

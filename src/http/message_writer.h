// Heads as bytes, for both directions: which fields pass, which are ours, which belong to one connection only.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/message_reader.h"

namespace distiq {

// Where requests go: what replaces Host, and the path prefix of the configured base URL ("" or "/gateway").
struct UpstreamTarget {
  std::string authority;
  std::string path_prefix;
};

// Fields that speak about one connection (RFC 9110 7.6.1) and fields named in Connection. Content framing
// (Transfer-Encoding) counts as one: the writers below put it back where they relay the framing.
// Borrows the list.
class HopByHop {
 public:
  explicit HopByHop(const HeaderList& headers);
  [[nodiscard]] bool covers(std::string_view name) const;
  // Whether Connection may name fields of this message. If not, only the connection's own fields are covered.
  [[nodiscard]] bool names_fields() const { return names_fields_; }

 private:
  const HeaderList& headers_;
  bool names_fields_ = false;
};

// What changes in the head of a request whose body was edited.
struct HeadEdits {
  std::optional<std::size_t> content_length;  // in place of the client's; not where the body goes in chunks
  bool plain_answer = false;                  // Accept-Encoding becomes identity: the start of the answer will be read
};

// The request as upstream sees it: same order and case, Host replaced, hop-by-hop fields, Expect and x-distiq-*
// removed, nothing added. `framing` is that of the body which will follow.
[[nodiscard]] std::string upstream_request_head(const RequestHead& head, const UpstreamTarget& target,
                                                BodyFraming framing, const HeadEdits& edits = {});

// How the answer's body is delimited towards this client.
struct ClientFraming {
  BodyFraming framing = BodyFraming::none;  // chunked only if the client speaks HTTP/1.1
  bool keep_alive = true;
  int client_version_minor = 1;
  std::optional<std::uint64_t> content_length = std::nullopt;  // in place of upstream's, where the content was edited
};

// A field as a line of a head. Requires: no line break in either.
void append_field_line(std::string& lines, std::string_view name, std::string_view value);

// The answer's head as the client sees it: same status, order and case, hop-by-hop fields removed, `extra_lines` (our
// x-distiq-* fields) appended.
[[nodiscard]] std::string client_response_head(const ResponseHead& head, const ClientFraming& framing,
                                               std::string_view extra_lines);

// A whole answer of our own.
[[nodiscard]] std::string local_response(int status, std::string_view content_type, std::string_view body,
                                         bool keep_alive, bool head_only, const HeaderList& extra = {});

[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace distiq

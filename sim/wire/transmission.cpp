// Answer and delivery wishes -> list of writes.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "base/gzip.h"
#include "wire/delivery.h"

namespace sim {
namespace {

std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr std::array<Phrase, 22> phrases{{{200, "OK"},
                                                   {204, "No Content"},
                                                   {400, "Bad Request"},
                                                   {401, "Unauthorized"},
                                                   {402, "Payment Required"},
                                                   {403, "Forbidden"},
                                                   {404, "Not Found"},
                                                   {405, "Method Not Allowed"},
                                                   {408, "Request Timeout"},
                                                   {409, "Conflict"},
                                                   {411, "Length Required"},
                                                   {413, "Payload Too Large"},
                                                   {417, "Expectation Failed"},
                                                   {422, "Unprocessable Entity"},
                                                   {429, "Too Many Requests"},
                                                   {431, "Request Header Fields Too Large"},
                                                   {500, "Internal Server Error"},
                                                   {501, "Not Implemented"},
                                                   {502, "Bad Gateway"},
                                                   {503, "Service Unavailable"},
                                                   {504, "Gateway Timeout"},
                                                   {529, "Overloaded"}}};
  for (const auto& phrase : phrases)
    if (phrase.status == status) return phrase.text;
  return "Unknown";
}

std::string sse_error(const ErrorEvent& error) {
  const boost::json::object data{{"type", "error"},
                                 {"error", {{"type", error.error_type}, {"message", error.message}}}};
  return "event: error\ndata: " + boost::json::serialize(data) + "\n\n";
}

std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

// A body piece with the number it had before anything was inserted.
struct Numbered {
  Piece piece;
  std::size_t event;
};

void insert_filler(std::vector<Numbered>& pieces, const Filler& filler) {
  const std::string bytes = filler.comment ? ": keep-alive\n\n" : "event: ping\ndata: {\"type\": \"ping\"}\n\n";
  const auto at = std::find_if(pieces.begin(), pieces.end(), [&](const auto& p) { return p.event >= filler.event; });
  pieces.insert(at, filler.count, Numbered{{bytes, filler.every_ms, 0}, filler.event});
}

std::vector<Numbered> shape_pieces(const Reply& reply) {
  const auto& delivery = reply.delivery;
  std::vector<Numbered> pieces;
  for (std::size_t i = 0; i < reply.pieces.size(); ++i) pieces.push_back({reply.pieces[i], i});
  if (!reply.event_stream) return pieces;
  if (delivery.event_delay_ms)
    for (auto& piece : pieces) piece.piece.delay_ms = *delivery.event_delay_ms;
  if (delivery.end_at_event && *delivery.end_at_event < pieces.size()) pieces.resize(*delivery.end_at_event);
  if (delivery.error_event) {
    const auto at = std::min(delivery.error_event->event, pieces.size());
    pieces.resize(at);
    pieces.push_back({{sse_error(*delivery.error_event), 0, 0}, at});
  }
  if (delivery.filler) insert_filler(pieces, *delivery.filler);
  if (delivery.crlf)
    for (auto& piece : pieces) piece.piece.bytes = with_crlf(piece.piece.bytes);
  return pieces;
}

void compress(std::vector<Numbered>& pieces) {
  GzipWriter gzip;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    pieces[i].piece.bytes = gzip.write(pieces[i].piece.bytes, i + 1 == pieces.size());
}

Framing choose_framing(const Reply& reply, const WireOptions& options) {
  auto framing = reply.delivery.framing;
  if (framing == Framing::automatic) framing = reply.event_stream ? Framing::chunked : Framing::content_length;
  if (framing == Framing::chunked && !options.chunked_allowed) framing = Framing::close;
  return framing;
}

std::string make_head(const Reply& reply, Framing framing, std::size_t length, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  head += reason_phrase(reply.status);
  head += "\r\n";
  for (const auto& header : reply.headers) head += header.name + ": " + header.value + "\r\n";
  for (const auto& header : reply.delivery.extra_headers) head += header.name + ": " + header.value + "\r\n";
  if (framing == Framing::chunked) head += "transfer-encoding: chunked\r\n";
  if (framing == Framing::content_length) head += "content-length: " + std::to_string(length) + "\r\n";
  if (!keep_alive) head += "connection: close\r\n";
  return head + "\r\n";
}

std::string as_chunk(const std::string& bytes) {
  if (bytes.empty()) return {};
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  return std::string(size.data(), end) + "\r\n" + bytes + "\r\n";
}

bool before_event(const Point& point, std::size_t event) {
  return point.event && event >= *point.event;
}

std::optional<std::size_t> wire_offset(const Point& point, std::size_t head_size) {
  if (point.byte) return point.byte;
  if (point.body_byte) return head_size + *point.body_byte;
  return std::nullopt;
}

// Index of the step that begins at wire offset `at`, splitting one if needed; steps.size() when the answer is shorter.
std::size_t split_at(std::vector<Step>& steps, std::size_t at) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (at == 0) return i;
    if (at < steps[i].bytes.size()) {
      Step tail = steps[i];
      tail.bytes.erase(0, at);
      tail.wait_ms = 0;
      steps[i].bytes.resize(at);
      steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(tail));
      return i + 1;
    }
    at -= steps[i].bytes.size();
  }
  return steps.size();
}

std::uint64_t next_random(std::uint64_t& state) {  // xorshift64
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void slice(std::vector<Step>& steps, const Slices& wish) {
  std::vector<Step> out;
  std::uint64_t random = wish.seed | 1;
  for (auto& step : steps) {
    std::size_t at = 0;
    do {
      const auto size = wish.fixed ? wish.fixed : 1 + next_random(random) % wish.max;
      out.push_back({step.bytes.substr(at, size), at == 0 ? step.wait_ms : 0, step.pieces_begun});
      at += size;
    } while (at < step.bytes.size());
  }
  steps = std::move(out);
}

void throttle(std::vector<Step>& steps, std::uint64_t bytes_per_second) {
  constexpr std::uint64_t writes_per_second = 20;
  if (bytes_per_second == 0) return;
  slice(steps, {static_cast<std::size_t>(std::max<std::uint64_t>(1, bytes_per_second / writes_per_second)), 1, 1});
  std::uint64_t sent = 0;
  for (auto& step : steps) {
    if (step.wait_ms >= 0)
      step.wait_ms += static_cast<std::int64_t>((sent + step.bytes.size()) * 1000 / bytes_per_second -
                                                sent * 1000 / bytes_per_second);
    sent += step.bytes.size();
  }
}

Transmission special(const Delivery& delivery) {
  if (delivery.no_answer) return {{{{}, -1, 0}}, Ending::fin};
  return {{{"\x16\x03\x01 this is not HTTP\r\n\r\n\xff\xfe", 0, 0}}, Ending::fin};
}

// The head and the framed body pieces, event stalls and cuts applied.
std::vector<Step> frame(const Reply& reply, const std::vector<Numbered>& pieces, Framing framing, std::string head,
                        bool& cut) {
  const auto& delivery = reply.delivery;
  std::vector<Step> steps{{std::move(head), static_cast<std::int64_t>(delivery.first_byte_ms), 0}};
  bool stalled = !delivery.stall;
  for (const auto& [piece, event] : pieces) {
    if (delivery.cut && before_event(delivery.cut->at, event)) {
      cut = true;
      return steps;
    }
    if (!stalled && before_event(delivery.stall->at, event)) {
      steps.push_back({{}, delivery.stall->ms, steps.back().pieces_begun});
      stalled = true;
    }
    steps.push_back({framing == Framing::chunked ? as_chunk(piece.bytes) : piece.bytes, piece.delay_ms, event + 1});
  }
  if (framing == Framing::chunked) steps.push_back({"0\r\n\r\n", 0, pieces.size()});
  return steps;
}

}  // namespace

Transmission plan_transmission(const Reply& reply, const WireOptions& options) {
  const auto& delivery = reply.delivery;
  if (delivery.no_answer || delivery.garbage) return special(delivery);

  auto pieces = shape_pieces(reply);
  if (delivery.gzip.value_or(false)) compress(pieces);
  const auto framing = choose_framing(reply, options);
  const bool keep_alive = options.keep_alive && framing != Framing::close && !delivery.close_after;
  std::size_t length = 0;
  for (const auto& piece : pieces) length += piece.piece.bytes.size();
  const auto head = make_head(reply, framing, length, keep_alive);
  if (options.head_only) pieces.clear();

  Transmission out;
  bool cut = false;
  const auto head_size = head.size();
  out.steps = frame(reply, pieces, options.head_only ? Framing::content_length : framing, head, cut);
  if (delivery.stall) {
    if (const auto at = wire_offset(delivery.stall->at, head_size)) {
      const auto step = split_at(out.steps, *at);
      if (step < out.steps.size()) out.steps[step].wait_ms = delivery.stall->ms;
    }
  }
  if (delivery.cut) {
    if (const auto at = wire_offset(delivery.cut->at, head_size)) {
      out.steps.resize(split_at(out.steps, *at));
      cut = true;
    }
  }
  if (delivery.slices) slice(out.steps, *delivery.slices);
  if (delivery.bytes_per_second) throttle(out.steps, *delivery.bytes_per_second);
  out.ending = cut ? delivery.cut->how : keep_alive ? Ending::keep_alive : Ending::fin;
  return out;
}

}  // namespace sim

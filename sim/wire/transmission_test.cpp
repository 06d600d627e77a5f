// Faults and framing, without sockets: which bytes go out, in which writes, how it ends.
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/json.hpp>
#include <numeric>

#include "wire/delivery.h"

namespace sim {
namespace {

Delivery delivery(std::string_view json) {
  Delivery out;
  const auto problem = parse_delivery(boost::json::parse(json).as_object(), out);
  EXPECT_FALSE(problem) << problem->message;
  return out;
}

Reply stream(std::string_view fault = "{}") {
  Reply reply;
  reply.event_stream = true;
  reply.headers = {{"content-type", "text/event-stream"}};
  for (int i = 0; i < 5; ++i) reply.pieces.push_back({"event: e\ndata: " + std::to_string(i) + "\n\n", 0, i});
  reply.delivery = delivery(fault);
  return reply;
}

Reply document(std::string_view fault = "{}") {
  Reply reply;
  reply.headers = {{"content-type", "application/json"}};
  reply.pieces.push_back({R"({"a":"Привет"})", 0, 7});
  reply.delivery = delivery(fault);
  return reply;
}

std::string joined(const Transmission& transmission) {
  std::string out;
  for (const auto& step : transmission.steps) out += step.bytes;
  return out;
}

std::string body_of(const std::string& wire) {
  return wire.substr(wire.find("\r\n\r\n") + 4);
}
std::string head_of(const std::string& wire) {
  return wire.substr(0, wire.find("\r\n\r\n") + 4);
}

std::string unchunk(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    const auto line = body.substr(0, body.find("\r\n"));
    const auto size = std::stoul(std::string(line), nullptr, 16);
    if (size == 0) return body == "0\r\n\r\n" ? out : "bad end";
    out += body.substr(line.size() + 2, size);
    body.remove_prefix(line.size() + 2 + size + 2);
  }
  return "no end";
}

const std::string whole_stream =
    "event: e\ndata: 0\n\nevent: e\ndata: 1\n\nevent: e\ndata: 2\n\nevent: e\ndata: 3\n\nevent: e\ndata: 4\n\n";

TEST(Transmission, a_stream_is_chunked_one_write_per_event) {
  const auto sent = plan_transmission(stream(), {});
  EXPECT_EQ(sent.steps.size(), 7u);
  EXPECT_EQ(unchunk(body_of(joined(sent))), whole_stream);
  EXPECT_EQ(sent.ending, Ending::keep_alive);
  EXPECT_NE(head_of(joined(sent)).find("transfer-encoding: chunked\r\n"), std::string::npos);
}

TEST(Transmission, a_document_has_its_length) {
  const auto wire = joined(plan_transmission(document(), {}));
  EXPECT_NE(wire.find("content-length: 20\r\n"), std::string::npos) << wire;
  EXPECT_EQ(body_of(wire), "{\"a\":\"Привет\"}");
}

TEST(Transmission, head_only_keeps_the_head_as_it_would_be) {
  const auto wire = joined(plan_transmission(document(), {.head_only = true}));
  EXPECT_EQ(wire, head_of(joined(plan_transmission(document(), {}))));
}

TEST(Transmission, an_old_client_gets_no_chunks) {
  const auto sent = plan_transmission(stream(), {.keep_alive = false, .chunked_allowed = false});
  EXPECT_EQ(body_of(joined(sent)), whole_stream);
  EXPECT_EQ(sent.ending, Ending::fin);
}

TEST(Transmission, framing_can_be_asked_for) {
  const auto sized = joined(plan_transmission(stream(R"({"framing":"content-length"})"), {}));
  EXPECT_NE(sized.find("content-length: " + std::to_string(whole_stream.size())), std::string::npos);
  EXPECT_EQ(body_of(sized), whole_stream);
  const auto closed = plan_transmission(document(R"({"framing":"close"})"), {});
  EXPECT_EQ(closed.ending, Ending::fin);
  EXPECT_EQ(head_of(joined(closed)).find("content-length"), std::string::npos);
  EXPECT_NE(unchunk(body_of(joined(plan_transmission(document(R"({"framing":"chunked"})"), {})))), "no end");
}

TEST(Transmission, every_cut_on_the_wire_leaves_exactly_the_bytes_before_it) {
  const auto wire = joined(plan_transmission(stream(), {}));
  for (std::size_t at = 0; at < wire.size(); ++at) {
    const auto sent = plan_transmission(stream(R"({"cut":{"byte":)" + std::to_string(at) + "}}"), {});
    EXPECT_EQ(joined(sent), wire.substr(0, at));
    EXPECT_EQ(sent.ending, Ending::rst);
  }
}

TEST(Transmission, a_cut_in_the_body_is_counted_from_its_first_byte) {
  const auto wire = joined(plan_transmission(document(), {}));
  const auto sent = plan_transmission(document(R"({"cut":{"body_byte":3,"how":"fin"}})"), {});
  EXPECT_EQ(joined(sent), wire.substr(0, head_of(wire).size() + 3));
  EXPECT_EQ(sent.ending, Ending::fin);
}

TEST(Transmission, a_cut_before_an_event_leaves_the_events_before_it) {
  const auto sent = plan_transmission(stream(R"({"cut":{"event":2}})"), {});
  const auto wire = joined(sent);
  EXPECT_NE(wire.find("data: 1"), std::string::npos);
  EXPECT_EQ(wire.find("data: 2"), std::string::npos);
  EXPECT_EQ(sent.steps.back().pieces_begun, 2u);
}

TEST(Transmission, slices_change_the_writes_and_no_byte) {
  const auto wire = joined(plan_transmission(stream(), {}));
  for (const auto* wish :
       {R"({"slices":{"bytes":1}})", R"({"slices":{"bytes":7}})", R"({"slices":{"seed":3,"max":5}})"}) {
    const auto sent = plan_transmission(stream(wish), {});
    EXPECT_EQ(joined(sent), wire);
    EXPECT_GT(sent.steps.size(), wire.size() / 8);
  }
  const auto random = plan_transmission(stream(R"({"slices":{"seed":3,"max":5}})"), {});
  const auto again = plan_transmission(stream(R"({"slices":{"seed":3,"max":5}})"), {});
  ASSERT_EQ(random.steps.size(), again.steps.size());
  for (std::size_t i = 0; i < random.steps.size(); ++i) EXPECT_EQ(random.steps[i].bytes, again.steps[i].bytes);
}

TEST(Transmission, slowness_adds_up_to_the_rate) {
  const auto sent = plan_transmission(stream(R"({"bytes_per_second":100})"), {});
  const auto waited = std::accumulate(sent.steps.begin(), sent.steps.end(), std::int64_t{0},
                                      [](std::int64_t sum, const Step& step) { return sum + step.wait_ms; });
  EXPECT_EQ(waited, static_cast<std::int64_t>(joined(sent).size()) * 10);
}

TEST(Transmission, a_stall_waits_where_it_is_asked_to) {
  const auto at_event = plan_transmission(stream(R"({"stall":{"event":3,"ms":50}})"), {});
  EXPECT_EQ(at_event.steps[4].wait_ms, 50);
  EXPECT_EQ(at_event.steps[4].pieces_begun, 3u);
  const auto at_byte = plan_transmission(stream(R"({"stall":{"byte":10}})"), {});
  EXPECT_EQ(at_byte.steps[0].bytes.size(), 10u);
  EXPECT_EQ(at_byte.steps[1].wait_ms, -1);
  EXPECT_EQ(joined(at_byte), joined(plan_transmission(stream(), {})));
}

TEST(Transmission, an_error_event_replaces_the_rest) {
  const auto body =
      unchunk(body_of(joined(plan_transmission(stream(R"({"sse_error":{"event":1,"message":"say \"no\""}})"), {}))));
  EXPECT_EQ(body,
            "event: e\ndata: 0\n\nevent: error\ndata: "
            R"({"type":"error","error":{"type":"overloaded_error","message":"say \"no\""}})"
            "\n\n");
}

TEST(Transmission, a_clean_end_in_the_middle_is_still_clean) {
  const auto sent = plan_transmission(stream(R"({"end_at_event":2})"), {});
  EXPECT_EQ(unchunk(body_of(joined(sent))), "event: e\ndata: 0\n\nevent: e\ndata: 1\n\n");
  EXPECT_EQ(sent.ending, Ending::keep_alive);
}

TEST(Transmission, pings_and_comments_fill_a_gap) {
  const auto pings = plan_transmission(stream(R"({"filler":{"event":1,"count":3,"every_ms":20}})"), {});
  EXPECT_EQ(pings.steps.size(), 10u);
  EXPECT_EQ(pings.steps[2].wait_ms, 20);
  EXPECT_NE(pings.steps[2].bytes.find("event: ping"), std::string::npos);
  const auto comments = plan_transmission(stream(R"({"filler":{"event":1,"count":1,"comment":true}})"), {});
  EXPECT_NE(comments.steps[2].bytes.find(": keep-alive"), std::string::npos);
}

TEST(Transmission, crlf_ends_every_line_of_a_stream) {
  const auto body = unchunk(body_of(joined(plan_transmission(stream(R"({"crlf":true})"), {}))));
  for (std::size_t i = 0; i < body.size(); ++i)
    if (body[i] == '\n') {
      EXPECT_EQ(body[i - 1], '\r') << i;
    }
}

// How much of a compressed stream can be read once `bytes` of it have arrived.
std::string inflate_so_far(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, MAX_WBITS + 16);
  std::string out(1 << 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return out;
}

TEST(Transmission, compressed_events_can_be_read_one_by_one) {
  const auto sent = plan_transmission(stream(R"({"gzip":true,"framing":"close"})"), {});
  std::string arrived;
  for (std::size_t i = 1; i <= 5; ++i) {
    arrived += sent.steps[i].bytes;
    EXPECT_EQ(inflate_so_far(arrived), whole_stream.substr(0, i * 18)) << i;
  }
}

TEST(Transmission, garbage_is_not_http_and_silence_is_silence) {
  EXPECT_FALSE(joined(plan_transmission(stream(R"({"garbage":true})"), {})).starts_with("HTTP"));
  const auto silent = plan_transmission(stream(R"({"no_answer":true})"), {});
  ASSERT_EQ(silent.steps.size(), 1u);
  EXPECT_EQ(silent.steps[0].wait_ms, -1);
  EXPECT_TRUE(silent.steps[0].bytes.empty());
}

TEST(Delivery, a_misspelt_fault_is_an_error) {
  for (const auto* wrong :
       {R"({"stal":{}})", R"({"cut":{}})", R"({"cut":{"event":1,"byte":2}})", R"({"cut":{"event":1,"how":"gently"}})",
        R"({"status":{"code":99}})", R"({"framing":"odd"})", R"({"gzip":1})", R"({"slices":{"max":0}})", R"({"cut":3})",
        R"({"stall":{"event":1,"sm":2}})", R"({"headers":{"a":1}})", R"({"first_byte_ms":"x"})"}) {
    Delivery out;
    EXPECT_TRUE(parse_delivery(boost::json::parse(wrong).as_object(), out)) << wrong;
  }
}

}  // namespace
}  // namespace sim

#include "http/message_writer.h"

#include <gtest/gtest.h>

#include "http/message_reader.h"

namespace distiq {
namespace {

RequestHead request(std::initializer_list<std::pair<const char*, const char*>> fields) {
  RequestHead head;
  head.method = "POST";
  head.target = "/v1/messages?beta=true";
  for (const auto& [name, value] : fields) head.headers.add(name, value);
  return head;
}

TEST(UpstreamRequestHead, keeps_order_case_and_both_credentials_and_replaces_host_in_place) {
  const auto head = request(
      {{"Accept", "a"}, {"x-api-key", "k"}, {"HOST", "127.0.0.1:11434"}, {"Authorization", "b"}, {"x-odd", ""}});
  EXPECT_EQ(
      upstream_request_head(head, {"api.test", ""}, BodyFraming::content_length),
      "POST /v1/messages?beta=true HTTP/1.1\r\nAccept: a\r\nx-api-key: k\r\nHOST: api.test\r\nAuthorization: b\r\n"
      "x-odd: \r\n\r\n");
}

TEST(UpstreamRequestHead, may_become_longer_than_was_foreseen) {
  RequestHead head = request({{"Host", "x"}});
  std::string expected = "POST /v1/messages?beta=true HTTP/1.1\r\nHost: u\r\n";
  for (int i = 0; i < 100; ++i) {
    head.headers.add("accept-encoding", "");
    expected += "accept-encoding: identity\r\n";
  }
  EXPECT_EQ(upstream_request_head(head, {"u", ""}, BodyFraming::none, {.content_length = {}, .plain_answer = true}),
            expected + "\r\n");
}

TEST(UpstreamRequestHead, puts_the_path_prefix_of_the_base_url_before_the_target) {
  EXPECT_TRUE(upstream_request_head(request({{"Host", "x"}}), {"api.test", "/gateway"}, BodyFraming::none)
                  .starts_with("POST /gateway/v1/messages?beta=true HTTP/1.1\r\n"));
}

TEST(UpstreamRequestHead, drops_hop_by_hop_fields_also_those_that_connection_names) {
  const auto head = request({{"Host", "x"},
                             {"Connection", "keep-alive, X-Private"},
                             {"x-private", "1"},
                             {"Keep-Alive", "5"},
                             {"TE", "trailers"},
                             {"Upgrade", "h2c"},
                             {"Proxy-Authorization", "p"},
                             {"Expect", "100-continue"},
                             {"X-Kept", "1"}});
  EXPECT_EQ(upstream_request_head(head, {"u", ""}, BodyFraming::none),
            "POST /v1/messages?beta=true HTTP/1.1\r\nHost: u\r\nX-Kept: 1\r\n\r\n");
}

// Fields that stand together as we write them are copied together: what lies between them decides.
TEST(UpstreamRequestHead, writes_parsed_fields_in_one_form_however_they_were_spaced) {
  const std::string_view fields =
      "A: 1\r\nB: 2\r\nC:3\r\nD:\t4\r\nE:  5\r\nF: 6 \r\nG: 7\r\nI: \r\nJ:\r\nHost: x\r\nK: : 8\r\nTE: t\r\nL: 9\r\n"
      "X-Distiq-A: 1\r\nX-B: 2\r\nAccept-Encoding: br\r\nM: 0\r\n";
  const std::string text = "GET /v1/models HTTP/1.1\r\n" + std::string(fields) + "\r\n";
  auto reader = MessageReader::for_request(4096);
  ASSERT_TRUE(reader.feed_head(text));
  ASSERT_TRUE(reader.head_done());
  EXPECT_EQ(
      upstream_request_head(reader.request(), {"u", ""}, BodyFraming::none,
                            {.content_length = {}, .plain_answer = true}),
      "GET /v1/models HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nI: \r\nJ: \r\nHost: u\r\n"
      "K: : 8\r\nL: 9\r\nX-B: 2\r\nAccept-Encoding: identity\r\nM: 0\r\n\r\n");
}

TEST(ClientResponseHead, writes_parsed_fields_of_a_long_head_as_they_came) {
  std::string fields;
  for (int i = 0; i < 60; ++i) fields += "F-" + std::to_string(i) + ": " + std::string(i % 7, 'v') + "\r\n";
  const std::string text = "HTTP/1.1 200 OK\r\nConnection: close\r\n" + fields + "Content-Length: 3\r\n\r\n";
  auto reader = MessageReader::for_response(8192, /*request_was_head=*/false);
  ASSERT_TRUE(reader.feed_head(text));
  ASSERT_TRUE(reader.head_done());
  EXPECT_EQ(
      client_response_head(
          reader.response(),
          {.framing = BodyFraming::content_length, .keep_alive = true, .client_version_minor = 1, .content_length = 12},
          ""),
      "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 12\r\n\r\n");
}

TEST(UpstreamRequestHead, our_own_request_fields_stay_here) {
  const auto head =
      request({{"Host", "x"}, {"X-Distiq-Token", "secret"}, {"x-distiq-policy", "off"}, {"x-distiqued", "1"}});
  EXPECT_EQ(upstream_request_head(head, {"u", ""}, BodyFraming::none),
            "POST /v1/messages?beta=true HTTP/1.1\r\nHost: u\r\nx-distiqued: 1\r\n\r\n");
}

TEST(UpstreamRequestHead, chunked_framing_is_announced_once_where_the_client_did) {
  const auto head = request({{"Transfer-Encoding", "Chunked"}, {"Host", "x"}, {"transfer-encoding", "chunked"}});
  EXPECT_EQ(upstream_request_head(head, {"u", ""}, BodyFraming::chunked),
            "POST /v1/messages?beta=true HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: u\r\n\r\n");
}

ResponseHead answer() {
  ResponseHead head;
  head.status = 529;
  head.reason = "Quite Overloaded";
  head.headers.add("Retry-After", "3");
  head.headers.add("Connection", "keep-alive");
  head.headers.add("Set-Cookie", "a");
  head.headers.add("Transfer-Encoding", "chunked");
  head.headers.add("set-cookie", "b");
  return head;
}

TEST(ClientResponseHead, status_reason_order_and_case_pass_and_ours_come_last) {
  std::string ours;
  append_field_line(ours, "x-distiq-id", "dq_1");
  EXPECT_EQ(client_response_head(answer(), {BodyFraming::chunked, true, 1}, ours),
            "HTTP/1.1 529 Quite Overloaded\r\nRetry-After: 3\r\nSet-Cookie: a\r\nTransfer-Encoding: chunked\r\n"
            "set-cookie: b\r\nx-distiq-id: dq_1\r\n\r\n");
}

TEST(ClientResponseHead, says_how_the_connection_goes_on) {
  EXPECT_TRUE(
      client_response_head(answer(), {BodyFraming::until_close, false, 1}, "").ends_with("Connection: close\r\n\r\n"));
  EXPECT_TRUE(client_response_head(answer(), {BodyFraming::content_length, true, 0}, "")
                  .ends_with("Connection: keep-alive\r\n\r\n"));
}

TEST(LocalResponse, head_requests_get_the_length_but_no_body) {
  const std::string answer_bytes = local_response(200, "text/plain", "hello", true, true);
  EXPECT_EQ(answer_bytes, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
}

}  // namespace
}  // namespace distiq

#include "message/request_scanner.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <random>

#include "message/processors_for_test.h"
#include "message/sample_body_for_test.h"
#include "message/second_opinion_for_test.h"

namespace distiq {
namespace {

std::string reason_of(const std::expected<RequestView, ScanFailure>& view) {
  return view ? "understood" : std::string(to_string(view.error().reason));
}
std::string reason_for(std::string_view body) {
  return reason_of(scan_request(body));
}

// Keeps the body, which the view borrows, to the end of the run.
RequestView scanned(std::string_view text) {
  static std::deque<std::string> bodies;
  const std::string& body = bodies.emplace_back(text);
  auto view = scan_request(body);
  EXPECT_TRUE(view.has_value()) << body << ": " << reason_of(view);
  return view ? std::move(*view) : RequestView{};
}

std::string nested(std::string_view open, std::string_view inside, std::string_view close, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += open;
  text += inside;
  for (std::size_t i = 0; i < times; ++i) text += close;
  return text;
}

TEST(RequestScanner, every_field_is_found_where_it_stands) {
  const std::string body =
      R"({"model":"claude-opus-5-5","max_tokens":100,"stream":true,"system":[{"type":"text","text":"be brief",)"
      R"("cache_control":{"type":"ephemeral","ttl":"1h"}}],"tools":[{"name":"Bash","description":"d",)"
      R"("input_schema":{"cache_control":1},"defer_loading":true},{"type":"web_search_20250305","name":"web_search",)"
      R"("cache_control":{"type":"ephemeral"}}],"thinking":{"type":"adaptive","display":"omitted"},)"
      R"("output_config":{"effort":"medium","format":{"type":"json_schema"}},"metadata":{"user_id":"u"},)"
      R"("tool_choice":{"type":"auto"},"temperature":1.0,"top_p":0.5,"top_k":5,"stop_sequences":["x"],)"
      R"("context_management":{"edits":[]},"speed":"fast","safeguards":[1],"service_tier":"auto",)"
      R"("inference_geo":"us","container":null,"mcp_servers":[],"fallbacks":[],"diagnostics":{},)"
      R"("cache_control":{"type":"ephemeral","ttl":"5m"},"messages":[{"role":"user","content":"hi"}]})";
  const RequestView view = scanned(body);
  const auto raw = [&](const JsonValue& value) { return view.raw(value); };
  EXPECT_EQ(raw(view.root), body);
  EXPECT_EQ(raw(view.model), "\"claude-opus-5-5\"");
  EXPECT_EQ(view.text(view.model), "claude-opus-5-5");
  EXPECT_EQ(view.max_tokens_value(), 100u);
  EXPECT_TRUE(view.is_streaming());
  EXPECT_EQ(raw(view.thinking_type), "\"adaptive\"");
  EXPECT_EQ(raw(view.effort), "\"medium\"");
  EXPECT_EQ(raw(view.output_format), R"({"type":"json_schema"})");
  EXPECT_EQ(raw(view.user_id), "\"u\"");
  EXPECT_EQ(raw(view.tool_choice_type), "\"auto\"");
  EXPECT_EQ(raw(view.temperature), "1.0");
  EXPECT_EQ(raw(view.top_p), "0.5");
  EXPECT_EQ(raw(view.top_k), "5");
  EXPECT_EQ(raw(view.stop_sequences), R"(["x"])");
  EXPECT_EQ(raw(view.context_management), R"({"edits":[]})");
  EXPECT_EQ(raw(view.speed), "\"fast\"");
  EXPECT_EQ(raw(view.safeguards), "[1]");
  EXPECT_EQ(view.container.type, JsonType::null);
  ASSERT_EQ(view.tools.size(), 2u);
  EXPECT_TRUE(view.tools[0].defer_loading);
  EXPECT_EQ(view.tools[0].cache_mark, no_index) << "a property of that name in a schema marks nothing";
  EXPECT_EQ(raw(view.tools[1].type_name), "\"web_search_20250305\"");
  ASSERT_EQ(view.cache_marks.size(), 3u);
  EXPECT_EQ(view.cache_marks[0].place, CachePlace::system);
  EXPECT_EQ(view.cache_marks[0].ttl, CacheTtl::one_hour);
  EXPECT_EQ(view.cache_marks[1].place, CachePlace::tool);
  EXPECT_EQ(view.cache_marks[1].owner, 1u);
  EXPECT_EQ(view.cache_marks[2].place, CachePlace::top_level);
  EXPECT_EQ(view.cache_marks[2].ttl, CacheTtl::five_minutes);
  EXPECT_EQ(view.body.substr(view.cache_marks[2].key_at, 15), "\"cache_control\"");
}

TEST(RequestScanner, blocks_come_in_order_with_the_nested_ones_behind_their_parent) {
  const std::string body =
      R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[)"
      R"({"type":"text","text":"no","cache_control":{"type":"ephemeral"}},{"type":"image","source":{}}]},)"
      R"({"type":"text","text":"after"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},)"
      R"({"type":"tool_use","id":"t2","name":"Bash","input":{"cache_control":{"type":"ephemeral"},"type":"text"}}]},)"
      R"({"role":"system","content":[],"output_config":{"effort":"low"}},{"role":"developer","content":null}]})";
  const RequestView view = scanned(body);
  ASSERT_EQ(view.messages.size(), 4u);
  ASSERT_EQ(view.blocks.size(), 6u);
  EXPECT_EQ(view.blocks[0].type, BlockType::tool_result);
  EXPECT_TRUE(view.blocks[0].is_error);
  EXPECT_EQ(view.blocks[0].next, 3u);
  EXPECT_EQ(view.raw(view.blocks[0].id), "\"t1\"");
  EXPECT_EQ(view.blocks[2].type, BlockType::image);
  EXPECT_EQ(view.raw(view.blocks[3].text), "\"after\"");
  EXPECT_EQ(view.messages[0].end_block, 4u);
  EXPECT_EQ(view.raw(view.blocks[4].text), "\"hm\"");
  EXPECT_EQ(view.raw(view.blocks[5].name), "\"Bash\"");
  EXPECT_EQ(view.raw(view.blocks[5].input), R"({"cache_control":{"type":"ephemeral"},"type":"text"})");
  EXPECT_EQ(view.messages[2].role, Role::system);
  EXPECT_EQ(view.messages[2].first_block, view.messages[2].end_block);
  EXPECT_EQ(view.raw(view.messages[2].output_config), R"({"effort":"low"})");
  EXPECT_EQ(view.messages[3].role, Role::other);
  ASSERT_EQ(view.cache_marks.size(), 1u) << "one in a tool's input marks nothing";
  EXPECT_EQ(view.cache_marks[0].place, CachePlace::nested);
  EXPECT_EQ(view.cache_marks[0].owner, 1u);
}

TEST(RequestScanner, marks_at_unknown_places_are_counted_and_null_ones_are_not) {
  const RequestView view = scanned(
      R"({"future":{"a":[{"cache_control":{"type":"ephemeral"}}]},"cache_control":null,)"
      R"("messages":[{"role":"user","content":[{"type":"document","source":{"content":[{"type":"text","cache_\u0063ontrol":7}]}}]}]})");
  ASSERT_EQ(view.cache_marks.size(), 2u);
  EXPECT_EQ(view.cache_marks[0].place, CachePlace::elsewhere);
  EXPECT_EQ(view.cache_marks[1].ttl, CacheTtl::other);
  for (const char* body :
       {R"({"metadata":{"cache_control":{}}})", R"({"messages":[{"role":"user","cache_control":{}}]})",
        R"({"thinking":{"type":"x","cache_control":{"cache_control":{}}}})"}) {
    const RequestView known = scanned(body);
    ASSERT_EQ(known.cache_marks.size(), 1u) << body;
    EXPECT_EQ(known.cache_marks[0].place, CachePlace::elsewhere) << body;
  }
}

TEST(RequestScanner, escaped_keys_and_names_are_read) {
  const RequestView view = scanned(
      R"({"mod\u0065l":"m","\u006dessages":[{"r\u006fle":"us\u0065r","content":[{"type":"t\u0065xt","text":"x"}]}]})");
  EXPECT_EQ(view.raw(view.model), "\"m\"");
  ASSERT_EQ(view.messages.size(), 1u);
  EXPECT_EQ(view.messages[0].role, Role::user);
  EXPECT_EQ(view.blocks.at(0).type, BlockType::text);
}

TEST(RequestScanner, of_duplicate_keys_the_last_wins_and_the_view_says_so) {
  const std::string body =
      R"({"model":"a","messages":[{"role":"user","content":[{"type":"text","text":"old"}]}],"tools":[{"name":"gone"}],)"
      R"("mod\u0065l":"b","tools":[],"messages":[{"role":"user","role":"assistant","content":"x","content":[)"
      R"({"type":"text","text":"1","text":"2"}]}]})";
  const RequestView view = scanned(body);
  EXPECT_TRUE(view.has_duplicate_keys);
  EXPECT_EQ(view.raw(view.model), "\"b\"");
  EXPECT_TRUE(view.tools.empty());
  ASSERT_EQ(view.messages.size(), 1u);
  EXPECT_EQ(view.messages[0].role, Role::assistant);
  ASSERT_EQ(view.blocks.size(), 1u);
  EXPECT_EQ(view.raw(view.blocks[0].text), "\"2\"");
}

TEST(RequestScanner, duplicates_in_what_is_not_read_do_not_matter) {
  EXPECT_FALSE(scanned(R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"a":1,"a":2}}]}]})")
                   .has_duplicate_keys);
}

TEST(RequestScanner, string_and_list_forms_of_system_and_content_are_both_read) {
  EXPECT_EQ(scanned(R"({"system":"s","messages":[]})").system.type, JsonType::string);
  const RequestView list =
      scanned(R"({"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":"c"}]})");
  EXPECT_EQ(list.system_end_block, 1u);
  EXPECT_EQ(list.messages[0].content.type, JsonType::string);
  EXPECT_EQ(scanned(R"({"system":null,"tools":null,"stream":null,"max_tokens":null})").system.type, JsonType::null);
}

TEST(RequestScanner, spaces_anywhere_change_no_offset_s_meaning) {
  const RequestView view = scanned(
      " \r\n{ \"model\" : \"m\" ,\n\t\"max_tokens\" : 5 , \"messages\" : [ { \"role\" : \"user\" , "
      "\"content\" : [ { \"type\" : \"text\" , \"text\" : \" a b \" } ] } ] } \n ");
  EXPECT_EQ(view.raw(view.model), "\"m\"");
  EXPECT_EQ(view.raw(view.max_tokens), "5");
  EXPECT_EQ(view.raw(view.blocks.at(0).text), "\" a b \"");
  EXPECT_EQ(view.raw(view.root).back(), '}');
}

TEST(RequestScanner, max_tokens_is_a_number_only_where_it_is_a_whole_one) {
  const auto value_of = [](const std::string& number) {
    return scanned(R"({"max_tokens":)" + number + "}").max_tokens_value();
  };
  EXPECT_EQ(value_of("0"), 0u);
  EXPECT_EQ(value_of("9007199254740992"), 9007199254740992u);
  EXPECT_EQ(value_of("9007199254740993"), std::nullopt);
  EXPECT_EQ(value_of("99999999999999999999999999"), std::nullopt);
  EXPECT_EQ(value_of("1.0"), std::nullopt);
  EXPECT_EQ(value_of("1e3"), std::nullopt);
  EXPECT_EQ(value_of("-1"), std::nullopt);
  EXPECT_EQ(value_of("null"), std::nullopt);
}

TEST(RequestScanner, user_ids_of_both_forms_give_session_and_account) {
  const RequestView json = scanned(
      R"({"metadata":{"user_id":"{\"device_id\":\"d\",\"account_uuid\":\"a-1\",\"session_id\":\"s-\\u0031\"}"}})");
  EXPECT_EQ(json.account_uuid, "a-1");
  EXPECT_EQ(json.session_id, "s-1");
  const RequestView joined = scanned(R"({"metadata":{"user_id":"user_abc_account_a-1_session_s-1"}})");
  EXPECT_EQ(joined.account_uuid, "a-1");
  EXPECT_EQ(joined.session_id, "s-1");
  EXPECT_EQ(scanned(R"({"metadata":{"user_id":"user_abc_account__session_s-1"}})").session_id, "s-1");
}

TEST(RequestScanner, user_ids_of_no_known_form_give_nothing_and_no_failure) {
  for (const std::string user_id :
       {R"("")", R"("user_")", R"("_session_x")", R"("{")", R"("{\"session_id\":5}")", R"("{\"session_id\":\"a\"} x")",
        "7", "null", R"({"session_id":"a"})", R"("\ud800")", R"("{\"session_id\":\"\\q\"}")"}) {
    const RequestView view = scanned(R"({"metadata":{"user_id":)" + user_id + "}}");
    EXPECT_EQ(view.session_id, "") << user_id;
    EXPECT_EQ(view.account_uuid, "") << user_id;
  }
  const std::string huge = R"({"metadata":{"user_id":"{\"session_id\":\")" + std::string(5000, 'a') + R"(\"}"}})";
  EXPECT_EQ(scanned(huge).session_id, "");
}

TEST(RequestScanner, bodies_that_are_no_request_are_named_and_not_guessed_at) {
  EXPECT_EQ(reason_for(""), "empty_body");
  EXPECT_EQ(reason_for("  \n"), "empty_body");
  EXPECT_EQ(reason_for("\xEF\xBB\xBF{}"), "byte_order_mark");
  EXPECT_EQ(reason_for("[]"), "not_an_object");
  EXPECT_EQ(reason_for("\"x\""), "not_an_object");
  EXPECT_EQ(reason_for("12"), "not_an_object");
  EXPECT_EQ(reason_for("nul"), "invalid_json");
  EXPECT_EQ(reason_for("{\"a\":\"\xFF\"}"), "invalid_utf8");
  EXPECT_EQ(reason_for("{\"a\":\"\xED\xA0\x80\"}"), "invalid_utf8");
  EXPECT_EQ(reason_for("{\"a\":\"\\ud800\"}"), "understood");
  EXPECT_EQ(reason_for(std::string_view("{}\0", 3)), "invalid_json");
}

TEST(RequestScanner, fields_of_types_that_the_api_does_not_know_fail) {
  for (const char* body :
       {R"({"model":1})", R"({"model":null})", R"({"max_tokens":"5"})", R"({"stream":"true"})", R"({"system":{}})",
        R"({"system":["x"]})", R"({"tools":{}})", R"({"tools":[1]})", R"({"messages":"hi"})", R"({"messages":null})",
        R"({"messages":["hi"]})", R"({"messages":[{"role":1}]})", R"({"messages":[{"role":"user","content":{}}]})",
        R"({"messages":[{"role":"user","content":["hi"]}]})"}) {
    EXPECT_EQ(reason_for(body), "unexpected_type") << body;
  }
  EXPECT_EQ(reason_for(R"({"model":})"), "invalid_json");
  EXPECT_EQ(reason_for(R"({"messages":[{"role":"user","content":[,]}]})"), "invalid_json");
}

TEST(RequestScanner, grammar_is_checked_everywhere_also_in_parts_that_nobody_reads) {
  const std::vector<std::pair<std::string, bool>> fragments = {{"0", true},
                                                               {"-0", true},
                                                               {"1.5e+10", true},
                                                               {"1E400", true},
                                                               {"123456789012345678901234567890", true},
                                                               {"01", false},
                                                               {"1.", false},
                                                               {".5", false},
                                                               {"+1", false},
                                                               {"-", false},
                                                               {"1e", false},
                                                               {"1e+", false},
                                                               {"0x1", false},
                                                               {"1 2", false},
                                                               {"NaN", false},
                                                               {"Infinity", false},
                                                               {"true", true},
                                                               {"tru", false},
                                                               {"truex", false},
                                                               {"True", false},
                                                               {"null", true},
                                                               {"nullnull", false},
                                                               {"undefined", false},
                                                               {"[]", true},
                                                               {"[1,]", false},
                                                               {"[,1]", false},
                                                               {"[1 2]", false},
                                                               {"[1,,2]", false},
                                                               {"[", false},
                                                               {"]", false},
                                                               {"[}", false},
                                                               {"{]", false},
                                                               {"{}", true},
                                                               {"{\"a\"}", false},
                                                               {"{\"a\":}", false},
                                                               {"{\"a\":1,}", false},
                                                               {"{,}", false},
                                                               {"{1:2}", false},
                                                               {"{a:1}", false},
                                                               {"{\"a\" 1}", false},
                                                               {"{\"a\"::1}", false},
                                                               {"{\"a\":1 \"b\":2}", false},
                                                               {"\"\"", true},
                                                               {"\"a\"b", false},
                                                               {"\"a\"\"b\"", false},
                                                               {"\"a\" \"b\"", false},
                                                               {"'a'", false},
                                                               {"\"\\x\"", false},
                                                               {"\"\\u12\"", false},
                                                               {"\"\\ud800\"", true},
                                                               {"\"a\nb\"", false},
                                                               {"\"a\tb\"", false},
                                                               {"\"\\\"", false},
                                                               {"\"\x7F\"", true},
                                                               {"1/**/", false},
                                                               {"//", false},
                                                               {"\f1", false},
                                                               {"1\v", false},
                                                               {"\\\"a\"", false},
                                                               {"a\"b\"", false},
                                                               {"[\"a\"\\\"]", false},
                                                               {"\\u0031", false},
                                                               {"", false},
                                                               {":", false},
                                                               {",", false},
                                                               {"{\"\":{\"\":[[{}]]}}", true}};
  for_each_processor([&](const std::string& processor) {
    for (const auto& [fragment, is_valid] : fragments) {
      for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
               {R"({"unknown":)", "}"},
               {R"({"model":"m","unknown":[1,{"x":)", R"(}],"messages":[]})"},
               {R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","input":)", "}]}]}"},
               {R"({"tools":[{"input_schema":)", "}]}"}}) {
        const std::string body = before + fragment + after;
        EXPECT_EQ(reason_for(body), is_valid ? "understood" : "invalid_json") << body << " on " << processor;
      }
    }
  });
  for (const char* body : {"{}{}", "{} 1", "{}]", "{\"a\":1", "{\"a\":\"", "}", "{\"a\":1}}", "{} \"x", "{},"}) {
    EXPECT_EQ(reason_for(body), "invalid_json") << body;
  }
}

TEST(RequestScanner, every_cut_of_a_request_is_refused_and_only_the_whole_understood) {
  const std::string body = sample_body(1000);
  for (std::size_t size = 0; size < body.size(); ++size) {
    ASSERT_FALSE(scan_request(std::string_view(body).substr(0, size)).has_value()) << size;
  }
  EXPECT_TRUE(scan_request(body).has_value());
}

TEST(RequestScanner, limits_of_size_depth_and_parts_are_kept_exactly) {
  const auto scan = [](const std::string& body) {
    return reason_of(scan_request(body, {.body_bytes = 60, .depth = 10, .parts = 3}));
  };
  const std::string fits = R"({"x":")" + std::string(52, 'a') + "\"}";
  ASSERT_EQ(fits.size(), 60u);
  EXPECT_EQ(scan(fits), "understood");
  EXPECT_EQ(scan(fits + " "), "too_large");
  EXPECT_EQ(scan("{\"x\":" + nested("[", "", "]", 9) + "}"), "understood");
  EXPECT_EQ(scan("{\"x\":" + nested("[", "", "]", 10) + "}"), "too_deep");
  EXPECT_EQ(scan(R"({"messages":[{},{},{}]})"), "understood");
  EXPECT_EQ(scan(R"({"messages":[{},{},{},{}]})"), "too_many_parts");
  EXPECT_EQ(scan(R"({"messages":[{"content":[{},{},{}]}]})"), "too_many_parts");
  EXPECT_EQ(scan(R"({"tools":[{},{},{},{}]})"), "too_many_parts");
}

TEST(RequestScanner, any_depth_of_anything_is_bounded_and_cheap) {
  const std::string deep_blocks = nested(R"([{"type":"tool_result","content":)", "[]", "}]", 500);
  EXPECT_EQ(reason_for(R"({"messages":[{"role":"user","content":)" + deep_blocks + "}]}"), "understood");
  EXPECT_EQ(reason_for(nested("[", "", "]", 1'000'000)), "too_deep");
  EXPECT_EQ(reason_for(R"({"x":)" + nested("[", "", "", 1'000'000)), "too_deep");
  EXPECT_EQ(reason_for(R"({"messages":)" + nested("[", "", "", 1'000'000)), "unexpected_type");
  EXPECT_EQ(reason_for(R"({"x":)" + nested(R"({"cache_control":)", "1", "}", 1000) + "}"), "understood");
  EXPECT_EQ(reason_for(R"({"x":)" + nested(R"({"cache_control":)", "1", "}", 1024) + "}"), "too_deep");
}

TEST(RequestScanner, reads_no_byte_outside_the_body) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t room = 4 * page;
  char* memory = static_cast<char*>(mmap(nullptr, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + page, room, PROT_READ | PROT_WRITE), 0);
  std::string body = sample_body(1000);
  for (int i = 0; i < 130; ++i, body += ' ') {
    char* at_end = memory + page + room - body.size();
    std::memcpy(at_end, body.data(), body.size());
    EXPECT_TRUE(scan_request({at_end, body.size()}).has_value());
    char* at_start = memory + page;
    std::memcpy(at_start, body.data(), body.size());
    EXPECT_TRUE(scan_request({at_start, body.size()}).has_value());
    EXPECT_FALSE(scan_request({at_end, body.size() - static_cast<std::size_t>(i) - 1}).has_value());
  }
  munmap(memory, room + 2 * page);
}

std::string damaged(std::string body, std::mt19937& random) {
  constexpr std::string_view spice = "{}[]:,\"\\ 0truenl-1e.\n\x80u";
  for (auto edits = 1 + random() % 3; edits > 0; --edits) {
    const std::size_t at = random() % body.size();
    switch (random() % 5) {
      case 0:
        body[at] = spice[random() % spice.size()];
        break;
      case 1:
        body.erase(at, 1 + random() % 5);
        break;
      case 2:
        body.insert(at, 1, spice[random() % spice.size()]);
        break;
      case 3:
        body.insert(at, random() % 2 == 0 ? "\\ud83d" : "\\udc00");
        break;
      default:
        body.insert(at, body.substr(random() % body.size(), random() % 60));
        break;
    }
  }
  return body;
}

TEST(RequestScanner, thousands_of_damaged_requests_are_read_as_a_second_parser_reads_them) {
  const std::string sound = sample_body(1000);
  for_each_processor([&](const std::string& processor) {
    std::mt19937 random(11);  // NOLINT: the same damage every time
    int understood = 0;
    for (int round = 0; round < 1'500; ++round) {
      const std::string body = damaged(sound, random);
      understood += scan_request(body).has_value() ? 1 : 0;
      ASSERT_EQ(second_opinion::disagreement(body), "") << processor << ": " << body;
    }
    EXPECT_GT(understood, 75);
    EXPECT_LT(understood, 1'425);
  });
}

}  // namespace
}  // namespace distiq

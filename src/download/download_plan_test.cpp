#include "download/download_plan.h"

#include <gtest/gtest.h>

#include "download/progress_line.h"

namespace distiq {
namespace {

ResponseHead head(int status, std::initializer_list<std::pair<const char*, const char*>> fields = {}) {
  ResponseHead made;
  made.status = status;
  for (const auto& [name, value] : fields) made.headers.add(name, value);
  return made;
}

TEST(DownloadPlan, what_an_answer_is_good_for) {
  const auto use = [](const ResponseHead& answer, std::uint64_t have) { return plan_answer(answer, have).use; };
  EXPECT_EQ(use(head(200, {{"Content-Length", "10"}}), 0), AnswerUse::begin_anew);
  EXPECT_EQ(use(head(200), 5), AnswerUse::begin_anew)
      << "a server that knows no ranges, or another version of the file";
  EXPECT_EQ(use(head(206, {{"Content-Range", "bytes 5-9/10"}}), 5), AnswerUse::append);
  EXPECT_EQ(plan_answer(head(206, {{"Content-Range", "bytes 5-9/10"}}), 5).whole, 10u);
  EXPECT_EQ(plan_answer(head(206, {{"Content-Range", "bytes 5-9/*"}, {"Content-Length", "5"}}), 5).whole, 10u);
  EXPECT_EQ(use(head(206, {{"Content-Range", "bytes 0-9/10"}}), 5), AnswerUse::restart);
  EXPECT_EQ(use(head(206, {{"Content-Range", "bytes 0-9/10"}}), 0), AnswerUse::begin_anew);
  EXPECT_EQ(use(head(206), 5), AnswerUse::restart);
  EXPECT_EQ(use(head(206, {{"Content-Range", "pages 1-2/3"}}), 5), AnswerUse::restart);
  EXPECT_EQ(use(head(416, {{"Content-Range", "bytes */5"}}), 5), AnswerUse::complete);
  EXPECT_EQ(use(head(416, {{"Content-Range", "bytes */4"}}), 5), AnswerUse::restart);
  EXPECT_EQ(use(head(416), 0), AnswerUse::give_up);
  EXPECT_EQ(use(head(302), 0), AnswerUse::redirect);
  EXPECT_EQ(use(head(304), 0), AnswerUse::give_up);
  EXPECT_EQ(use(head(404), 0), AnswerUse::give_up);
  EXPECT_EQ(use(head(429), 0), AnswerUse::try_again);
  EXPECT_EQ(use(head(503), 0), AnswerUse::try_again);
}

TEST(DownloadPlan, addresses) {
  EXPECT_EQ(*read_address("https://a.example/x?y#z"), (WebAddress{true, "a.example", "443", "/x?y"}));
  EXPECT_EQ(*read_address("http://[::1]:8080"), (WebAddress{false, "::1", "8080", "/"}));
  for (const char* bad : {"ftp://a/", "https://", "https:///x", "https://u:p@a/", "https://a:0/", "https://a:99999/",
                          "https://a b/", "https://a/\r\nX: y", "//a/x", ""}) {
    EXPECT_FALSE(read_address(bad)) << bad;
  }
}

TEST(DownloadPlan, redirections_never_leave_tls) {
  const WebAddress from{true, "a.example", "443", "/old"};
  EXPECT_EQ(follow(from, "/new")->host, "a.example");
  EXPECT_EQ(follow(from, "/new")->target, "/new");
  EXPECT_EQ(follow(from, "//b.example/x")->host, "b.example");
  EXPECT_TRUE(follow(from, "//b.example/x")->tls);
  EXPECT_EQ(follow(from, "https://b.example/x")->host, "b.example");
  EXPECT_FALSE(follow(from, "http://b.example/x"));
  EXPECT_FALSE(follow(from, "file:///etc/passwd"));
  EXPECT_FALSE(follow(from, "relative"));
}

TEST(ProgressLine, says_how_far_and_how_long) {
  using std::chrono::seconds;
  EXPECT_EQ(progress_line(12'000'000, 25'000'000, 12'000'000, seconds(4), 200),
            "██████████████░░░░░░░░░░░░░░░░  48 %  12.0 of 25.0 MB  3.0 MB/s  4 s left");
  EXPECT_EQ(progress_line(5'000'000, 0, 5'000'000, seconds(1), 80), "5.0 MB  5.0 MB/s");
  EXPECT_EQ(progress_line(10, 10, 10, seconds(0), 20).find("left"), std::string::npos);
  EXPECT_NE(progress_line(1'000'000, 1'000'000'000, 1'000'000, seconds(1), 20).find("17 min left"), std::string::npos);
}

}  // namespace
}  // namespace distiq

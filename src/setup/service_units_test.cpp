#include "setup/service_units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace distiq {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ServiceUnits, systemd_listens_where_the_proxy_would_and_quotes_names) {
  const ServiceFacts facts{"/opt/my tools/50%/$x/distiq-code", "127.0.0.1", 11434, "/h/state dir", ""};
  EXPECT_THAT(systemd_socket(facts), HasSubstr("\nListenStream=127.0.0.1:11434\n"));
  const auto service = systemd_service(facts);
  EXPECT_THAT(service, HasSubstr("\nExecStart=\"/opt/my tools/50%%/$x/distiq-code\" start\n"));
  EXPECT_THAT(service, HasSubstr("\nEnvironment=\"DISTIQ_HOME=/h/state dir\"\n"));
  EXPECT_THAT(service, HasSubstr("\nRequires=distiq-code.socket\n"));
  EXPECT_THAT(service, HasSubstr("\nRestart=always\n"));
  EXPECT_THAT(systemd_service({"/x", "::1", 1, "", ""}), Not(HasSubstr("Environment")));
  EXPECT_THAT(systemd_socket({"/x", "::1", 80, "", ""}), HasSubstr("ListenStream=[::1]:80\n"));
}

TEST(ServiceUnits, a_program_that_systemd_would_not_take_is_started_by_a_shell) {
  EXPECT_THAT(systemd_service({"/a \"b\" $c\n/x", "::1", 1, "", ""}),
              HasSubstr(R"(ExecStart=/bin/sh -c "exec \"$$0\" \"$$@\"" "/a \"b\" $$c\x0a/x" start)"));
}

TEST(ServiceUnits, launchd_agent_is_escaped_and_its_comment_is_valid_xml) {
  const auto text = launchd_agent({"/a&b/<x>", "127.0.0.1", 8080, "/h&", "/h&/proxy.log"});
  EXPECT_THAT(text, HasSubstr("<string>/a&amp;b/&lt;x&gt;</string><string>start</string>"));
  EXPECT_THAT(text, HasSubstr("<string>/h&amp;</string>"));
  const auto comment = text.substr(text.find("<!--") + 4, text.find("-->") - text.find("<!--") - 4);
  EXPECT_THAT(comment, Not(HasSubstr("--")));
}

TEST(ServiceUnits, our_files_are_known_by_their_mark) {
  const ServiceFacts facts{"/x", "127.0.0.1", 1, "", ""};
  for (const auto& text : {systemd_socket(facts), systemd_service(facts), launchd_agent(facts)}) {
    EXPECT_TRUE(is_our_unit(text)) << text;
  }
  EXPECT_FALSE(is_our_unit("[Unit]\nDescription=mine\n"));
  EXPECT_FALSE(is_our_unit(""));
}

}  // namespace
}  // namespace distiq

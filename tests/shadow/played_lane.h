// Conversations of Claude Code's kind that grow by what the simulator answers: bodies with markers that move, texts
// that flip between string and list, tool loops, compactions. For tests; knows neither sim/ nor src/.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <random>
#include <string>

namespace shadow_test {

enum class Marks { claude_code, automatic, nested, none };

struct LanePlan {
  std::string model = "claude-opus-5-5";
  Marks marks = Marks::claude_code;
  std::string system_ttl;   // "", "1h"
  std::string message_ttl;  // "", "1h"; never longer than the system's
  int project = 0;          // lanes of one project share tools and system
  bool is_sub_agent = false;
  bool flips = true;  // single texts come as strings when they carry no marker
};

class PlayedLane {
 public:
  PlayedLane(LanePlan plan, std::uint32_t seed);

  const LanePlan& plan() const { return plan_; }
  std::uint32_t seed() const { return seed_; }
  bool is_in_loop() const { return in_loop_; }  // the last message holds tool results
  void say(const std::string& words);
  // Appends the answer to the conversation, and results to the calls in it.
  void take(const std::string& answer);
  void compact();

  // With other markers than planned where `marks` says so.
  std::string body(const std::string& model, Marks marks) const;
  std::string body() const { return body(plan_.model, plan_.marks); }
  std::size_t blocks() const;

 private:
  std::string text_of(std::size_t size);
  void answer_calls();

  LanePlan plan_;
  mutable std::mt19937 random_;
  std::uint32_t seed_;
  boost::json::array messages_;
  boost::json::array open_calls_;
  bool in_loop_ = false;
};

}  // namespace shadow_test

// Signatures of thinking blocks: made by the simulator, bound to model, account and everything before the block,
// checked when the block comes back. Signatures of anybody else (recordings) cannot be checked; they are accepted and
// counted. Pure, any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prompt/prompt.h"

namespace sim {

struct SignatureFields {
  std::string model;
  std::string account;
  std::int64_t tokens = 0;  // of the thinking itself, which the block may not show
  std::string shown;        // digest of the text the block shows
  std::string prefix;       // digest of everything before it
  std::string previous;     // tag of the thinking block before it by the same model; empty for the first
};

std::string make_signature(const SignatureFields& fields, std::string_view secret);
// nullopt: not ours. A signature of ours that was altered comes back with an empty model.
std::optional<SignatureFields> read_signature(std::string_view signature, std::string_view secret);

std::string signature_tag(std::string_view signature);
std::string shown_digest(std::string_view text);

// The binding chain over a prompt, then over blocks the answer adds to it. Thinking does not count.
class BindingChain {
 public:
  // Over the tools in any order, without deferred ones.
  explicit BindingChain(const Prompt& prompt);
  void add(const PromptBlock& block);
  void add(const boost::json::object& answer_block);
  std::string value() const { return to_hex(chain_, 16); }

 private:
  Digest chain_{};
};

enum class PrefixCheck { enforce, ignore };  // the account's age decides
enum class OnMismatch { reject, drop };      // thinking.block_binding

struct SignatureRules {
  std::string secret;
  std::string account;
  PrefixCheck prefix_check = PrefixCheck::enforce;
  OnMismatch on_mismatch = OnMismatch::reject;
  bool keep_all_turns = false;  // the request asks to keep older turns' thinking
};

struct SignatureReport {
  std::optional<std::string> error;  // the 400's message
  std::int64_t own = 0;
  std::int64_t foreign = 0;
  struct Drop {
    std::string path;
    std::string reason;  // "model", "account", "prefix"
  };
  std::vector<Drop> drops;
  std::string last_tag;  // of the last block by `model`, what the next one names as previous
};

// Checks every thinking block, marks those that do not reach the model as dropped, and puts the true size on the
// others.
SignatureReport check_signatures(Prompt& prompt, const Model& model, const SignatureRules& rules);

}  // namespace sim

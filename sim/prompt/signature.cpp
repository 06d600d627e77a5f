#include "prompt/signature.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <map>

#include "base/json_fields.h"

namespace sim {
namespace {

// What base64("sim1|") begins with; the last character depends on what follows.
constexpr std::string_view own_prefix = "c2ltMX";
constexpr std::size_t mac_bytes = 16;

std::string decode_base64(std::string_view in) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : in) {
    const auto v = alphabet.find(c);
    if (v == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    if ((count += 6) >= 8) out.push_back(static_cast<char>(bits >> (count -= 8) & 0xFF));
  }
  return out;
}

std::vector<std::string> split_fields(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const auto bar = text.find('|');
    out.emplace_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return out;
    text.remove_prefix(bar + 1);
  }
}

std::string payload_of(const SignatureFields& fields) {
  return "sim1|" + fields.model + "|" + fields.account + "|" + std::to_string(fields.tokens) + "|" + fields.shown +
         "|" + fields.prefix + "|" + fields.previous + "|";
}

std::string wrong_signature(const PromptBlock& block) {
  return block.path + ": Invalid `signature` in `thinking` block";
}

std::string bound_elsewhere(const PromptBlock& block) {
  return block.path +
         ": Invalid `signature` in `thinking` block. The block is bound to a different conversation: the system "
         "prompt, "
         "the tools or an earlier message differ from what was sent when it was produced.";
}

// Index of the first block of the last turn a human (or a notification) began.
std::size_t start_of_last_turn(const Prompt& prompt) {
  std::size_t start = 0;
  for (std::size_t i = 0; i < prompt.blocks.size(); ++i)
    if (prompt.blocks[i].human) start = i;
  return start;
}

class Checker {
 public:
  Checker(Prompt& prompt, const Model& model, const SignatureRules& rules)
      : prompt_(prompt), model_(model), rules_(rules), chain_(prompt), last_turn_(start_of_last_turn(prompt)) {}

  SignatureReport check() {
    for (std::size_t i = 0; i < prompt_.blocks.size() && !report_.error; ++i) {
      auto& block = prompt_.blocks[i];
      if (block.section == Section::tools) continue;
      if (block.thinking) check_block(block, i);
      chain_.add(block);
    }
    report_.last_tag = tags_[model_.id];
    return std::move(report_);
  }

 private:
  void check_block(PromptBlock& block, std::size_t index) {
    const auto fields = read_signature(block.thinking->signature, rules_.secret);
    if (!fields) {
      ++report_.foreign;
    } else {
      ++report_.own;
      check_own(block, *fields);
    }
    const bool kept = model_.keeps_all_thinking || rules_.keep_all_turns || index > last_turn_;
    if (!kept) block.dropped = true;
  }

  void check_own(PromptBlock& block, const SignatureFields& fields) {
    if (fields.model.empty() || fields.shown != shown_digest(block.thinking->model_text)) {
      report_.error = wrong_signature(block);
      return;
    }
    block.tokens = fields.tokens;
    auto& tag = tags_[fields.model];
    const bool in_sequence = tag.empty() || tag == fields.previous;  // dropping from the front is allowed, gaps are not
    tag = signature_tag(block.thinking->signature);
    if (!model_.reads_thinking_of(fields.model)) return drop(block, "model");
    if (fields.account != rules_.account && is_account_bound(fields.model)) return drop(block, "account");
    if (fields.prefix == chain_.value() && in_sequence) return;
    if (!binds_prefix()) return;
    if (rules_.on_mismatch == OnMismatch::drop) return drop(block, "prefix");
    report_.error = bound_elsewhere(block);
  }

  static bool is_account_bound(std::string_view model) {
    const auto* maker = ModelTable::builtin().find(model);
    return maker && maker->account_bound;
  }

  bool binds_prefix() const {
    return model_.prefix_binding == PrefixBinding::always ||
           (model_.prefix_binding == PrefixBinding::new_accounts && rules_.prefix_check == PrefixCheck::enforce);
  }

  void drop(PromptBlock& block, std::string reason) {
    block.dropped = true;
    report_.drops.push_back({block.path, std::move(reason)});
  }

  Prompt& prompt_;
  const Model& model_;
  const SignatureRules& rules_;
  BindingChain chain_;
  const std::size_t last_turn_;
  SignatureReport report_;
  std::map<std::string, std::string> tags_;  // by model: the block seen last
};

}  // namespace

std::string make_signature(const SignatureFields& fields, std::string_view secret) {
  const auto payload = payload_of(fields);
  return base64(payload + to_hex(hmac_sha256(secret, payload), mac_bytes));
}

std::optional<SignatureFields> read_signature(std::string_view signature, std::string_view secret) {
  if (!signature.starts_with(own_prefix)) return std::nullopt;
  const auto parts = split_fields(decode_base64(signature));
  SignatureFields fields;
  constexpr std::size_t part_count = 8;
  if (parts.size() != part_count || parts[0] != "sim1") return fields;
  fields = {parts[1], parts[2], 0, parts[4], parts[5], parts[6]};
  std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), fields.tokens);
  if (make_signature(fields, secret) != signature) fields.model.clear();
  return fields;
}

std::string signature_tag(std::string_view signature) {
  return to_hex(sha256(signature), 6);
}

std::string shown_digest(std::string_view text) {
  return to_hex(sha256(text), 8);
}

BindingChain::BindingChain(const Prompt& prompt) {
  std::vector<Digest> tools;
  for (const auto& block : prompt.blocks)
    if (block.section == Section::tools && !block.deferred) tools.push_back(block.binding);
  std::sort(tools.begin(), tools.end());
  for (const auto& tool : tools) chain_ = extend(chain_, as_bytes(tool));
}

void BindingChain::add(const PromptBlock& block) {
  if (block.section != Section::tools && !block.thinking) chain_ = extend(chain_, as_bytes(block.binding));
}

void BindingChain::add(const boost::json::object& answer_block) {
  const auto type = string_or_empty(answer_block, "type");
  if (type == "thinking" || type == "redacted_thinking") return;
  chain_ = extend(chain_, as_bytes(binding_of(answer_block, "assistant")));
}

SignatureReport check_signatures(Prompt& prompt, const Model& model, const SignatureRules& rules) {
  return Checker(prompt, model, rules).check();
}

}  // namespace sim

#include "direct_api.h"

#include "service/test_support.h"

namespace shadow_test {

struct DirectApi::State {
  sim::test::Api api;
  std::map<std::uint64_t, sim::Reply> waiting;
  std::uint64_t last = 0;
};

DirectApi::DirectApi() : state_(std::make_unique<State>()) {}
DirectApi::~DirectApi() = default;

Answered DirectApi::send(const std::string& key, const std::string& betas, const std::string& body) {
  state_->api.key = key;
  state_->api.betas = betas;
  auto reply = state_->api.start(body);
  Answered answered{.status = reply.status, .text = {}, .used = {}, .ticket = ++state_->last};
  for (const auto& piece : reply.pieces) answered.text += piece.bytes;
  if (reply.status == 200) {
    const auto usage = boost::json::parse(answered.text).at("usage").as_object();
    const auto count = [](const boost::json::object& from, const char* name) {
      return static_cast<std::uint64_t>(sim::test::number(from, name));
    };
    const auto& written = usage.at("cache_creation").as_object();
    answered.used = {.input = count(usage, "input_tokens"),
                     .read = count(usage, "cache_read_input_tokens"),
                     .write_5m = count(written, "ephemeral_5m_input_tokens"),
                     .write_1h = count(written, "ephemeral_1h_input_tokens"),
                     .output = count(usage, "output_tokens")};
    state_->waiting.emplace(answered.ticket, std::move(reply));
  }
  return answered;
}

void DirectApi::begin(std::uint64_t ticket) {
  const auto found = state_->waiting.find(ticket);
  if (found == state_->waiting.end()) return;
  sim::test::Api::finish(found->second);
  state_->waiting.erase(found);
}

void DirectApi::advance_ms(std::int64_t ms) {
  state_->api.clock.advance(ms);
}

}  // namespace shadow_test

#include "service/ledger.h"

#include <boost/json.hpp>
#include <numeric>

namespace sim {

std::int64_t cost_pico_usd(const Model& model, const Usage& usage, std::int64_t web_search_pico) {
  const auto& prices = usage.speed == "fast" && model.fast_prices ? *model.fast_prices : model.prices;
  const auto& prompt = usage.prompt;
  const auto prompt_tokens = prompt.input + prompt.read + prompt.written_5m + prompt.written_1h;
  auto tokens = prompt.input * prices.input + prompt.read * prices.cache_read + prompt.written_5m * prices.write_5m +
                prompt.written_1h * prices.write_1h + usage.output * prices.output;
  if (model.step_above > 0 && prompt_tokens > model.step_above) tokens *= model.step_factor;
  if (usage.geo == "us" && model.geo_priced) tokens = tokens * 11 / 10;
  return tokens + usage.web_searches * web_search_pico;
}

std::size_t Ledger::add(LedgerEntry entry) {
  entries_.push_back(std::move(entry));
  return first_ + entries_.size() - 1;
}

void Ledger::finish(std::size_t index, bool complete, std::int64_t output_tokens, const Model& model,
                    std::int64_t web_search_pico) {
  if (index < first_) return;  // cleared meanwhile
  auto& entry = entries_[index - first_];
  entry.complete = complete;
  entry.ended = true;
  entry.usage.output = output_tokens;
  entry.cost = entry.earlier_cost + cost_pico_usd(model, entry.usage, web_search_pico);
}

const LedgerEntry* Ledger::find(std::size_t index) const {
  return index < first_ ? nullptr : &entries_[index - first_];
}

std::int64_t Ledger::total_pico_usd() const {
  return std::accumulate(entries_.begin(), entries_.end(), std::int64_t{0},
                         [](std::int64_t sum, const LedgerEntry& entry) { return sum + entry.cost; });
}

void Ledger::clear() {
  first_ += entries_.size();
  entries_.clear();
}

boost::json::object to_json(const LedgerEntry& entry) {
  auto prompt = entry.usage.prompt;
  auto output = entry.usage.output;
  for (const auto& pass : entry.earlier) {
    prompt.input += pass.usage.prompt.input;
    prompt.read += pass.usage.prompt.read;
    prompt.written_5m += pass.usage.prompt.written_5m;
    prompt.written_1h += pass.usage.prompt.written_1h;
    output += pass.usage.output;
  }
  return {{"request_id", entry.request_id},
          {"message_id", entry.message_id},
          {"owner", entry.owner},
          {"model", entry.model},
          {"effort", entry.effort},
          {"lane", entry.lane},
          {"started_ms", entry.started},
          {"input_tokens", prompt.input},
          {"cache_read_input_tokens", prompt.read},
          {"ephemeral_5m_input_tokens", prompt.written_5m},
          {"ephemeral_1h_input_tokens", prompt.written_1h},
          {"output_tokens", output},
          {"passes", entry.earlier.size() + 1},
          {"web_search_requests", entry.usage.web_searches},
          {"speed", entry.usage.speed},
          {"inference_geo", entry.usage.geo},
          {"cost_pico_usd", entry.cost},
          {"streamed", entry.streamed},
          {"ended", entry.ended},
          {"complete", entry.complete}};
}

}  // namespace sim

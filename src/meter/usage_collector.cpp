#include "meter/usage_collector.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace distiq {
namespace {

namespace dom = simdjson::dom;

// One per thread: the parser's buffers grow to the largest event seen, which the splitter and the capture bound.
dom::parser& thread_parser() {
  thread_local dom::parser parser;
  return parser;
}

bool is_null_or_absent(simdjson::simdjson_result<dom::element> value) {
  return value.error() != simdjson::SUCCESS || value.value_unsafe().is_null();
}

// An object's members, walked through once; the parser's own look-up does so for every name.
class Members {
 public:
  explicit Members(dom::object object) : object_(object) {
    for (const dom::key_value_pair member : object) {
      if (size_ == table_.size()) return;
      table_[size_++] = {.name = member.key, .value = member.value};
    }
  }

  // The first of that name.
  simdjson::simdjson_result<dom::element> operator[](std::string_view name) const {
    for (const Member& member : all()) {
      if (member.name == name) return dom::element(member.value);
    }
    if (is_all()) return simdjson::NO_SUCH_FIELD;
    return object_[name];
  }

  struct Member {
    std::string_view name;
    dom::element value;
  };
  [[nodiscard]] std::span<const Member> all() const { return std::span(table_).first(size_); }
  // Whether all() is; of a larger object it is only the beginning.
  [[nodiscard]] bool is_all() const { return size_ < table_.size(); }

 private:
  dom::object object_;
  std::array<Member, 16> table_;  // answers have 8 to 12 members, their usage about as many
  std::size_t size_ = 0;
};

bool parse_object(std::string_view json, dom::object& root) {
  return thread_parser().parse(json.data(), json.size()).get_object().get(root) == simdjson::SUCCESS;
}

}  // namespace

struct UsageCollector::Reader {
  UsageCollector& to;

  void text(const Members& from, std::string_view key, std::string& target) const {
    std::string_view value;
    if (from[key].get_string().get(value) == simdjson::SUCCESS) target.assign(value.substr(0, kMaxTextBytes));
  }

  void count(const Members& from, std::string_view key, std::optional<std::uint64_t>& target) const {
    const auto value = from[key];
    if (is_null_or_absent(value)) return;
    std::uint64_t number = 0;
    if (value.get_uint64().get(number) == simdjson::SUCCESS && number <= kMaxCount) {
      target = number;
    } else {
      to.lost_ = true;
    }
  }

  void counts(const Members& usage, ReportedCounts& target) const {
    count(usage, "input_tokens", target.input);
    count(usage, "output_tokens", target.output);
    count(usage, "cache_read_input_tokens", target.cache_read);
    count(usage, "cache_creation_input_tokens", target.cache_write);
    dom::object part;
    if (usage["cache_creation"].get_object().get(part) == simdjson::SUCCESS) {
      const Members written(part);
      count(written, "ephemeral_5m_input_tokens", target.cache_write_5m);
      count(written, "ephemeral_1h_input_tokens", target.cache_write_1h);
    }
    if (usage["server_tool_use"].get_object().get(part) == simdjson::SUCCESS) {
      const Members used(part);
      count(used, "web_search_requests", target.web_searches);
      count(used, "web_fetch_requests", target.web_fetches);
      count(used, "code_execution_requests", target.code_executions);
    }
  }

  void iterations(dom::array list) const {
    std::vector<UsageIteration> read;
    for (const dom::element element : list) {
      dom::object object;
      if (element.get_object().get(object) != simdjson::SUCCESS || read.size() == kMaxIterations) {
        to.lost_ = true;
        break;
      }
      UsageIteration& iteration = read.emplace_back();
      const Members pass(object);
      text(pass, "type", iteration.type);
      text(pass, "model", iteration.model);
      ReportedCounts reported;
      counts(pass, reported);
      iteration.tokens = reported.to_usage();
    }
    to.report_->iterations = std::move(read);
  }

  void usage(const Members& from) const {
    const ReportedCounts before = to.counts_;
    counts(from, to.counts_);
    text(from, "service_tier", to.report_->service_tier);
    text(from, "speed", to.report_->speed);
    text(from, "inference_geo", to.report_->inference_geo);
    dom::array list;
    if (from["iterations"].get_array().get(list) == simdjson::SUCCESS) {
      iterations(list);
    } else if (!to.report_->iterations.empty() && to.counts_.to_usage() != before.to_usage()) {
      to.lost_ = true;  // the list that is billed is older than the counts
    }
    to.report_->seen = to.counts_.has_tokens() || !to.report_->iterations.empty();
  }

  void stop(const Members& from) const {
    text(from, "stop_reason", to.report_->stop_reason);
    dom::object details;
    if (from["stop_details"].get_object().get(details) == simdjson::SUCCESS) {
      text(Members(details), "category", to.report_->refusal_category);
    }
  }

  void message(const Members& from) const {
    text(from, "id", to.report_->message_id);
    text(from, "model", to.report_->model);
    stop(from);
    dom::object object;
    if (from["usage"].get_object().get(object) == simdjson::SUCCESS) usage(Members(object));
  }

  void error(const Members& from) const {
    dom::object object;
    if (from["error"].get_object().get(object) == simdjson::SUCCESS)
      text(Members(object), "type", to.report_->error_type);
    if (to.report_->error_type.empty()) to.report_->error_type = "error";
  }

  void answer(const Members& root) const {
    std::string_view type;
    if (root["type"].get_string().get(type) == simdjson::SUCCESS && type == "error") {
      error(root);
    } else {
      message(root);
    }
  }

  bool parse(std::string_view json, dom::object& root) const {
    if (parse_object(json, root)) return true;
    to.lost_ = true;
    return false;
  }
};

TokenUsage ReportedCounts::to_usage() const {
  const std::uint64_t short_lived = cache_write_5m.value_or(0);
  const std::uint64_t long_lived = cache_write_1h.value_or(0);
  // message_delta repeats the sum without its parts: the newest sum holds, the parts say how to split it.
  const std::uint64_t written = cache_write.value_or(short_lived + long_lived);
  const bool all_long = short_lived == 0 && long_lived > 0;
  const std::uint64_t written_1h = all_long ? written : std::min(long_lived, written);
  return {.input = input.value_or(0),
          .cache_read = cache_read.value_or(0),
          .cache_write_5m = written - written_1h,
          .cache_write_1h = written_1h,
          .output = output.value_or(0),
          .web_searches = web_searches.value_or(0),
          .web_fetches = web_fetches.value_or(0),
          .code_executions = code_executions.value_or(0)};
}

void UsageCollector::take_event(std::string_view name, std::string_view data) {
  const Reader reader{*this};
  const bool of_interest =
      name.empty() || name == "message_start" || name == "message_delta" || name == "message_stop" || name == "error";
  if (!of_interest) return;
  if (name == "message_stop") {
    stopped_ = true;
    return;
  }
  // Streams without event names exist; their many deltas are told apart without parsing them.
  if (name.empty() && data.starts_with(R"({"type":"content_block_)")) return;

  dom::object root;
  if (!reader.parse(data, root)) return;
  std::string_view type = name;
  if (name.empty() && root["type"].get_string().get(type) != simdjson::SUCCESS) return;
  dom::object part;
  if (type == "message_start") {
    if (root["message"].get_object().get(part) == simdjson::SUCCESS) reader.message(Members(part));
  } else if (type == "message_delta") {
    if (root["delta"].get_object().get(part) == simdjson::SUCCESS) reader.stop(Members(part));
    if (root["usage"].get_object().get(part) == simdjson::SUCCESS) reader.usage(Members(part));
  } else if (type == "message_stop") {
    stopped_ = true;
  } else if (type == "error") {
    reader.error(Members(root));
  }
}

void UsageCollector::take_answer(std::string_view members) {
  const Reader reader{*this};
  dom::object root;
  if (reader.parse(members, root)) reader.answer(Members(root));
}

bool UsageCollector::take_whole_answer(std::string_view json, std::span<const std::string_view> members) {
  // A letter of a name may be written so; JsonCapture takes names as they stand.
  if (json.find("\\u00") != std::string_view::npos) return false;
  dom::object object;
  if (!parse_object(json, object)) return false;
  const Members root(object);
  if (!root.is_all()) return false;
  // Of a repeated member the last one counts, but the first is found.
  std::uint32_t seen = 0;
  for (const auto& [name, value] : root.all()) {
    const auto it = std::ranges::find(members, name);
    if (it == members.end()) continue;
    const std::uint32_t bit = 1U << (it - members.begin());
    if ((seen & bit) != 0) return false;
    seen |= bit;
  }
  Reader{*this}.answer(root);
  return true;
}

std::unique_ptr<UsageReport> UsageCollector::take_report() {
  report_->total = counts_.to_usage();
  // message_start names the model that was asked for; after a server-side fallback this entry names the one that
  // answered.
  for (const UsageIteration& iteration : report_->iterations) {
    if (iteration.type == "fallback_message" && !iteration.model.empty()) report_->model = iteration.model;
  }
  return std::move(report_);
}

}  // namespace distiq

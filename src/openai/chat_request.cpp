#include "openai/chat_request.h"

#include <algorithm>
#include <array>

#include "base/effort.h"
#include "base/text.h"
#include "openai/chat_messages.h"
#include "openai/chat_tools.h"
#include "openai/json_writer.h"

namespace distiq {
namespace {

constexpr std::uint64_t max_tokens_of_unknown = 32'000;
constexpr std::size_t max_stop_sequences = 16;
constexpr std::size_t max_user_id = 256;  // the API's limit
constexpr std::string_view json_only_text = "Answer with one JSON object and nothing else: no prose, no code fence.";

// Fields that would change what the client gets: leaving them out in silence would be a wrong answer.
constexpr std::array<std::string_view, 2> refused_fields = {"audio", "web_search_options"};

class RequestTranslation {
 public:
  RequestTranslation(const JsonElement& request, const PriceTable& models, const ModelMap& map)
      : request_(request), models_(models), map_(map) {}

  ChatRequest run() {
    if (!request_.is_object()) refuse("", "The request must be a JSON object.");
    refuse_what_cannot_be();
    choose_model();
    const auto list = array_member(request_, "messages");
    if (!list) refuse("messages", "messages is required.");
    const std::string tools = translate_tools(request_);
    const ToolChoice choice = tool_choice(tools);
    const AnswerFormat format = translate_response_format(request_);
    if (!format.schema.empty() && !has(ModelFeature::structured_outputs)) {
      refuse("response_format", "This model has no structured outputs.");
    }
    ChatMessages messages = translate_messages(*list, model_ != nullptr && model_->has(ModelFeature::system_messages));
    if (messages.ends_with_assistant && !has(ModelFeature::prefill)) {
      refuse("messages", "The last message must be of the user or a tool for this model.");
    }
    result_.json_object = format.json_only;
    if (format.json_only) messages.system.emplace_back(json_only_text);

    // tools, system and messages stand in the order in which the prompt cache reads them; what varies comes behind.
    out_.open('{').member("model", result_.model);
    if (!tools.empty()) out_.key("tools").raw(tools);
    write_system(messages.system);
    out_.key("messages").raw(messages.messages);
    if (!choice.json.empty()) out_.key("tool_choice").raw(choice.json);
    write_limits();
    write_sampling();
    write_effort(format.schema);
    write_user();
    write_stream();
    out_.close('}');
    result_.has_tools = !tools.empty();
    result_.body = out_.take();
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool has(ModelFeature feature) const { return model_ == nullptr || model_->has(feature); }
  void note(std::string text) { result_.notes.push_back(std::move(text)); }

  void refuse_what_cannot_be() {
    for (const std::string_view field : refused_fields) {
      if (member(request_, field)) refuse(std::string(field), std::string(field) + " is not supported.");
    }
    simdjson::dom::object biases;
    const auto bias = member(request_, "logit_bias");
    if (bias && (bias->get(biases) != simdjson::SUCCESS || biases.size() > 0)) {
      refuse("logit_bias", "logit_bias is not supported.");
    }
    const auto call = member(request_, "function_call");
    if (call && !call->is_string()) refuse("function_call", "Functions are not supported here; use tools.");
    if (const auto n = whole("n"); n && *n != 1) refuse("n", "n must be 1.");
    if (bool_member(request_, "logprobs", false)) refuse("logprobs", "logprobs are not available.");
    if (const auto modalities = array_member(request_, "modalities")) {
      for (const JsonElement modality : *modalities) {
        if (text_of(modality, "modalities") != "text") refuse("modalities", "Only text can be answered.");
      }
    }
  }

  std::optional<std::uint64_t> whole(std::string_view key) {
    const auto value = member(request_, key);
    if (!value) return std::nullopt;
    std::uint64_t number = 0;
    if (value->get(number) != simdjson::SUCCESS)
      refuse(std::string(key), std::string(key) + " must be a whole number.");
    return number;
  }

  std::optional<double> fraction(std::string_view key, double most) {
    const auto value = member(request_, key);
    if (!value) return std::nullopt;
    double number = 0;
    const bool is_number = value->is_number() && value->get(number) == simdjson::SUCCESS;
    if (!is_number || number < 0 || number > most) {
      refuse(std::string(key),
             std::string(key) + " must be a number from 0 to " + std::to_string(static_cast<int>(most)) + ".");
    }
    return number;
  }

  void choose_model() {
    const auto name = text_member(request_, "model");
    if (!name) refuse("model", "model is required.");
    const auto resolved = resolve_model(*name, models_, map_);
    if (!resolved) {
      throw ChatRefusal{{.status = 404,
                         .type = "invalid_request_error",
                         .message = "The model is neither one of Claude nor in OPENAI_MODEL_MAP.",
                         .param = "model",
                         .code = "model_not_found"}};
    }
    result_.model = resolved->id;
    model_ = resolved->info;
  }

  // May choose another model: the newest ones cannot be forced to call a tool.
  ToolChoice tool_choice(const std::string& tools) {
    if (tools.empty()) {
      const auto choice = member(request_, "tool_choice");
      const bool harmless = !choice || (choice->is_string() && text_of(*choice, "tool_choice") != "required");
      if (!harmless) refuse("tool_choice", "tool_choice needs tools.");
      return {};
    }
    ToolChoice choice = translate_tool_choice(request_);
    if (!choice.forced || has(ModelFeature::forced_tool_choice)) return choice;
    const ModelInfo* other = model_for_forced_tools(*model_, models_);
    if (other == nullptr) refuse("tool_choice", "This model cannot be forced to call a tool; use auto.");
    note("model " + other->id + ": " + model_->id + " cannot be forced to call a tool");
    result_.model = other->id;
    model_ = other;
    return choice;
  }

  void write_system(const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    out_.key("system").open('[');
    for (const std::string& text : texts) out_.open('{').member("type", "text").member("text", text).close('}');
    out_.close(']');
  }

  void write_limits() {
    auto wanted = whole("max_completion_tokens");
    if (!wanted) wanted = whole("max_tokens");
    if (wanted && *wanted == 0) refuse("max_completion_tokens", "max_completion_tokens must be at least 1.");
    const std::uint64_t most = model_ == nullptr ? max_tokens_of_unknown : model_->max_output_tokens;
    std::uint64_t limit = wanted.value_or(most);
    if (model_ != nullptr && limit > most) {
      note("max_tokens " + std::to_string(most) + ": the model's most");
      limit = most;
    }
    out_.key("max_tokens").number(static_cast<std::int64_t>(std::min<std::uint64_t>(limit, 1u << 30)));
    write_stop();
  }

  void write_stop() {
    const auto stop = member(request_, "stop");
    if (!stop) return;
    std::vector<std::string_view> sequences;
    if (stop->is_string()) {
      sequences.push_back(text_of(*stop, "stop"));
    } else {
      const simdjson::dom::array list = *array_member(request_, "stop");
      for (const JsonElement sequence : list) sequences.push_back(text_of(sequence, "stop"));
    }
    const std::size_t given = sequences.size();
    std::erase_if(sequences, is_blank);
    if (sequences.size() != given) note("stop: blank sequences left out");
    if (sequences.size() > max_stop_sequences) refuse("stop", "There may be at most 16 stop sequences.");
    if (sequences.empty()) return;
    out_.key("stop_sequences").open('[');
    for (const std::string_view sequence : sequences) out_.string(sequence);
    out_.close(']');
  }

  // The API's default is 1 for both. Newer models refuse any other value, older ones both at a time.
  void write_sampling() {
    auto temperature = fraction("temperature", 2);
    auto top_p = fraction("top_p", 1);
    if (temperature && *temperature == 1) temperature.reset();
    if (top_p && *top_p == 1) top_p.reset();
    const bool takes_it = model_ != nullptr && model_->has(ModelFeature::sampling);
    if (temperature && !takes_it) note("temperature left out: the model does not take it");
    if (top_p && (!takes_it || temperature)) {
      note(takes_it ? "top_p left out: not beside temperature" : "top_p left out: the model does not take it");
    }
    if (!takes_it) return;
    if (temperature && *temperature > 1) note("temperature 1: the most there is");
    if (temperature) {
      if (*temperature < 1) out_.key("temperature").raw(simdjson::minify(*member(request_, "temperature")));
    } else if (top_p) {
      out_.key("top_p").raw(simdjson::minify(*member(request_, "top_p")));
    }
  }

  void write_effort(const std::string& schema) {
    const auto asked = text_member(request_, "reasoning_effort");
    if (asked) result_.effort = effort_for(*asked);
    if (asked && *asked == "none" && model_ != nullptr && model_->accepts_thinking("disabled")) {
      out_.key("thinking").raw(R"({"type":"disabled"})");
    }
    if (result_.effort.empty() && schema.empty()) return;
    out_.key("output_config").open('{');
    if (!result_.effort.empty()) out_.member("effort", result_.effort);
    if (!schema.empty()) out_.key("format").raw(schema);
    out_.close('}');
  }

  // The asked level, else the next lower one that the model has.
  std::string effort_for(std::string_view asked) {
    const std::string_view wanted = asked == "none" || asked == "minimal" ? "low" : asked;
    auto level = std::ranges::find(effort_levels, wanted);
    if (level == effort_levels.end()) {
      refuse("reasoning_effort", "reasoning_effort must be none, minimal, low, medium, high, xhigh or max.");
    }
    if (model_ == nullptr) return std::string(wanted);
    while (!model_->accepts_effort(*level)) {
      if (level == effort_levels.begin()) {
        note("reasoning_effort left out: the model has none");
        return {};
      }
      --level;
    }
    if (*level != wanted) note("reasoning_effort " + std::string(*level) + ": the model's next lower one");
    return std::string(*level);
  }

  void write_user() {
    const auto user = text_member(request_, "user");
    // A JSON object there would pass for Claude Code's own account and session.
    if (!user || user->empty() || user->size() > max_user_id || user->starts_with('{')) return;
    out_.key("metadata").open('{').member("user_id", *user).close('}');
  }

  void write_stream() {
    result_.stream = bool_member(request_, "stream", false);
    if (const auto options = member(request_, "stream_options")) {
      result_.include_usage = bool_member(*options, "include_usage", false);
    }
    if (result_.stream) out_.key("stream").boolean(true);
  }

  const JsonElement request_;
  const PriceTable& models_;
  const ModelMap& map_;
  const ModelInfo* model_ = nullptr;  // null: a Claude model that the table does not list
  ChatRequest result_;
  JsonWriter out_;
};

}  // namespace

std::expected<ChatRequest, ChatError> translate_chat_request(std::string_view body, const PriceTable& models,
                                                             const ModelMap& map) {
  try {
    simdjson::dom::parser parser;
    JsonElement request;
    if (body.empty() || parser.parse(body.data(), body.size()).get(request) != simdjson::SUCCESS) {
      refuse("", "The request body is not valid JSON.");
    }
    return RequestTranslation(request, models, map).run();
  } catch (ChatRefusal& refusal) {
    return std::unexpected(std::move(refusal.error));
  }
}

}  // namespace distiq

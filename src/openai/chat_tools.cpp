#include "openai/chat_tools.h"

#include "openai/json_writer.h"

namespace distiq {
namespace {

void write_tool(JsonWriter& out, const JsonElement& tool, const std::string& where) {
  if (text_member(tool, "type", where).value_or("function") != "function") {
    refuse(where + ".type", "Only tools of type function are supported.");
  }
  const auto function = member(tool, "function");
  const auto name = function ? text_member(*function, "name", where + ".function") : std::nullopt;
  if (!name) refuse(where + ".function.name", "A tool must have a name.");
  out.open('{').member("name", *name);
  if (const auto description = text_member(*function, "description", where + ".function")) {
    out.member("description", *description);
  }
  out.key("input_schema");
  const auto parameters = member(*function, "parameters");
  if (parameters && !parameters->is_object()) refuse(where + ".function.parameters", "parameters must be an object.");
  const bool has_type = parameters && member(*parameters, "type");
  if (parameters && has_type) {
    out.raw(simdjson::minify(*parameters));
  } else {
    out.raw(R"({"type":"object","properties":{}})");
  }
  out.close('}');
}

// The API wants every object closed, also those that OpenAI's non-strict mode leaves open.
void write_schema(JsonWriter& out, const JsonElement& schema) {
  simdjson::dom::array list;
  simdjson::dom::object object;
  if (schema.get(list) == simdjson::SUCCESS) {
    out.open('[');
    for (const JsonElement entry : list) write_schema(out, entry);
    out.close(']');
  } else if (schema.get(object) == simdjson::SUCCESS) {
    std::string_view type;
    const bool is_object = schema["type"].get(type) == simdjson::SUCCESS && type == "object";
    out.open('{');
    for (const auto field : object) {
      if (is_object && field.key == "additionalProperties") continue;
      out.key(field.key);
      write_schema(out, field.value);
    }
    if (is_object) out.key("additionalProperties").boolean(false);
    out.close('}');
  } else {
    out.raw(simdjson::minify(schema));
  }
}

}  // namespace

std::string translate_tools(const JsonElement& request) {
  if (const auto functions = array_member(request, "functions"); functions && functions->size() > 0) {
    refuse("functions", "Functions are not supported here; use tools.");
  }
  const auto tools = array_member(request, "tools");
  if (!tools || tools->size() == 0) return {};
  JsonWriter out;
  out.open('[');
  std::size_t i = 0;
  for (const JsonElement tool : *tools) write_tool(out, tool, "tools." + std::to_string(i++));
  out.close(']');
  return out.take();
}

ToolChoice translate_tool_choice(const JsonElement& request) {
  const bool one_at_a_time = !bool_member(request, "parallel_tool_calls", true);
  const auto choice = member(request, "tool_choice");
  std::string_view type = "auto";
  std::string_view name;
  if (choice && choice->is_string()) {
    const std::string_view word = text_of(*choice, "tool_choice");
    if (word != "auto" && word != "none" && word != "required") {
      refuse("tool_choice", "tool_choice must be none, auto, required or name a function.");
    }
    type = word == "required" ? "any" : word;
  } else if (choice) {
    const auto function = member(*choice, "function");
    const auto chosen = function ? text_member(*function, "name", "tool_choice.function") : std::nullopt;
    if (!chosen) refuse("tool_choice", "tool_choice must be none, auto, required or name a function.");
    type = "tool";
    name = *chosen;
  } else if (!one_at_a_time) {
    return {};
  }
  JsonWriter out;
  out.open('{').member("type", type);
  if (!name.empty()) out.member("name", name);
  if (one_at_a_time && type != "none") out.key("disable_parallel_tool_use").boolean(true);
  out.close('}');
  return {out.take(), type == "any" || type == "tool"};
}

AnswerFormat translate_response_format(const JsonElement& request) {
  const auto format = member(request, "response_format");
  if (!format) return {};
  const std::string_view type = text_member(*format, "type", "response_format").value_or("");
  if (type == "text") return {};
  if (type == "json_object") return {.schema = {}, .json_only = true};
  const auto wrapped = type == "json_schema" ? member(*format, "json_schema") : std::nullopt;
  const auto schema = wrapped ? member(*wrapped, "schema") : std::nullopt;
  if (!schema || !schema->is_object()) {
    refuse("response_format", "response_format must be of type text, json_object, or json_schema with a schema.");
  }
  JsonWriter out;
  out.open('{').member("type", "json_schema").key("schema");
  write_schema(out, *schema);
  out.close('}');
  return {.schema = out.take(), .json_only = false};
}

}  // namespace distiq

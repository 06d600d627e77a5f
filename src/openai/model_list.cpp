#include "openai/model_list.h"

#include "openai/chat_error.h"
#include "openai/json_writer.h"

namespace distiq {
namespace {

constexpr std::string_view list_path = "/v1/models";

void write_model(JsonWriter& out, std::string_view id) {
  // The table knows no times of creation to the second; the field must be a number.
  out.open('{').member("id", id).member("object", "model").key("created").number(0).member("owned_by", "anthropic");
  out.close('}');
}

}  // namespace

bool asks_openai_models(const RequestHead& head) {
  if (head.method != "GET" && head.method != "HEAD") return false;
  const std::string_view path = head.path();
  if (path != list_path && !(path.starts_with(list_path) && path.substr(list_path.size()).starts_with('/')))
    return false;
  return !head.headers.has("anthropic-version");
}

ModelListAnswer openai_models(const RequestHead& head, const PriceTable& models) {
  JsonWriter out;
  if (head.path() == list_path) {
    out.open('{').member("object", "list").key("data").open('[');
    for (const ModelInfo& model : models.models()) {
      if (!model.retired) write_model(out, model.id);
    }
    out.close(']').close('}');
    return {200, out.take()};
  }
  const std::string_view name = head.path().substr(list_path.size() + 1);
  const ModelInfo* model = models.find(name);
  if (model == nullptr) {
    return {404, chat_error_body({.status = 404,
                                  .type = "invalid_request_error",
                                  .message = "The model does not exist.",
                                  .param = "model",
                                  .code = "model_not_found"})};
  }
  write_model(out, model->id);
  return {200, out.take()};
}

}  // namespace distiq

#include "message/error_body.h"

#include "base/text.h"

namespace distiq {
namespace {

std::string_view general_sentence(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::client_fault:
      return "The request could not be understood.";
    case ErrorKind::forbidden:
      return "The proxy refuses this request.";
    case ErrorKind::too_large:
      return "The request is larger than the proxy's limit.";
    case ErrorKind::header_too_large:
      return "The request's header is larger than the proxy's limit.";
    case ErrorKind::overloaded:
      return "The proxy is at its limits. Please try again.";
    case ErrorKind::upstream_unreachable:
      return "The API could not be reached from the proxy.";
    case ErrorKind::upstream_timeout:
      return "The API did not answer in time.";
    case ErrorKind::upstream_broke:
      return "The connection to the API broke before an answer came.";
    case ErrorKind::client_gone:
      return "The client closed the connection.";
    case ErrorKind::cancelled:
      return "The proxy is shutting down.";
    case ErrorKind::store_unavailable:
      return "The proxy's statistics are not available.";
    case ErrorKind::bad_config:
      return "The proxy is not configured correctly.";
    case ErrorKind::internal:
      return "The proxy failed. This is a bug in the proxy, not in your request.";
  }
  return "The proxy failed.";
}

std::string_view russian_sentence(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::client_fault:
      return "Запрос не удалось разобрать.";
    case ErrorKind::forbidden:
      return "Прокси отклоняет этот запрос.";
    case ErrorKind::too_large:
      return "Запрос больше, чем допускает прокси.";
    case ErrorKind::header_too_large:
      return "Заголовки запроса больше, чем допускает прокси.";
    case ErrorKind::overloaded:
      return "Прокси загружен до предела. Попробуйте ещё раз.";
    case ErrorKind::upstream_unreachable:
      return "Прокси не смог связаться с API.";
    case ErrorKind::upstream_timeout:
      return "API не ответил вовремя.";
    case ErrorKind::upstream_broke:
      return "Соединение с API оборвалось раньше, чем пришёл ответ.";
    case ErrorKind::client_gone:
      return "Клиент закрыл соединение.";
    case ErrorKind::cancelled:
      return "Прокси завершает работу.";
    case ErrorKind::store_unavailable:
      return "Статистика прокси недоступна.";
    case ErrorKind::bad_config:
      return "Прокси настроен неверно.";
    case ErrorKind::internal:
      return "В прокси произошёл сбой. Это ошибка прокси, а не вашего запроса.";
  }
  return "В прокси произошёл сбой.";
}

std::string sentence(const Error& error, ErrorLanguage language) {
  if (language == ErrorLanguage::english) {
    return std::string(error.client_text.empty() ? general_sentence(error.kind) : std::string_view(error.client_text));
  }
  std::string text(russian_sentence(error.kind));
  if (!error.client_text.empty()) text.append(" (").append(error.client_text).append(")");
  return text;
}

}  // namespace

ErrorStatus error_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::client_fault:
      return {400, "invalid_request_error"};
    case ErrorKind::forbidden:
      return {403, "permission_error"};
    case ErrorKind::too_large:
      return {413, "request_too_large"};
    case ErrorKind::header_too_large:
      return {431, "request_too_large"};
    case ErrorKind::overloaded:
      return {529, "overloaded_error"};
    case ErrorKind::upstream_unreachable:
      return {502, "api_error"};
    case ErrorKind::upstream_timeout:
      return {504, "api_error"};
    case ErrorKind::upstream_broke:
      return {502, "api_error"};
    case ErrorKind::client_gone:
      return {499, "api_error"};
    case ErrorKind::cancelled:
      return {503, "api_error"};
    case ErrorKind::store_unavailable:
      return {500, "api_error"};
    case ErrorKind::bad_config:
      return {500, "api_error"};
    case ErrorKind::internal:
      return {500, "api_error"};
  }
  return {500, "api_error"};
}

std::string error_body(const Error& error, std::string_view request_id, ErrorLanguage language) {
  std::string body = R"({"type":"error","error":{"type":")";
  body += error_status(error.kind).error_type;
  body += R"(","message":)";
  append_json_string(body, sentence(error, language));
  body += R"(},"request_id":)";
  append_json_string(body, request_id);
  body += '}';
  return body;
}

}  // namespace distiq

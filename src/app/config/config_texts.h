// What `load_config` says to people, in both languages, and the help it gives with names. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/phrase.h"

namespace distiq {

// The sentences of config.cpp; the texts are fmt formats.
namespace config_text {
inline constexpr Phrase not_usable = {"{}{} from {} is not usable: allowed is {}.",
                                      "{}{} ({}): такое значение не подходит. Допустимо: {}."};
inline constexpr Phrase foreign = {"{}={} from {} is ignored: it seems to be meant for another program.",
                                   "{}={} ({}) не учитывается: похоже, это для другой программы."};
inline constexpr Phrase no_default = {"{0} has no default here because HOME is not set: please set {0}.",
                                      "У {0} здесь нет значения по умолчанию: не задан HOME. Задайте {0}."};
inline constexpr Phrase unknown = {"{} in {} is not a setting of distiq-code.{}", "{} ({}): такой настройки нет.{}"};
inline constexpr Phrase did_you_mean = {" Did you mean {}?", " Может быть, {}?"};
inline constexpr Phrase wrong_place = {
    "{} in {} is ignored: it counts only in the environment or on the command line.",
    "{} ({}) не учитывается: эта настройка берётся только из окружения и командной строки."};
inline constexpr Phrase readable_secret = {"{} holds a secret and can be read by others: chmod 600 it.",
                                           "{} содержит секрет и доступен другим: выполните chmod 600."};
inline constexpr Phrase unreadable_file = {"The settings file cannot be read: {}.",
                                           "Файл настроек не удаётся прочитать: {}."};
inline constexpr Phrase broken_file = {"In {} {}.", "Ошибка в {}: {}."};
inline constexpr Phrase test_clock = {
    "DISTIQ_TEST_CLOCK=1: THE CLOCK OF THIS PROXY CAN BE MOVED. For tests only, never for work.",
    "DISTIQ_TEST_CLOCK=1: ЧАСЫ ЭТОГО ПРОКСИ МОЖНО ПЕРЕВОДИТЬ. Только для тестов, не для работы."};
inline constexpr Phrase missing_file = {"{} names {}, which is not there.", "{}: файла {} нет."};
inline constexpr Phrase short_token = {"PROXY_TOKEN is short: take {} characters or more.",
                                       "PROXY_TOKEN слишком короткий: нужно {} символов или больше."};
inline constexpr Phrase ends_with_v1 = {"ANTHROPIC_API_BASE ends with /v1, which requests already begin with.",
                                        "ANTHROPIC_API_BASE оканчивается на /v1, а с этого уже начинаются запросы."};
inline constexpr Phrase not_in_build = {"{} is accepted, but its feature is not in this build.",
                                        "{}: значение принято, но этой возможности в сборке нет."};
inline constexpr Phrase needs_token = {
    "PROXY_HOST={} can be reached by others and PROXY_TOKEN is empty: set PROXY_TOKEN, or PROXY_HOST to 127.0.0.1.",
    "PROXY_HOST={} доступен другим, а PROXY_TOKEN пуст: задайте PROXY_TOKEN или PROXY_HOST=127.0.0.1."};
inline constexpr Phrase upstream_is_us = {
    "ANTHROPIC_API_BASE={} is this proxy itself: requests would go round for ever.",
    "ANTHROPIC_API_BASE={} — это сам прокси: запросы ходили бы по кругу."};
inline constexpr Phrase proxy_is_us = {
    "{} is this proxy itself: leave it out, or name the host of ANTHROPIC_API_BASE in NO_PROXY.",
    "{} — это сам прокси: уберите его или назовите хост из ANTHROPIC_API_BASE в NO_PROXY."};
inline constexpr Phrase collector_is_us = {"OTLP_ENDPOINT={} is this proxy itself: it takes no traces.",
                                           "OTLP_ENDPOINT={} — это сам прокси: трассы он не принимает."};
inline constexpr Phrase headers_for_nobody = {"OTLP_HEADERS is set and OTLP_ENDPOINT is not: no traces are sent.",
                                              "OTLP_HEADERS задан, а OTLP_ENDPOINT нет: трассы не отправляются."};
inline constexpr Phrase small_budget = {
    "MAX_BUFFERED_BYTES is below MAX_BODY_BYTES: one allowed body would not fit into it.",
    "MAX_BUFFERED_BYTES меньше MAX_BODY_BYTES: одно допустимое тело в него не поместится."};
inline constexpr Phrase no_such_setting = {"There is no setting {}.{}", "Настройки {} нет.{}"};
inline constexpr Phrase secret_on_command_line = {
    "{} is a secret: other users of this machine can see the command line. Set it in the environment or in a file.",
    "{} — это секрет, а командную строку видят другие пользователи этой машины. Задайте его в окружении или в файле."};

inline constexpr Phrase from_command_line = {"the command line", "командная строка"};
// Under the setting's own name, which the sentence has said already; and under another.
inline constexpr Phrase from_own_variable = {"the environment", "окружение"};
inline constexpr Phrase from_environment = {"the environment ({})", "окружение ({})"};
inline constexpr Phrase from_file = {"{} line {}", "{}, строка {}"};
inline constexpr Phrase from_default = {"default", "по умолчанию"};
}  // namespace config_text

// SettingSpec::range in the language; an unknown text is returned as it is.
[[nodiscard]] std::string_view range_text(std::string_view range, Language language);

// " Did you mean PROXY_PORT?" for a name that nearly is one, "" for any other. `name` may have our prefix and any case.
[[nodiscard]] std::string suggestion(std::string_view name, Language language);

}  // namespace distiq

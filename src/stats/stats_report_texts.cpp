#include "stats/stats_report_texts.h"

#include <array>
#include <span>

namespace distiq {
namespace {

constexpr ReportTexts english = {
    .title = "statistics",
    .today = "today",
    .week = "last 7 days",
    .month = "last 30 days",
    .all = "all time",
    .nothing_yet = "No requests in this period.",
    .requests = "requests",
    .errors = "errors",
    .client_gone = "stopped by the client",
    .incomplete = "metered only in part",
    .estimated = "price estimated",
    .duplicates = "repeats, not billed",
    .apart = "not counted:",
    .other_paths = "other paths, passed through",
    .refused = "refused by the proxy",
    .cache_hits = "cache hits",
    .tokens_in = "tokens in",
    .from_prompt_cache = "read from the prompt cache",
    .into_prompt_cache = "written to the prompt cache",
    .into_it = "written to it",
    .tokens_out = "tokens out",
    .web_searches = "web searches",
    .cost = "cost",
    .list_price = "list-price equivalent: a subscription pays no dollars",
    .partly_list_price = "of it list-price equivalent of a subscription",
    .counterfactual = "without proxy",
    .saved = "saved",
    .restored = "restored",
    .restored_note = "repairs what a custom base URL costs; not a saving",
    .by_routing = "  by routing",
    .by_markers = "  by cache markers",
    .by_ttl = "  by cache lifetime",
    .by_effort = "  by effort",
    .moved = "requests served by a cheaper model",
    .healed = "edits taken back",
    .discarded = "answers thrown away, part of the cost",
    .saved_per_day = "saved per day",
    .average_time = "average time",
    .seconds = "s",
    .milliseconds = "ms",
    .by_model = "model",
    .by_class = "kind of work",
    .by_day = "day",
    .no_model = "(no model)",
    .column_in = "in",
    .column_out = "out",
    .column_cached = "cached",
    .column_cost = "cost",
    .column_saved = "saved",
    .limits_of = "limits of account",
    .measured = "measured",
    .five_hours = "5 hours",
    .seven_days = "7 days",
    .status = "status",
    .resets = "resets",
    .since_reset = "was reset since",
    .limit_left = "left",
    .limit_requests = "requests",
    .limit_tokens = "tokens",
    .limit_input = "input tokens",
    .limit_output = "output tokens",
    .complete = "Nothing is missing.",
    .gaps = "MISSING RECORDS",
    .lost = "lost",
    .may_be_missing = "the last moments may be missing",
};

constexpr ReportTexts russian = {
    .title = "статистика",
    .today = "сегодня",
    .week = "последние 7 дней",
    .month = "последние 30 дней",
    .all = "за всё время",
    .nothing_yet = "За этот период запросов не было.",
    .requests = "запросы",
    .errors = "ошибки",
    .client_gone = "прерваны клиентом",
    .incomplete = "учтены не полностью",
    .estimated = "цена приблизительна",
    .duplicates = "повторы, без оплаты",
    .apart = "сверх того:",
    .other_paths = "другие пути, переданы как есть",
    .refused = "отклонены прокси",
    .cache_hits = "ответы из кэша",
    .tokens_in = "токены на входе",
    .from_prompt_cache = "прочитано из кэша промптов",
    .into_prompt_cache = "записано в кэш промптов",
    .into_it = "записано в него",
    .tokens_out = "токены на выходе",
    .web_searches = "веб-поиск",
    .cost = "стоимость",
    .list_price = "по прайс-листу: за подписку долларами не платят",
    .partly_list_price = "из них подписка, по прайс-листу",
    .counterfactual = "без прокси",
    .saved = "экономия",
    .restored = "восстановлено",
    .restored_note = "возмещает потери от смены адреса API; не экономия",
    .by_routing = "  маршрутизация",
    .by_markers = "  метки кэша",
    .by_ttl = "  срок кэша",
    .by_effort = "  усилие",
    .moved = "запросов обслужила модель дешевле",
    .healed = "правок отменено",
    .discarded = "выброшенные ответы, часть стоимости",
    .saved_per_day = "экономия по дням",
    .average_time = "среднее время",
    .seconds = "с",
    .milliseconds = "мс",
    .by_model = "модель",
    .by_class = "вид работы",
    .by_day = "день",
    .no_model = "(без модели)",
    .column_in = "вход",
    .column_out = "выход",
    .column_cached = "из кэша",
    .column_cost = "стоимость",
    .column_saved = "экономия",
    .limits_of = "лимиты аккаунта",
    .measured = "измерено",
    .five_hours = "5 часов",
    .seven_days = "7 дней",
    .status = "статус",
    .resets = "сброс",
    .since_reset = "с тех пор был сброс",
    .limit_left = "осталось",
    .limit_requests = "запросы",
    .limit_tokens = "токены",
    .limit_input = "токены на входе",
    .limit_output = "токены на выходе",
    .complete = "Ничего не пропущено.",
    .gaps = "ПРОПУЩЕННЫЕ ЗАПИСИ",
    .lost = "потеряно",
    .may_be_missing = "могут отсутствовать последние мгновения",
};

// In the order of RequestClass.
constexpr std::array<std::string_view, 8> english_classes = {"main conversation", "sub-agents",  "titles and summaries",
                                                             "compaction",        "web helpers", "classifier",
                                                             "token counting",    "other"};
constexpr std::array<std::string_view, 8> russian_classes = {"основной диалог", "субагенты",     "заголовки и сводки",
                                                             "сжатие диалога",  "веб-помощники", "классификатор",
                                                             "подсчёт токенов", "прочее"};

// What is stored or sent under a name, in words.
struct NamedText {
  std::string_view name;
  std::string_view english;
  std::string_view russian;
};
constexpr std::array<NamedText, 5> gap_texts = {{
    {"queue_full", "more requests at once than could be written", "запросов больше, чем удавалось записать"},
    {"store_unavailable", "the store could not be written", "хранилище было недоступно для записи"},
    {"unclean_shutdown", "the proxy ended without goodbye", "прокси завершился аварийно"},
    {"damaged_file", "the file was damaged; it is kept, a new one was begun",
     "файл повреждён; он сохранён, начат новый"},
    {"rejected", "the store did not accept a record", "хранилище не приняло запись"},
}};
constexpr std::array<NamedText, 3> limit_status_texts = {{
    {"allowed", "allowed", "в пределах лимитов"},
    {"allowed_warning", "allowed, near the limit", "лимит скоро кончится"},
    {"rejected", "rejected", "лимит исчерпан"},
}};

// A name that is not known is returned as it is.
std::string_view text_of(std::span<const NamedText> texts, ReportLanguage language, std::string_view name) {
  for (const NamedText& known : texts) {
    if (known.name == name) return language == ReportLanguage::russian ? known.russian : known.english;
  }
  return name;
}

struct StoreErrorText {
  std::string_view english;
  std::string_view russian;
};
constexpr std::array<StoreErrorText, 10> store_errors = {{
    {"There are no statistics yet: the proxy has not recorded anything here.",
     "Статистики пока нет: прокси здесь ещё ничего не записал."},
    {"There are no statistics yet: the store is empty.", "Статистики пока нет: хранилище пусто."},
    {"The statistics file belongs to another program.", "Файл статистики принадлежит другой программе."},
    {"The statistics were written by a newer version of this program.",
     "Статистика записана более новой версией программы."},
    {"The statistics are of an older version: start the proxy once.",
     "Статистика от прежней версии: запустите прокси один раз."},
    {"The statistics store: locked by another program.", "Хранилище статистики занято другой программой."},
    {"The statistics store: no space left on the disk.", "Хранилище статистики: на диске нет места."},
    {"The statistics store: the file or its folder cannot be written.",
     "Хранилище статистики: файл или папка недоступны для записи."},
    {"The statistics store: the disk reports an error.", "Хранилище статистики: диск сообщает об ошибке."},
    {"The statistics store: the file is damaged.", "Хранилище статистики: файл повреждён."},
}};

}  // namespace

std::string_view store_error_text(ReportLanguage language, std::string_view in_english) {
  for (const StoreErrorText& known : store_errors) {
    if (language == ReportLanguage::russian && known.english == in_english) return known.russian;
  }
  return in_english;
}

const ReportTexts& report_texts(ReportLanguage language) {
  return language == ReportLanguage::russian ? russian : english;
}

std::string_view class_text(ReportLanguage language, RequestClass request_class) {
  const auto& names = language == ReportLanguage::russian ? russian_classes : english_classes;
  return names[static_cast<std::size_t>(request_class)];
}

std::string_view gap_text(ReportLanguage language, std::string_view reason) {
  return text_of(gap_texts, language, reason);
}

std::string_view limit_status_text(ReportLanguage language, std::string_view status) {
  return text_of(limit_status_texts, language, status);
}

}  // namespace distiq

#include "storage/record_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/packed_record.h"
#include "storage/store_writer.h"

namespace distiq {
namespace {

constexpr std::size_t max_waiting_headers = 128;

void shorten(std::string& text) {
  if (text.size() > max_waiting_text) text = text.substr(0, max_waiting_text);
}

bool is_short(const RateLimitFields& fields) {
  if (fields.size() > max_waiting_headers) return false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields[i];
    if (name.size() > max_waiting_text || value.size() > max_waiting_text) return false;
  }
  return true;
}

// The API's are short already.
void shorten(RateLimitFields& fields) noexcept try {
  if (is_short(fields)) return;
  RateLimitFields kept;
  for (std::size_t i = 0; i < std::min(fields.size(), max_waiting_headers); ++i) {
    const auto [name, value] = fields[i];
    kept.add(name.substr(0, max_waiting_text), value.substr(0, max_waiting_text));
  }
  fields = std::move(kept);
} catch (...) {
  fields = {};  // out of memory
}

Result<void> check(const StoreConfig& config) {
  const auto refuse = [](std::string_view what) {
    return fail(ErrorKind::bad_config, fmt::format("store config: {}", what),
                fmt::format("The statistics store cannot be set up: {}.", what));
  };
  if (config.path.empty()) return refuse("it has no file name");
  if (config.retention_days < 0 || config.retention_days > 36'500) return refuse("retention must be 0 to 36500 days");
  if (config.queue_limit < 1 || config.queue_limit > 1'000'000) {
    return refuse("the queue must hold 1 to 1000000 records");
  }
  if (config.batch_rows < 1 || config.batch_rows > 100'000) return refuse("a batch must be 1 to 100000 rows");
  if (config.retention_step_rows < 1 || config.retention_step_rows > 100'000) {
    return refuse("a retention step must be 1 to 100000 rows");
  }
  for (const auto wait : {config.batch_delay, config.busy_timeout, config.retry_interval}) {
    if (wait.count() < 0 || wait > std::chrono::minutes(1)) return refuse("its delays must be 0 to 60 s");
  }
  return {};
}

}  // namespace

RecordStore::RecordStore(std::unique_ptr<StoreWriter> writer) : writer_(std::move(writer)) {}
RecordStore::~RecordStore() = default;

Result<std::unique_ptr<RecordStore>> RecordStore::open(const StoreConfig& config, const Clock& clock,
                                                       HealthListener listener) {
  if (auto checked = check(config); !checked) return std::unexpected(std::move(checked.error()));
  auto writer = std::make_unique<StoreWriter>(config, clock, std::move(listener));
  writer->start();
  return std::unique_ptr<RecordStore>(new RecordStore(std::move(writer)));
}

void RecordStore::record(const RequestRecord& record) noexcept {
  writer_->push(record);
}

void RecordStore::record(RateLimitRecord&& record) noexcept {
  shorten(record.account_hash);
  shorten(record.headers);
  writer_->push(std::move(record));
}

void RecordStore::record(StateSnapshot&& snapshot) noexcept {
  writer_->push(std::move(snapshot));
}

void RecordStore::set_state_source(std::function<StateSnapshot()> source) {
  writer_->set_state_source(std::move(source));
}

bool RecordStore::flush(std::chrono::milliseconds limit) {
  return writer_->flush(limit);
}
StoreHealth RecordStore::health() const {
  return writer_->health();
}

}  // namespace distiq

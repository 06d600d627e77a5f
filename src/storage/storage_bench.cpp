// A million records: how long writing them takes, and what `stats` costs afterwards. The store is made once per process
// in a throw-away folder; nothing else is measured while it fills.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/text.h"
#include "storage/record_store.h"
#include "storage/stats_reader.h"
#include "storage/store_auditor.h"

namespace distiq {
namespace {

constexpr std::uint64_t record_count = 1'000'000;
constexpr std::int64_t now_ms = 1'795'000'000'000;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::uint64_t days = 365;

constexpr std::uint64_t session_requests = 200;

std::string session_id(std::uint64_t n) {
  return "6f9619ff-8b86-d011-" + to_hex16(n / session_requests);
}

// Spread over a year, eight models, all classes and five thousand sessions, with ids that rise and are random as real
// ones.
RequestRecord make_record(std::uint64_t n) {
  const std::uint64_t mixed = n * 0x9E3779B97F4A7C15u;
  const std::string hex = std::to_string(mixed);
  RequestRecord record;
  record.id = "dq_" + to_hex16(n << 36 | mixed >> 28);
  record.started_at_ms = now_ms - static_cast<std::int64_t>((record_count - n) * days / record_count) * day_ms;
  record.session_id = session_id(n);
  record.lane_id = "00112233445566aa";
  record.request_class = static_cast<RequestClass>(mixed % 8);
  record.account_hash = "3fa2bc0012345678";
  record.method = "POST";
  record.path = "/v1/messages";
  record.requested_model = "claude-opus-4-8";
  record.served_model = "claude-model-" + std::to_string(mixed / 8 % 8);
  record.status = 200;
  record.message_id = "msg_" + hex;
  record.upstream_request_id = "req_" + hex;
  record.usage = {.input = 10, .cache_read = 20'000, .cache_write_5m = 500, .output = 700};
  record.usage_seen = record.usage_complete = true;
  record.cost = PicoUsd{static_cast<std::int64_t>(mixed % 100'000) * 1'000'000};
  record.counterfactual = record.cost;
  record.duration_us = 20'000'000;
  return record;
}

class Store {
 public:
  static Store& the() {
    static Store store;
    return store;
  }
  ~Store() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ + "/stats.db"; }
  [[nodiscard]] double fill_seconds() const { return fill_seconds_; }

 private:
  Store() {
    folder_ = (std::filesystem::temp_directory_path() / "distiq-bench-XXXXXX").string();
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no folder for the bench");
    StoreConfig config;
    config.path = path();
    config.retention_days = 0;
    auto store = RecordStore::open(config, system_clock());
    if (!store) throw std::runtime_error(store.error().log_detail);
    const auto begin = system_clock().monotonic();
    for (std::uint64_t n = 0; n < record_count; ++n) {
      (*store)->record(make_record(n));
      if (n % 8192 == 0) (*store)->flush(std::chrono::minutes(1));  // the queue holds 16384
    }
    (*store)->flush(std::chrono::minutes(1));
    fill_seconds_ = std::chrono::duration<double>(system_clock().monotonic() - begin).count();
    if ((*store)->health().written != record_count) throw std::runtime_error("records were dropped");
  }
  std::string folder_;
  double fill_seconds_ = 0;
};

void report_store(benchmark::State& state) {
  state.counters["records"] = record_count;
  state.counters["records_written_per_s"] = record_count / Store::the().fill_seconds();
  state.counters["file_mb"] = static_cast<double>(std::filesystem::file_size(Store::the().path())) / 1e6;
}

// What the `stats` command does: open, sum up, close.
void stats_command(benchmark::State& state, Period period) {
  const std::string path = Store::the().path();
  for (auto _ : state) {
    auto reader = StatsReader::open(path);
    auto summary = reader->summary(period, now_ms);
    if (!summary || (period == Period::all && summary->total.requests != record_count)) {
      state.SkipWithError("wrong sum");
      break;
    }
    benchmark::DoNotOptimize(summary);
  }
  report_store(state);
}
BENCHMARK_CAPTURE(stats_command, day, Period::day)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stats_command, month, Period::month)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stats_command, all, Period::all)->Unit(benchmark::kMillisecond);

// What Claude Code's status line does: a session of some time ago.
void session_command(benchmark::State& state) {
  const std::string path = Store::the().path();
  std::uint64_t n = 0;
  for (auto _ : state) {
    n = (n + 7919) % record_count;
    auto reader = StatsReader::open(path);
    const auto session = reader->session(session_id(n));
    if (!session || !*session || (*session)->totals.requests != session_requests) {
      state.SkipWithError("wrong sum");
      break;
    }
  }
}
BENCHMARK(session_command)->Unit(benchmark::kMillisecond);

void find_record(benchmark::State& state) {
  auto reader = StatsReader::open(Store::the().path());
  std::uint64_t n = 0;
  for (auto _ : state) {
    n = (n + 7919) % record_count;
    auto found = reader->find_record(make_record(n).id);
    if (!found || !*found) {
      state.SkipWithError("not found");
      break;
    }
  }
}
BENCHMARK(find_record)->Unit(benchmark::kMicrosecond);

// What `stats --verify` does.
void audit_everything(benchmark::State& state) {
  for (auto _ : state) {
    const auto audit = audit_store(Store::the().path(), PriceTable::builtin());
    if (!audit || audit->rows != record_count || !audit->chain.ok()) {
      state.SkipWithError("the chain is broken");
      break;
    }
  }
}
BENCHMARK(audit_everything)->Unit(benchmark::kSecond)->Iterations(1);

// One answer of a subscription account: what upstream sends with every request, its use rising now and then.
RateLimitRecord make_limits(std::uint64_t n) {
  const std::string use = "0." + std::to_string(10 + n / 5000 % 90);
  return {"3fa2bc0012345678",
          now_ms + static_cast<std::int64_t>(n),
          {{"anthropic-ratelimit-unified-status", "allowed"},
           {"anthropic-ratelimit-unified-5h-status", "allowed"},
           {"anthropic-ratelimit-unified-5h-utilization", use},
           {"anthropic-ratelimit-unified-5h-reset", "1795010400"},
           {"anthropic-ratelimit-unified-7d-status", "allowed"},
           {"anthropic-ratelimit-unified-7d-utilization", "0.07"},
           {"anthropic-ratelimit-unified-reset", "1795010400"}}};
}

// What the storage thread pays for one request of live traffic: its record and its rate limits, in full batches.
// cpu_us_per_request is the whole process: the hand-over (a few hundred ns) and making the records are in it.
void store_live_traffic(benchmark::State& state) {
  constexpr std::uint64_t requests = 100'000;
  std::string folder = (std::filesystem::temp_directory_path() / "distiq-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder for the bench");
  StoreConfig config;
  config.path = folder + "/stats.db";
  const std::clock_t begin = std::clock();
  for (auto _ : state) {
    auto store = RecordStore::open(config, system_clock());
    for (std::uint64_t n = 0; n < requests; ++n) {
      RequestRecord record = make_record(n);
      record.started_at_ms = now_ms;
      (*store)->record(record);
      (*store)->record(make_limits(n));
      if (n % 4096 == 4095) (*store)->flush(std::chrono::minutes(1));
    }
    (*store)->flush(std::chrono::minutes(1));
    if ((*store)->health().written != requests) state.SkipWithError("records were dropped");
  }
  const double cpu_us = 1e6 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  state.counters["cpu_us_per_request"] = cpu_us / static_cast<double>(requests);
  std::filesystem::remove_all(folder);
}
BENCHMARK(store_live_traffic)->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();

// What a request pays for being recorded.
void hand_over_one_record(benchmark::State& state) {
  const std::string folder = (std::filesystem::temp_directory_path() / "distiq-bench-push").string();
  StoreConfig config;
  config.path = folder + "/stats.db";
  config.queue_limit = 1'000'000;
  auto store = RecordStore::open(config, system_clock());
  const RequestRecord record = make_record(1);
  for (auto _ : state) (*store)->record(record);
  state.counters["dropped"] = static_cast<double>((*store)->health().dropped);
  store->reset();
  std::filesystem::remove_all(folder);
}
BENCHMARK(hand_over_one_record)->Iterations(200'000)->Unit(benchmark::kNanosecond);

}  // namespace
}  // namespace distiq

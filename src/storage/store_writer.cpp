#include "storage/store_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/background_thread.h"

namespace distiq {
namespace {

constexpr std::chrono::seconds state_interval{60};

using std::chrono::milliseconds;

constexpr auto retention_interval = std::chrono::hours(1);
constexpr milliseconds retention_step_pause{20};  // between two steps while nothing else is to do
constexpr std::int64_t ms_per_day = 86'400'000;
constexpr std::size_t max_gaps_in_memory = 64;
// A disk that damages every new file must not be filled with damaged files.
constexpr int max_files_moved = 3;

bool is_request(const StoreItem& item) {
  return std::holds_alternative<PackedRecord>(item);
}

}  // namespace

StoreWriter::StoreWriter(const StoreConfig& config, const Clock& clock, RecordStore::HealthListener listener)
    : config_(config),
      clock_(clock),
      listener_(std::move(listener)),
      queue_(config.queue_limit, config.batch_rows, clock) {}

StoreWriter::~StoreWriter() {
  queue_.stop();
  if (thread_.joinable()) thread_.join();
}

void StoreWriter::start() {
  retention_due_ = clock_.monotonic();
  write_pending();
  thread_ = std::thread([this] { run(); });
}

void StoreWriter::run() {
  let_others_finish_first();
  make_durable();
  bool writable = !last_error_;
  while (!queue_.stopping()) {
    bool take = true;
    if (writable) {
      const bool deleting = clock_.monotonic() >= retention_due_;
      take = queue_.wait_for_batch(config_.batch_delay,
                                   deleting ? retention_step_pause : milliseconds(retention_interval));
    } else {
      queue_.wait_for_retry(config_.retry_interval);
    }
    if (take && pending_.empty()) queue_.take(pending_);
    writable = write_pending();
    make_durable();
    if (writable) delete_expired_when_due();
    if (writable) save_state_when_due();
  }
  finish();
}

void StoreWriter::set_state_source(std::function<StateSnapshot()> source) {
  const std::lock_guard lock(source_mutex_);
  state_source_ = std::move(source);
}

void StoreWriter::save_state_when_due() {
  const MonotonicTime now = clock_.monotonic();
  if (now < state_due_) return;
  // Not at once: a new proxy knows nothing that the store does not.
  const bool first = state_due_ == MonotonicTime{};
  state_due_ = now + state_interval;
  if (first) return;
  const std::lock_guard lock(source_mutex_);
  if (state_source_) push(state_source_());
}

bool StoreWriter::write_pending() {
  collect_loss();
  const bool nothing_to_do = pending_.empty() && gaps_.empty() && session_ != nullptr && !last_error_;
  if (nothing_to_do) return true;
  DbResult<void> done = attempt();
  if (!done && done.error().fault == DbFault::rejected && session_ != nullptr) {
    skip_rejected_items();
    done = attempt();
  }
  if (!done && done.error().fault == DbFault::corrupt) {
    done = replace_damaged_file(done.error());
    if (done) done = attempt();
  }
  if (done) {
    settle_pending();
    gaps_.clear();
    last_error_.reset();
  } else {
    // A connection that met anything but a lock or a full disk may be in any state.
    if (done.error().fault != DbFault::busy && done.error().fault != DbFault::full) session_.reset();
    last_error_ = std::move(done.error());
  }
  report(last_error_);
  return !last_error_;
}

DbResult<void> StoreWriter::attempt() {
  if (auto ready = ensure_session(); !ready) return ready;
  return session_->write(pending_, gaps_, now_ms());
}

DbResult<void> StoreWriter::ensure_session() {
  if (session_ != nullptr && !session_->is_current()) session_.reset();  // deleted or replaced under our feet
  if (session_ != nullptr) return {};
  auto opened = StoreSession::open({config_.path, config_.busy_timeout, config_.max_pages}, run_, now_ms());
  if (!opened) return std::unexpected(std::move(opened.error()));
  session_ = std::move(*opened);
  return {};
}

DbResult<void> StoreWriter::replace_damaged_file(const DbError& error) {
  if (session_ != nullptr) {
    const bool current = session_->is_current();
    session_.reset();
    if (!current) return {};  // another process of ours has replaced it already
  }
  if (files_moved_ == max_files_moved) return std::unexpected(error);
  auto aside = move_store_aside(config_.path, now_ms());
  if (!aside) return std::unexpected(std::move(aside.error()));
  ++files_moved_;
  add_gap({now_ms(), now_ms(), std::nullopt, "damaged_file", *aside});
  return {};
}

// One bad record must not hold up all others: each is tried alone, and only what is refused alone is dropped.
void StoreWriter::skip_rejected_items() {
  const auto settled = [this](const StoreItem& item) {
    const auto done = session_->write({&item, 1}, {}, now_ms());
    if (!done && done.error().fault != DbFault::rejected) return false;
    if (done) {
      written_ += is_request(item);
    } else {
      ++lost_by_writer_;
      add_gap({now_ms(), now_ms(), 1, "rejected", {}});
    }
    return true;
  };
  const auto first_unsettled = std::find_if_not(pending_.begin(), pending_.end(), settled);
  queue_.settle(static_cast<std::size_t>(first_unsettled - pending_.begin()));
  pending_.erase(pending_.begin(), first_unsettled);
}

void StoreWriter::collect_loss() {
  const auto loss = queue_.take_loss();
  if (!loss) return;
  Gap gap{loss->from_ms, loss->to_ms, loss->count, "queue_full", {}};
  if (last_error_) {
    gap.reason = "store_unavailable";
    gap.detail = to_string(last_error_->fault);
  }
  add_gap(std::move(gap));
}

void StoreWriter::add_gap(Gap gap) {
  const bool known = gap.lost.has_value();
  const bool merges = !gaps_.empty() && known && gaps_.back().lost &&
                      (gaps_.back().reason == gap.reason || gaps_.size() >= max_gaps_in_memory);
  if (merges) {
    gaps_.back().to_ms = std::max(gaps_.back().to_ms, gap.to_ms);
    *gaps_.back().lost += *gap.lost;
  } else {
    gaps_.push_back(std::move(gap));
  }
}

void StoreWriter::settle_pending() {
  written_ += static_cast<std::uint64_t>(
      std::count_if(pending_.begin(), pending_.end(), [](const StoreItem& item) { return is_request(item); }));
  queue_.settle(pending_.size());
  pending_.clear();
}

void StoreWriter::lose_pending() {
  lost_by_writer_ += pending_.size();
  queue_.settle(pending_.size());
  pending_.clear();
}

void StoreWriter::finish() {
  bool writable = true;
  do {
    if (pending_.empty()) queue_.take(pending_);
    writable = write_pending();
  } while (writable && !queue_.empty());
  while (!pending_.empty() || !queue_.empty()) {
    lose_pending();
    queue_.take(pending_);
  }
  make_durable();
  // A run that could not store its last records stays open: the next start then finds the gap.
  if (writable && session_ != nullptr) (void)session_->finish(now_ms());
  session_.reset();
}

// Not within start(): nobody should wait for the disk before the proxy listens. A failure is met again by the next
// write.
void StoreWriter::make_durable() {
  if (session_ != nullptr) (void)session_->make_durable();
}

void StoreWriter::delete_expired_when_due() {
  const MonotonicTime now = clock_.monotonic();
  if (now < retention_due_ || session_ == nullptr) return;
  const std::int64_t keep_ms = config_.retention_days * ms_per_day;
  const std::int64_t cutoff =
      config_.retention_days > 0 ? now_ms() - keep_ms : std::numeric_limits<std::int64_t>::min();
  const auto deleted = session_->delete_expired(cutoff, config_.retention_step_rows, now_ms());
  if (!deleted && deleted.error().fault == DbFault::corrupt) (void)replace_damaged_file(deleted.error());
  if (!deleted || *deleted < config_.retention_step_rows) retention_due_ = now + retention_interval;
}

void StoreWriter::report(const std::optional<DbError>& error) {
  StoreHealth now;
  now.ok = !error;
  if (error) {
    now.reason = fmt::format("Requests are served but not recorded: {}.", to_string(error->fault));
    now.detail = error->detail;
  }
  {
    const std::lock_guard lock(health_mutex_);
    if (now.ok == health_.ok && now.reason == health_.reason) return;
    health_ = std::move(now);
  }
  if (listener_) listener_(health());
}

StoreHealth StoreWriter::health() const {
  StoreHealth now;
  {
    const std::lock_guard lock(health_mutex_);
    now = health_;
  }
  now.written = written_;
  now.dropped = lost_by_writer_ + queue_.refused();
  const RecordQueue::Counts counts = queue_.counts();
  now.settled = counts.settled;
  now.waiting = counts.accepted - counts.settled;
  return now;
}

}  // namespace distiq

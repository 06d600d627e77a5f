#include "storage/store_eraser.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "storage/sqlite_db.h"
#include "storage/store_file.h"
#include "storage/store_schema.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;

// Rows of living runs stay: a proxy finds its own again. They hold two times and a number.
constexpr const char* delete_everything = R"sql(
DELETE FROM requests;
DELETE FROM daily_totals;
DELETE FROM session_totals;
DELETE FROM rate_limit_latest;
DELETE FROM rate_limit_series;
DELETE FROM gaps;
DELETE FROM retention_anchor;
DELETE FROM steering_state;
DELETE FROM runs WHERE ended_at_ms IS NOT NULL;
)sql";

// True: the log is empty.
DbResult<bool> empty_the_log(Database& db) {
  const auto busy = db.query_integer("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return std::unexpected(busy.error());
  return *busy == 0;
}

DbResult<void> erase_rows(const std::string& path, std::chrono::milliseconds busy_timeout, EraseReport& report) {
  auto db = Database::open(path, DbAccess::read_write, busy_timeout);
  if (!db) return std::unexpected(std::move(db.error()));
  // Also refuses the files of others and brings an older one to the tables we know.
  if (auto migrated = db->migrate(store_migrations(), store_application_id); !migrated) return migrated;
  if (auto durable = db->make_durable(); !durable) return durable;
  // Freed pages are overwritten with zeros.
  if (auto secure = db->execute("PRAGMA secure_delete = ON"); !secure) return secure;
  {
    auto transaction = Transaction::begin(*db);
    if (!transaction) return std::unexpected(std::move(transaction.error()));
    const auto records = db->query_integer("SELECT count(*) FROM requests");
    if (!records) return std::unexpected(records.error());
    report.records = *records;
    if (auto deleted = db->execute(delete_everything); !deleted) return deleted;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
  // From here on the rows are gone; what fails only leaves an emptied file large or old pages in its log.
  (void)db->execute("VACUUM");
  const auto emptied = empty_the_log(*db);
  report.remains_in_the_log = !emptied || !*emptied;
  return {};
}

int remove_damaged_copies(const fs::path& store) {
  const std::string prefix = store.filename().string() + ".damaged-";
  int removed = 0;
  std::error_code error;
  fs::directory_iterator entry(store.parent_path().empty() ? fs::path(".") : store.parent_path(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code failed;
    if (entry->path().filename().string().starts_with(prefix) && fs::remove(entry->path(), failed)) ++removed;
  }
  return removed;
}

// A damaged store cannot be emptied by SQL; as a file it goes only if no proxy uses it.
bool remove_unused_store(const std::string& path) {
  const WriterLock lock = WriterLock::acquire(path);
  if (!lock.alone()) return false;
  std::error_code error;
  for (const char* suffix : {"-wal", "-shm", ""}) fs::remove(path + suffix, error);
  return identify_file(path) == FileIdentity{};
}

}  // namespace

Result<EraseReport> erase_store(const std::string& path, std::chrono::milliseconds busy_timeout) {
  EraseReport report;
  if (identify_file(path) != FileIdentity{}) {
    auto erased = erase_rows(path, busy_timeout, report);
    if (!erased && erased.error().fault == DbFault::corrupt) report.damaged_store = remove_unused_store(path);
    if (!erased && !report.damaged_store) return std::unexpected(to_error(std::move(erased.error())));
  }
  report.damaged_copies = remove_damaged_copies(path);
  return report;
}

}  // namespace distiq

#include "storage/sqlite_db.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace distiq {
namespace {

DbFault classify(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return DbFault::busy;
    case SQLITE_FULL:
      return DbFault::full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return DbFault::unwritable;
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_NOLFS:
      return DbFault::io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return DbFault::corrupt;
    default:
      return DbFault::rejected;
  }
}

DbError describe(sqlite3* db, int code, std::string_view what) {
  const char* text = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  return {classify(code), fmt::format("{}: {} (sqlite {})", what, text, code)};
}

// SQLite's allocation statistics cost a lock for every allocation and nobody reads them.
void set_up_library_once() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;  // a failure only leaves the statistics on
}

}  // namespace

std::string_view to_string(DbFault fault) {
  switch (fault) {
    case DbFault::busy:
      return "locked by another program";
    case DbFault::full:
      return "no space left on the disk";
    case DbFault::unwritable:
      return "the file or its folder cannot be written";
    case DbFault::io:
      return "the disk reports an error";
    case DbFault::corrupt:
      return "the file is damaged";
    case DbFault::foreign:
      return "the file belongs to another program or a newer version";
    case DbFault::rejected:
      return "a record was not accepted";
  }
  return "unknown";
}

Error to_error(DbError error) {
  const std::string_view cause = to_string(error.fault);
  return {ErrorKind::store_unavailable, std::move(error.detail), fmt::format("The statistics store: {}.", cause)};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::note(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

Statement& Statement::bind(int index, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

Statement& Statement::bind(int index, std::string_view value) {
  // A null data pointer would bind NULL where the empty text is meant.
  const char* bytes = value.data() != nullptr ? value.data() : "";
  note(sqlite3_bind_text64(statement_.get(), index, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_borrowed(int index, std::string_view value) {
  const char* bytes = value.data() != nullptr ? value.data() : "";
  note(sqlite3_bind_text64(statement_.get(), index, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_null(int index) {
  note(sqlite3_bind_null(statement_.get(), index));
  return *this;
}

DbResult<bool> Statement::step() {
  sqlite3* db = sqlite3_db_handle(statement_.get());
  if (const int failed = std::exchange(bind_error_, SQLITE_OK); failed != SQLITE_OK) {
    reset();
    return std::unexpected(describe(db, failed, "bind"));
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  DbError error = describe(db, sqlite3_extended_errcode(db), "step");
  reset();
  return std::unexpected(std::move(error));
}

DbResult<void> Statement::run() {
  DbResult<bool> row = step();
  while (row && *row) row = step();
  if (!row) return std::unexpected(std::move(row.error()));
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

DbError Database::error(int code, std::string_view what) const {
  return describe(db_.get(), code, what);
}

DbResult<Database> Database::open(const std::string& path, DbAccess access, std::chrono::milliseconds busy_timeout) {
  set_up_library_once();
  const int flags =
      (access == DbAccess::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database db(raw);  // SQLite hands out a connection to be closed even when opening failed
  if (code != SQLITE_OK) return std::unexpected(db.error(code, path));
  if (auto configured = db.configure(access, busy_timeout); !configured) {
    configured.error().detail = path + ": " + configured.error().detail;
    return std::unexpected(std::move(configured.error()));
  }
  return db;
}

DbResult<void> Database::configure(DbAccess access, std::chrono::milliseconds busy_timeout) {
  sqlite3_extended_result_codes(db_.get(), 1);
  sqlite3_busy_timeout(db_.get(), static_cast<int>(busy_timeout.count()));
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (auto checked = execute("PRAGMA cell_size_check = ON"); !checked) return checked;
  if (access == DbAccess::read_only) return execute("PRAGMA query_only = ON");
  const auto pages = query_integer("PRAGMA page_count");
  if (!pages) return std::unexpected(pages.error());
  durable_ = *pages > 0;
  // NORMAL with WAL: a killed process loses no commit; a power cut may lose the last ones but never damages the file.
  if (auto set = execute(durable_ ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = OFF"); !set) return set;
  // Takes effect only before the first table is made, that is for a new file, and writes to it.
  if (auto vacuum = execute("PRAGMA auto_vacuum = INCREMENTAL"); !vacuum) return vacuum;
  if (auto mode = execute("PRAGMA journal_mode = WAL"); !mode) return mode;
  // Room for a batch (upstream's ids may be random: then each row touches an index page of its own) and a log that
  // takes several batches before it is copied: under load most of the time goes into writing the same pages again.
  return execute("PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192");
}

DbResult<void> Database::make_durable() {
  if (durable_) return {};
  // The checkpoint brings to the disk what was written without waiting.
  auto done = execute("PRAGMA synchronous = NORMAL; PRAGMA wal_checkpoint(PASSIVE)");
  durable_ = done.has_value();
  return done;
}

DbResult<void> Database::execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(error(sqlite3_extended_errcode(db_.get()), "execute"));
}

DbResult<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(sqlite3_extended_errcode(db_.get()), "prepare"));
  Statement statement;
  statement.statement_.reset(raw);
  return statement;
}

DbResult<std::int64_t> Database::query_integer(std::string_view sql) {
  DbResult<Statement> statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement.error()));
  const DbResult<bool> row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->integer(0) : 0;
}

std::int64_t Database::changed_rows() const {
  return sqlite3_changes64(db_.get());
}
std::int64_t Database::all_changed_rows() const {
  return sqlite3_total_changes64(db_.get());
}
std::int64_t Database::last_row_id() const {
  return sqlite3_last_insert_rowid(db_.get());
}

DbResult<void> Database::migrate(std::span<const Migration> migrations, std::int32_t application_id) {
  const auto target = static_cast<std::int64_t>(migrations.size());
  auto transaction = Transaction::begin(*this);  // two starting processes must not migrate at once
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  const auto version = query_integer("PRAGMA user_version");
  const auto owner = query_integer("PRAGMA application_id");
  const auto tables = query_integer("SELECT count(*) FROM sqlite_master");
  for (const auto* answer : {&version, &owner, &tables}) {
    if (!*answer) return std::unexpected(answer->error());
  }
  if (*tables > 0 && *owner != application_id) {
    return std::unexpected(DbError{DbFault::foreign, fmt::format("application_id {} is not ours", *owner)});
  }
  if (*version > target) {
    return std::unexpected(DbError{DbFault::foreign, fmt::format("schema version {}, we know {}", *version, target)});
  }
  if (*version == target) return transaction->commit();
  for (auto step = *version; step < target; ++step) {
    if (auto done = execute(migrations[static_cast<std::size_t>(step)].sql); !done) {
      done.error().detail = fmt::format("migration {}: {}", step + 1, done.error().detail);
      return done;
    }
  }
  const auto stamp = fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", target, application_id);
  if (auto done = execute(stamp.c_str()); !done) return done;
  return transaction->commit();
}

DbResult<void> Database::limit_pages(std::int64_t pages) {
  return execute(fmt::format("PRAGMA max_page_count = {}", pages).c_str());
}

DbResult<Transaction> Transaction::begin(Database& db) {
  if (auto begun = db.execute("BEGIN IMMEDIATE"); !begun) return std::unexpected(std::move(begun.error()));
  return Transaction(db);
}

DbResult<Transaction> Transaction::begin_read(Database& db) {
  if (auto begun = db.execute("BEGIN"); !begun) return std::unexpected(std::move(begun.error()));
  return Transaction(db);
}

DbResult<void> Transaction::commit() {
  auto committed = db_->execute("COMMIT");
  if (committed) db_ = nullptr;
  return committed;
}

Transaction::~Transaction() {
  // Some failures (a full disk) have already rolled back; then there is nothing to do.
  if (db_ != nullptr && sqlite3_get_autocommit(db_->db_.get()) == 0) {
    sqlite3_exec(db_->db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace distiq

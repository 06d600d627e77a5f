// SQLite as values: connections, statements, transactions, migrations. The only code that sees <sqlite3.h>.
// A Database and its statements belong to one thread at a time; several connections to one file may be on several
// threads. Errors come as DbResult: the fault says what the caller should do next; nothing here throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace distiq {

enum class DbFault {
  busy,        // another connection holds the lock: try again later
  full,        // no space: try again later
  unwritable,  // no permission, read-only file or missing folder: try again later with a new connection
  io,          // any other I/O failure: try again later with a new connection
  corrupt,     // the file is damaged or no database: start a new one
  foreign,     // a database, but not ours or of a newer version: leave it alone
  rejected,    // this statement can never work: a bug of ours, or a row that breaks a constraint
};
[[nodiscard]] std::string_view to_string(DbFault fault);

struct DbError {
  DbFault fault = DbFault::rejected;
  std::string detail;  // for the log: SQLite's text and the file; never a bound value
};

template <class T>
using DbResult = std::expected<T, DbError>;

// For callers outside storage/: kind store_unavailable.
[[nodiscard]] Error to_error(DbError error);

// A prepared statement. bind() remembers its first failure, which the next step() or run() returns; parameters count
// from 1, columns from 0, and a parameter keeps its value for the next run. bind() copies, bind_borrowed() does not:
// its text must stay as it is for as long as the statement runs with it. Views returned by text() live until the next
// step().
class Statement {
 public:
  Statement() = default;
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view value);
  Statement& bind_borrowed(int index, std::string_view value);
  Statement& bind_null(int index);

  // True: a row is there. False: done, and the statement is reset.
  [[nodiscard]] DbResult<bool> step();
  // For statements that return no row: steps to the end and resets.
  [[nodiscard]] DbResult<void> run();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void note(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;
};

enum class DbAccess {
  read_write,  // the file must exist (see store_file.h for its mode); WAL is switched on
  read_only,   // never changes the database; works beside a writer
};

// One step of a schema's history: brings a database from version N-1 (its place in the list) to N.
struct Migration {
  const char* sql;
};

class Database {
 public:
  // Waits up to busy_timeout whenever another connection holds the lock, now and in every later call. A file that is
  // still empty is begun without waiting for the disk, as there is nothing to lose yet: see make_durable().
  [[nodiscard]] static DbResult<Database> open(const std::string& path, DbAccess access,
                                               std::chrono::milliseconds busy_timeout);

  // One or more statements without parameters.
  [[nodiscard]] DbResult<void> execute(const char* sql);
  [[nodiscard]] DbResult<Statement> prepare(std::string_view sql);
  // The first column of the first row; 0 if there is no row.
  [[nodiscard]] DbResult<std::int64_t> query_integer(std::string_view sql);
  // Rows changed by the last INSERT, UPDATE or DELETE.
  [[nodiscard]] std::int64_t changed_rows() const;
  // All since the connection was opened.
  [[nodiscard]] std::int64_t all_changed_rows() const;
  [[nodiscard]] std::int64_t last_row_id() const;

  // Brings the database to version migrations.size() in one transaction: wholly or not at all. A file with another
  // application_id or a higher version is `foreign` and left as it is; a file without any table is taken.
  [[nodiscard]] DbResult<void> migrate(std::span<const Migration> migrations, std::int32_t application_id);

  // After this a power cut may take the last commits, never the file; no effect unless the file was empty. Waits for
  // the disk. May be repeated.
  [[nodiscard]] DbResult<void> make_durable();

  // For tests of full disks: the file may not grow beyond this many pages.
  [[nodiscard]] DbResult<void> limit_pages(std::int64_t pages);

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* db) const;
  };
  explicit Database(sqlite3* db) : db_(db) {}
  [[nodiscard]] DbResult<void> configure(DbAccess access, std::chrono::milliseconds busy_timeout);
  [[nodiscard]] DbError error(int code, std::string_view what) const;

  std::unique_ptr<sqlite3, Close> db_;
  bool durable_ = true;
};

// BEGIN IMMEDIATE on construction by begin(), ROLLBACK unless committed. Requires: the Database outlives it.
class Transaction {
 public:
  [[nodiscard]] static DbResult<Transaction> begin(Database& db);
  // A read transaction: every query inside sees the same moment.
  [[nodiscard]] static DbResult<Transaction> begin_read(Database& db);
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // On failure nothing was stored and the transaction is over.
  [[nodiscard]] DbResult<void> commit();

 private:
  explicit Transaction(Database& db) : db_(&db) {}
  Database* db_;
};

}  // namespace distiq

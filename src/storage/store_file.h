// The store's file as a thing of the file system: who may read it, whether it is still the one we opened, moving a
// damaged one aside, and knowing whether other processes have it open.
// Any thread; blocks on the file system.
#pragma once

#include <cstdint>
#include <string>

#include "storage/sqlite_db.h"

namespace distiq {

// Makes the folder (0700, with parents) and an empty file (0600) where they are missing, and takes group's and others'
// rights from an existing file. Existing folders keep their mode.
[[nodiscard]] DbResult<void> prepare_store_file(const std::string& path);

// Renames the file to `path.damaged-<unix_ms>` and its -wal and -shm along with it; returns the new name.
// Requires: no connection of this process is open on it.
[[nodiscard]] DbResult<std::string> move_store_aside(const std::string& path, std::int64_t now_ms);

// Tells two files at one path apart. {0, 0}: there is no file.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};
[[nodiscard]] FileIdentity identify_file(const std::string& path);

// Held from open to close by every process that writes to the store, in `path.lock`; the kernel lets go of it when the
// process dies, however it dies.
class WriterLock {
 public:
  WriterLock() = default;
  WriterLock(WriterLock&& other) noexcept;
  WriterLock& operator=(WriterLock&& other) noexcept;
  ~WriterLock();

  // Waits some milliseconds at most (for is_held elsewhere). alone() tells whether nobody else held the lock at that
  // moment: then every run that the store believes to be running has died. Without a lock file (read-only folder)
  // alone() is false.
  [[nodiscard]] static WriterLock acquire(const std::string& store_path);
  [[nodiscard]] bool alone() const { return alone_; }
  // Whether any process holds it now. Takes nothing, creates nothing.
  [[nodiscard]] static bool is_held(const std::string& store_path);
  // Lets others in; call when done with what needed to be alone. Repeat it now and then: a lock that could not be had
  // at first (another process was just starting) is taken then.
  void share();

 private:
  int fd_ = -1;
  bool alone_ = false;
};

}  // namespace distiq

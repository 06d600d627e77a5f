// Reads and writes what set-up needs on disk: a settings file, and in our state folder its copy from before with the
// receipt. The copy is as private as the state folder (0700, 0600), because settings may hold keys. Blocks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "setup/settings_plan.h"

namespace distiq {

// nullopt: there is no such file. Fails with bad_config if it cannot be read or is larger than a settings file can be.
[[nodiscard]] Result<std::optional<std::string>> read_settings_text(const std::filesystem::path& file);

struct StoredSetup {
  std::string before;  // the file as it was; "" if there was none
  SetupReceipt receipt;
};

// One per settings file; nothing is locked: two set-ups of one file at the same moment are the user's own race.
class SetupStore {
 public:
  // `home`: the state folder; it is made when something is saved.
  SetupStore(std::filesystem::path home, const std::filesystem::path& settings_file);

  // nullopt: not set up by us. Fails with bad_config if the receipt cannot be understood.
  [[nodiscard]] Result<std::optional<StoredSetup>> load() const;
  [[nodiscard]] Result<void> save(const StoredSetup& setup) const;
  void forget() const;
  [[nodiscard]] const std::filesystem::path& copy_file() const { return copy_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path receipt_;
  std::filesystem::path copy_;
};

}  // namespace distiq

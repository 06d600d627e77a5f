#include "setup/setup_files.h"

#include <fmt/format.h>

#include <cstdint>
#include <system_error>

#include "base/file.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxFileBytes = 4u << 20;

// A file name for a path: readable end, and FNV-1a of the whole against collisions.
std::string name_for(const std::filesystem::path& file) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : file.string()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return fmt::format("{}-{:016x}", file.filename().string(), hash);
}

}  // namespace

Result<std::optional<std::string>> read_settings_text(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto status = std::filesystem::status(file, ignored);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  auto text = read_file(file, kMaxFileBytes);
  if (!text) return std::unexpected(text.error());
  return std::move(*text);
}

SetupStore::SetupStore(std::filesystem::path home, const std::filesystem::path& settings_file)
    : folder_(home / "setup"),
      receipt_(folder_ / (name_for(settings_file) + ".receipt")),
      copy_(folder_ / (name_for(settings_file) + ".before")) {}

Result<std::optional<StoredSetup>> SetupStore::load() const {
  const auto receipt = read_settings_text(receipt_);
  if (!receipt) return std::unexpected(receipt.error());
  if (!*receipt) return std::nullopt;
  auto parsed = parse_receipt(**receipt);
  if (!parsed) {
    auto text = fmt::format("{} {}", receipt_.string(), parsed.error().client_text);
    return fail(ErrorKind::bad_config, text, text);
  }
  auto before = read_settings_text(copy_);
  if (!before) return std::unexpected(before.error());
  return StoredSetup{before->value_or(""), std::move(*parsed)};
}

Result<void> SetupStore::save(const StoredSetup& setup) const {
  if (auto made = ensure_private_directory(folder_); !made) return made;
  if (auto written = replace_file(copy_, setup.before, 0600); !written) return written;
  return replace_file(receipt_, format_receipt(setup.receipt), 0600);
}

void SetupStore::forget() const {
  std::error_code ignored;
  std::filesystem::remove(receipt_, ignored);
  std::filesystem::remove(copy_, ignored);
  std::filesystem::remove(folder_, ignored);  // where it is empty now
}

}  // namespace distiq

// Whether Claude Code said in its newest requests what they are for (CLAUDE_CODE_GATEWAY_HINT_HEADERS=1): what arrives,
// not what a settings file promises. One word of atomic bits; any thread.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

namespace distiq {

class RecentHints {
 public:
  static constexpr int remembered = 32;

  struct Seen {
    int requests = 0;  // of Claude Code since the proxy started, at most `remembered`
    int with_hints = 0;
    bool newest_has = false;

    bool operator==(const Seen&) const = default;
  };

  void note(bool has_hints) noexcept {
    std::uint64_t before = bits_.load(std::memory_order_relaxed);
    while (!bits_.compare_exchange_weak(before, after(before, has_hints), std::memory_order_relaxed)) {
    }
  }

  [[nodiscard]] Seen seen() const noexcept {
    const std::uint64_t bits = bits_.load(std::memory_order_relaxed);
    const int requests = std::bit_width(bits) - 1;
    return {
        .requests = requests, .with_hints = std::popcount(bits) - 1, .newest_has = requests > 0 && (bits & 1u) != 0};
  }

 private:
  // The newest request is the lowest bit; a one above the oldest says how many there are.
  static std::uint64_t after(std::uint64_t bits, bool has_hints) noexcept {
    const std::uint64_t longer = bits << 1u | (has_hints ? 1u : 0u);
    constexpr std::uint64_t full = std::uint64_t{1} << remembered;
    return longer < full << 1u ? longer : (longer & (full - 1)) | full;
  }

  std::atomic<std::uint64_t> bits_{1};
};

}  // namespace distiq

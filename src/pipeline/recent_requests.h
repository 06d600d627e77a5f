// The last body of each conversation with what was read in it: the next request of a conversation repeats nearly all of
// it, and only what is new need be read again (see scan_request and hash_parts). What is found here says nothing about
// a request but where equal bytes have been read before. Bounded; in memory only. Nothing here fails: without memory a
// request is not kept. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/exchange_io.h"
#include "message/client_fields.h"
#include "message/request_view.h"
#include "promptcache/prompt_parts.h"

namespace distiq {

struct ReadRequest {
  std::unique_ptr<BufferedBody> body;
  RequestView view;   // of body
  PromptParts parts;  // of view
};

class RecentRequests {
 public:
  explicit RecentRequests(const Clock& clock, std::size_t most_bytes = 8u << 20, std::size_t least_bytes = 8u << 10)
      : clock_(clock), most_bytes_(most_bytes), least_bytes_(least_bytes) {}

  // What requests of one conversation have in common before anything has been read: the client's session and agent, and
  // how the body begins (its model).
  [[nodiscard]] static std::uint64_t key_of(const ClientFields& client, std::string_view body);

  // Smaller ones are read again in no time: they are not kept, and nothing need be looked for.
  [[nodiscard]] bool is_worth_it(std::string_view body) const { return body.size() >= least_bytes_; }
  // Null if there is none.
  [[nodiscard]] std::shared_ptr<const ReadRequest> find(std::uint64_t key) noexcept;
  // A conversation that has long ended must not lie in memory as long as the proxy runs.
  void forget_unused(std::chrono::seconds for_as_long) noexcept;

  // The right to be kept: one request of a conversation at a time has it, so that many at once do not all hold on to
  // what was read in them until they are sent.
  class Claim {
   public:
    Claim(RecentRequests& of, std::uint64_t key) : of_(&of), key_(key) {}
    Claim(Claim&& other) noexcept : of_(std::exchange(other.of_, nullptr)), key_(other.key_) {}
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    Claim& operator=(Claim&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Claim() {
      if (of_ != nullptr) of_->give_up(key_);
    }
    // In place of the one before. Its body leaves the budget of buffered bytes. Those asked for longest ago make room.
    void keep(ReadRequest&& request) const noexcept { of_->keep(key_, std::move(request)); }

   private:
    RecentRequests* of_;
    std::uint64_t key_;
  };
  // Absent while another request has it.
  [[nodiscard]] std::optional<Claim> claim(std::uint64_t key) noexcept;

 private:
  struct Entry {
    std::uint64_t key = 0;
    MonotonicTime last_use;
    std::size_t bytes = 0;
    std::shared_ptr<const ReadRequest> request;
  };
  using Dropped = std::vector<std::shared_ptr<const ReadRequest>>;  // freed without the lock

  void keep(std::uint64_t key, ReadRequest&& request) noexcept;
  void give_up(std::uint64_t key) noexcept;
  void drop(std::size_t index, Dropped& dropped);

  const Clock& clock_;
  const std::size_t most_bytes_;
  const std::size_t least_bytes_;
  std::mutex mutex_;
  std::vector<Entry> entries_;          // a few dozen at most
  std::vector<std::uint64_t> claimed_;  // of requests under way
  std::size_t bytes_ = 0;
};

}  // namespace distiq

// Builds every object once, in dependency order, and owns them. Nothing but this knows all concrete types.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "app/config/config.h"
#include "base/error.h"

namespace distiq {

class Proxy {
 public:
  // Serves from the moment it returns. Errors: bad_config, with the sentence for the user in client_text.
  static Result<std::unique_ptr<Proxy>> start(const Config& config);
  virtual ~Proxy() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  // Stops accepting, finishes what runs (at most config.timeouts.drain), flushes records and lines. False: cut short.
  virtual bool shut_down() = 0;
  // A shut_down() under way cuts what still runs instead of waiting for it. Any thread.
  virtual void hurry() = 0;
};

// One request to upstream the way the proxy would send it, for `doctor`: the head of the answer. Blocks for at most
// `limit`. See net/upstream_probe.h.
[[nodiscard]] Result<std::string> ask_upstream(const Config& config, std::string request,
                                               std::chrono::milliseconds limit);

}  // namespace distiq

// Who answers in `chat`: the Messages API by way of the running proxy, or the user's claude CLI. Blocks; one thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/command.h"
#include "base/units.h"
#include "chat/conversation.h"

namespace distiq {

struct ChatOutcome {
  std::string error;       // a sentence; empty: answered, or stopped
  std::string stop;        // stop_reason
  std::string request_id;  // of the proxy's record; empty: none
  std::string route;       // "haiku (from sonnet)"; empty: as asked
  // Where there is no record.
  std::optional<PicoUsd> cost;
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
};

class ChatBackend {
 public:
  virtual ~ChatBackend() = default;
  // Calls `take` with pieces of the answer as they come. `stop` may be set by a signal handler.
  [[nodiscard]] virtual ChatOutcome ask(const Conversation& conversation, const std::atomic<bool>& stop,
                                        const std::function<void(std::string_view)>& take) = 0;
  // Where answers come from, for people.
  [[nodiscard]] virtual std::string describe() const = 0;
};

// Finds or starts the proxy. Null: it was said why, `code` is the exit code.
[[nodiscard]] std::unique_ptr<ChatBackend> make_chat_backend(const Config& config, bool use_cli,
                                                             const std::vector<std::string>& setting_arguments,
                                                             const CommandIo& io, ExitCode& code);

}  // namespace distiq

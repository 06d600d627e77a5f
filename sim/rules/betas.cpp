// The names the anthropic-beta header may carry.
#include <algorithm>
#include <array>

#include "rules/validate.h"

namespace sim {
namespace {

constexpr std::array<std::string_view, 61> known{"advanced-tool-use-2025-11-20",
                                                 "afk-mode-2026-01-31",
                                                 "cache-diagnosis-2026-04-07",
                                                 "claude-code-20250219",
                                                 "claude-code-side-query-2026-09-29",
                                                 "code-execution-2025-05-22",
                                                 "code-execution-2025-08-25",
                                                 "compact-2026-01-12",
                                                 "compact-2026-09-04",
                                                 "computer-use-2024-10-22",
                                                 "computer-use-2025-01-24",
                                                 "computer-use-2025-11-24",
                                                 "context-1m-2025-08-07",
                                                 "context-management-2025-06-27",
                                                 "dangerous-tool-use-2026-09-03",
                                                 "dev-full-thinking-2025-05-14",
                                                 "effort-2025-11-24",
                                                 "extended-cache-ttl-2025-04-11",
                                                 "fallback-credit-2026-06-01",
                                                 "fast-mode-2026-02-01",
                                                 "files-api-2025-04-14",
                                                 "fine-grained-tool-streaming-2025-05-14",
                                                 "inline-tools-2026-09-15",
                                                 "interleaved-thinking-2025-05-14",
                                                 "max-tokens-3-5-sonnet-2024-07-15",
                                                 "mcp-client-2025-04-04",
                                                 "mcp-client-2025-11-20",
                                                 "message-batches-2024-09-24",
                                                 "mid-conversation-output-config-2026-07-01",
                                                 "mid-conversation-system-2026-04-07",
                                                 "mid-conversation-system-clear-at-2026-08-21",
                                                 "mid-conversation-tool-changes-2026-07-01",
                                                 "model-context-window-exceeded-2025-08-26",
                                                 "oauth-2025-04-20",
                                                 "output-128k-2025-02-19",
                                                 "output-300k-2026-03-24",
                                                 "pdfs-2024-09-25",
                                                 "per-turn-control-2026-07-01",
                                                 "prompt-caching-2024-07-31",
                                                 "prompt-caching-scope-2026-01-05",
                                                 "redact-thinking-2026-02-12",
                                                 "search-results-2025-06-09",
                                                 "server-side-fallback-2026-06-01",
                                                 "server-side-fallback-2026-07-01",
                                                 "skills-2025-10-02",
                                                 "structured-outputs-2025-09-17",
                                                 "structured-outputs-2025-11-13",
                                                 "structured-outputs-2025-12-15",
                                                 "task-budgets-2026-03-13",
                                                 "text-editor-20250429",
                                                 "thinking-binding-controls-2026-08-01",
                                                 "thinking-display-updates-2026-08-18",
                                                 "thinking-token-count-2026-05-13",
                                                 "token-counting-2024-11-01",
                                                 "token-efficient-tools-2025-02-19",
                                                 "tool-examples-2025-10-29",
                                                 "tool-search-tool-2025-10-19",
                                                 "user-profiles-2026-03-24",
                                                 "web-fetch-2025-09-10",
                                                 "web-fetch-2026-02-09",
                                                 "web-search-2025-03-05"};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

BetaSet read_betas(const HeaderList& headers) {
  BetaSet betas;
  for (const auto& header : headers) {
    if (!equals_ignoring_case(header.name, "anthropic-beta")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const auto part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      if (const auto name = trimmed(part); !name.empty()) betas.emplace(name);
    }
  }
  return betas;
}

std::optional<ApiError> validate_betas(const BetaSet& betas) {
  std::string unknown;
  for (const auto& beta : betas) {
    if (std::find(known.begin(), known.end(), beta) != known.end()) continue;
    unknown += (unknown.empty() ? "`" : ", `") + beta + "`";
  }
  if (unknown.empty()) return std::nullopt;
  return invalid_request("Unexpected value(s) " + unknown +
                         " for the `anthropic-beta` header. Please consult our documentation at docs.claude.com or try "
                         "again without the header.");
}

}  // namespace sim

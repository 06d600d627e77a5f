// The files of web/, compiled in. Immutable; any thread.
#pragma once

#include <span>
#include <string_view>

namespace distiq {

struct WebAsset {
  std::string_view path;  // on our port
  std::string_view content_type;
  std::string_view bytes;
};

[[nodiscard]] std::span<const WebAsset> web_assets();

}  // namespace distiq

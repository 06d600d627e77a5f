// NAME=value files. Not a shell: no substitution, no multi-line values. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace distiq {

struct FileSetting {
  std::string name;
  std::string value;
  int line = 0;  // from 1
};

// Lines are blank, "# comment" or "[export ]NAME = value". A value is 'literal', "with \n \t \" \\ \$ escapes" or bare
// text that ends before " #". BOM and CRLF are accepted. Anything else fails with bad_config; log_detail and
// client_text are "line N ..." and hold no value.
[[nodiscard]] Result<std::vector<FileSetting>> parse_env_file(std::string_view text);

}  // namespace distiq

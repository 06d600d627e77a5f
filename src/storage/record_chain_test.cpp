#include "storage/record_chain.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

// By Python's hashlib, as docs/formats/store.md says it. Stored rows depend on it for ever.
TEST(RecordChain, is_what_the_format_says) {
  const std::string first = next_chain("", "id-1", false,
                                       "a\x1f"
                                       "b\x1f");
  EXPECT_EQ(first, "c2c295f260c4fc9e9131d3823605aa2e422550a6068e717cb516154ceb5ccad2");
  EXPECT_EQ(next_chain(first, "id-2", true, "c\x1f"),
            "e3d28a31d5e3de54661e0ff68b8c022a314a246ce740000f1c762e94cdd27196");
}

}  // namespace
}  // namespace distiq

// Feeds a fuzz target the inputs that are kept for it, one test per file: a crash or a broken property stops the
// program and names the file.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& bytes) {
  // Of exactly that size, so that a sanitizer sees every byte read too many.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  EXPECT_EQ(LLVMFuzzerTestOneInput(input.data(), input.size()), 0);
}

TEST(Replay, an_empty_input) {
  feed("");
}

class KeptInput : public testing::Test {
 public:
  explicit KeptInput(std::filesystem::path path) : path_(std::move(path)) {}
  void TestBody() override {
    std::ifstream file(path_, std::ios::binary);
    ASSERT_TRUE(file.is_open()) << path_;
    feed(std::string(std::istreambuf_iterator<char>(file), {}));
  }

 private:
  std::filesystem::path path_;
};

void register_folder(const char* kind) {
  const auto folder = std::filesystem::path(DISTIQ_SOURCE_DIR) / "fuzz" / kind / DISTIQ_FUZZ_TARGET;
  if (!std::filesystem::exists(folder)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto path = entry.path();
    testing::RegisterTest("Replay", (std::string(kind) + "/" + path.filename().string()).c_str(), nullptr, nullptr,
                          __FILE__, __LINE__, [path]() -> testing::Test* { return new KeptInput(path); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  register_folder("corpus");
  register_folder("regressions");
  return RUN_ALL_TESTS();
}

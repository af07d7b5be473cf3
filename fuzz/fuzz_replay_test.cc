// SPDX-License-Identifier: Apache-2.0
// Gives every fuzz target its corpus again, fuzz/corpus/TARGET/*: what once broke stays mended.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#define HENCE_FUZZ_TARGET(name) extern "C" int hence_fuzz_##name(const uint8_t* data, size_t size);
#include "fuzz_targets.inc"
#undef HENCE_FUZZ_TARGET

namespace {

using Target = int (*)(const uint8_t*, size_t);

class Replay : public testing::Test {
 public:
  Replay(std::string name, Target target) : name_(std::move(name)), target_(target) {}

  void TestBody() override {
    target_(nullptr, 0);
    std::vector<std::filesystem::path> inputs;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(HENCE_SOURCE_DIR "/fuzz/corpus/" + name_, error)) {
      inputs.push_back(entry.path());
    }
    std::sort(inputs.begin(), inputs.end());
    ASSERT_FALSE(inputs.empty()) << "fuzz/corpus/" << name_ << " is empty";
    for (const std::filesystem::path& path : inputs) {
      SCOPED_TRACE(path.string());
      std::ifstream file(path, std::ios::binary);
      std::ostringstream bytes;
      bytes << file.rdbuf();
      ASSERT_TRUE(file) << "cannot be read";
      const std::string input = bytes.str();
      EXPECT_EQ(target_(reinterpret_cast<const uint8_t*>(input.data()), input.size()), 0);
    }
  }

 private:
  std::string name_;
  Target target_;
};

void add(const char* name, Target target) {
  testing::RegisterTest("FuzzReplay", name, nullptr, nullptr, __FILE__, __LINE__,
                        [name, target]() -> testing::Test* { return new Replay(name, target); });
}

}  // namespace

int main(int count, char** words) {
  testing::InitGoogleTest(&count, words);
#define HENCE_FUZZ_TARGET(name) add(#name, &hence_fuzz_##name);
#include "fuzz_targets.inc"
#undef HENCE_FUZZ_TARGET
  const int code = RUN_ALL_TESTS();
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  std::printf("%d passed, %d failed\n", all.successful_test_count(), all.failed_test_count());
  return code;
}

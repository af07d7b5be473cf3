// SPDX-License-Identifier: Apache-2.0

// The cases of tests/filter/*.json, a file for each operator: {"pattern", "event", "match"}. Each is
// asked of a set of its own, of one set of all the file's patterns, of the oracle, and of why. And
// refused.json, of what must be refused: {"pattern", "pointer", "says"}.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "filter/filter_test_data.h"
#include "filter/naive_test_matcher.h"

namespace hence::filter {
namespace {

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// The naive matcher knows the case of ASCII only.
bool oracle_knows(std::string_view item) {
  if (item.find("shellstyle") != item.npos || item.find("regexp") != item.npos) return false;
  return item.find("ignore-case") == item.npos || std::all_of(item.begin(), item.end(), is_ascii);
}

const std::filesystem::path kFolder = HENCE_SOURCE_DIR "/tests/filter";
constexpr const char* kRefused = "refused.json";

json::Value read_cases(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
}

void check_file(const std::filesystem::path& path) {
  const json::Value cases = read_cases(path);
  std::vector<RuleInput> inputs;
  for (const json::View item : cases->elements()) {
    auto conditions = conditions_of_pattern(*item.find("pattern"));
    ASSERT_TRUE(conditions.ok()) << path << item.to_text() << conditions.error().message();
    inputs.push_back({static_cast<uint32_t>(inputs.size()), std::move(conditions).value()});
  }
  const RuleSet together = std::move(RuleSet::build(inputs)).value();
  for (uint32_t i = 0; i < cases->size(); ++i) {
    const json::View item = cases->at(i);
    const json::View event = *item.find("event");
    const bool expected = item.find("match")->as_bool();
    const RuleSet alone = std::move(RuleSet::build({inputs[i]})).value();
    EXPECT_EQ(!matching(alone, event).empty(), expected) << path << item.to_text();
    const auto ids = matching(together, event);
    EXPECT_EQ(std::binary_search(ids.begin(), ids.end(), i), expected) << path << item.to_text();
    EXPECT_EQ(together.why(i, event, {})->verdict == Verdict::holds, expected) << item.to_text();
    if (!oracle_knows(item.to_text())) continue;
    EXPECT_EQ(NaiveMatcher::matches(*item.find("pattern"), event), expected) << item.to_text();
  }
}

TEST(OperatorCases, HaveTheirVerdict) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".json" || entry.path().filename() == kRefused) continue;
    ++files;
    check_file(entry.path());
  }
  EXPECT_GE(files, 16u);
}

TEST(RefusedPatterns, EachSaysWhereAndWhy) {
  const json::Value cases = read_cases(kFolder / kRefused);
  EXPECT_GE(cases->size(), 90u);
  for (const json::View item : cases->elements()) {
    const std::string on = "{\"pattern\":" + item.find("pattern")->to_text() + "}";
    std::vector<Fault> faults;
    EXPECT_FALSE(parse_conditions(parse_json(on), &faults).ok()) << on;
    ASSERT_FALSE(faults.empty()) << on;
    EXPECT_EQ(faults[0].pointer, "/pattern" + std::string(item.string_or("pointer", "?"))) << on;
    EXPECT_NE(faults[0].message.find(item.string_or("says", "?")), std::string::npos) << on << faults[0].message;
    EXPECT_EQ(faults[0].code, ErrorCode::PatternInvalid);
  }
}

}  // namespace
}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0

// Snapshots under change: threads match while one changes rules, and none sees half a change. Run
// with the thread sanitizer too.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

constexpr uint32_t kChanges = 10'000;
constexpr int kReaders = 8;
constexpr uint32_t kFixedRules = 200;

RuleInput rule(uint32_t id, const std::string& on) {
  return {id, std::move(parse_conditions(parse_json(on))).value()};
}

/// Two rules that ask the same and change together: version n has both at value n.
std::vector<RuleInput> twins(uint32_t version) {
  const std::string on = R"({"pattern": {"v": [{"numeric": [">=", )" + std::to_string(version) + "]}]}}";
  return {rule(1'000, on), rule(1'001, on)};
}

TEST(Snapshots, NoEventSeesHalfAChange) {
  std::vector<RuleInput> fixed;
  for (uint32_t i = 0; i < kFixedRules; ++i) {
    fixed.push_back(rule(i, R"({"pattern": {"s": ["s)" + std::to_string(i) + R"("]}})"));
  }
  auto current = std::make_shared<const RuleSet>(std::move(RuleSet::build(std::move(fixed))).value());
  std::atomic<bool> done = false;
  std::atomic<uint64_t> halves = 0;
  std::atomic<uint64_t> lost = 0;
  std::atomic<uint64_t> matches = 0;

  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      MatchScratch scratch;
      std::vector<uint32_t> ids;
      std::vector<MatchError> errors;
      const auto event = parse_json(R"({"s": "s7", "v": )" + std::to_string(kChanges * i / kReaders) + "}");
      do {
        const auto seen = std::atomic_load(&current);
        seen->match(event, {}, scratch, ids, errors);
        const bool first = std::binary_search(ids.begin(), ids.end(), 1'000u);
        const bool second = std::binary_search(ids.begin(), ids.end(), 1'001u);
        if (first != second) ++halves;
        if (!std::binary_search(ids.begin(), ids.end(), 7u)) ++lost;
        matches += ids.size();
      } while (!done);
    });
  }
  for (uint32_t version = 1; version <= kChanges; ++version) {
    const bool removes = version % 5 == 0;
    auto next = removes ? current->with_changes({}, {1'000, 1'001}) : current->with_changes(twins(version), {});
    ASSERT_TRUE(next.ok());
    std::atomic_store(&current, std::make_shared<const RuleSet>(std::move(next).value()));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(halves, 0u);
  EXPECT_EQ(lost, 0u);
  EXPECT_GT(matches, 0u);
}

}  // namespace
}  // namespace hence::filter

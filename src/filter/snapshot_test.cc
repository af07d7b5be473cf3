// SPDX-License-Identifier: Apache-2.0

// Snapshots under change: threads match while one changes rules and another merges the indexes, and
// none sees half a change. Run with the thread sanitizer too.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
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

/// What threads share: the present set, changed by one and merged by another.
class Shared {
 public:
  Shared() {
    for (uint32_t i = 0; i < kFixedRules; ++i) {
      rules_[i] = R"({"pattern": {"s": ["s)" + std::to_string(i) + R"("]}})";
    }
    set_ = build(rules_);
  }
  std::shared_ptr<const RuleSet> get() const {
    const std::lock_guard lock(mutex_);
    return set_;
  }
  /// Twins at a version, or, at every fifth, none.
  void change(uint32_t version) {
    const bool removes = version % 5 == 0;
    const std::string on = R"({"pattern": {"v": [{"numeric": [">=", )" + std::to_string(version) + "]}]}}";
    const std::lock_guard lock(mutex_);
    for (const uint32_t id : kTwins) {
      if (removes) rules_.erase(id);
      else rules_[id] = on;
    }
    auto next = removes ? set_->with_changes({}, {kTwins[0], kTwins[1]})
                        : set_->with_changes({rule(kTwins[0], on), rule(kTwins[1], on)}, {});
    set_ = std::make_shared<const RuleSet>(std::move(next).value());
  }
  /// Builds anew what is there now, then puts what came meanwhile beside it.
  void merge() {
    std::map<uint32_t, std::string> rules;
    std::shared_ptr<const RuleSet> from;
    {
      const std::lock_guard lock(mutex_);
      rules = rules_;
      from = set_;
    }
    const auto merged = build(rules);
    const std::lock_guard lock(mutex_);
    auto rebased = set_->rebased(*from, *merged);
    ASSERT_TRUE(rebased.has_value());
    set_ = std::make_shared<const RuleSet>(std::move(*rebased));
  }
  static constexpr uint32_t kTwins[] = {1'000, 1'001};

 private:
  static std::shared_ptr<const RuleSet> build(const std::map<uint32_t, std::string>& rules) {
    std::vector<RuleInput> inputs;
    for (const auto& [id, on] : rules) inputs.push_back(rule(id, on));
    return std::make_shared<const RuleSet>(std::move(RuleSet::build(std::move(inputs))).value());
  }
  mutable std::mutex mutex_;
  std::map<uint32_t, std::string> rules_;
  std::shared_ptr<const RuleSet> set_;
};

TEST(Snapshots, NoEventSeesHalfAChange) {
  Shared shared;
  std::atomic<bool> done = false;
  std::atomic<uint64_t> halves = 0;
  std::atomic<uint64_t> lost = 0;
  std::atomic<uint64_t> matches = 0;
  std::atomic<uint64_t> merges = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kReaders; ++i) {
    threads.emplace_back([&, i] {
      MatchScratch scratch;
      std::vector<uint32_t> ids;
      std::vector<MatchError> errors;
      const auto event = parse_json(R"({"s": "s7", "v": )" + std::to_string(kChanges * i / kReaders) + "}");
      do {
        shared.get()->match(event, {}, scratch, ids, errors);
        const bool first = std::binary_search(ids.begin(), ids.end(), Shared::kTwins[0]);
        const bool second = std::binary_search(ids.begin(), ids.end(), Shared::kTwins[1]);
        if (first != second) ++halves;
        if (!std::binary_search(ids.begin(), ids.end(), 7u)) ++lost;
        matches += ids.size();
      } while (!done);
    });
  }
  threads.emplace_back([&] {
    for (; !done; ++merges) shared.merge();
  });
  for (uint32_t version = 1; version <= kChanges; ++version) shared.change(version);
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(halves, 0u);
  EXPECT_EQ(lost, 0u);
  EXPECT_GT(matches, 0u);
  EXPECT_GT(merges, 0u);
}

}  // namespace
}  // namespace hence::filter

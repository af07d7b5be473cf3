// SPDX-License-Identifier: Apache-2.0
#pragma once

// How selective conditions are among others: the share of events that is expected to meet each. Many
// distinct values at a path tell of a selective field; only the order of the shares matters.

#include <cstdint>
#include <vector>

#include "filter/access_keys.h"
#include "filter/condition_table.h"

namespace hence::filter {

/// The share of a condition that no value leads to.
inline constexpr double kInaccessible = 1.0;

/// Usage: begin(), add() each condition, finish(); then the share() of those.
class ConditionWeights {
 public:
  ConditionWeights(const ConditionTable& table, const PathTable& paths);

  void begin();
  void add(ConditionId id);  ///< may be added again
  void finish();
  /// Up to kInaccessible.
  double share(ConditionId id) const { return shares_[id]; }

 private:
  /// What a key of an added condition leads to.
  struct Content {
    uint32_t group = 0;  ///< of path and kind, in distinct_
    uint64_t hash = 0;
  };
  struct Added {
    ConditionId id = 0;
    uint32_t end = 0;  ///< of its keys, in contents_
    bool accessible = false;
  };
  void count_distinct();

  const ConditionTable& table_;
  uint32_t epoch_ = 0;
  std::vector<uint32_t> added_in_;  // per condition: the epoch
  std::vector<double> shares_;      // per condition
  std::vector<uint32_t> distinct_;  // per path and kind: contents
  std::vector<Added> added_;
  std::vector<Content> contents_;
  std::vector<uint64_t> seen_;      // hashes, size a power of two, 0 is an empty place
  std::vector<Key> keys_;           // of one condition, reused
};

}  // namespace hence::filter

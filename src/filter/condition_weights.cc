// SPDX-License-Identifier: Apache-2.0
#include "filter/condition_weights.h"

#include <algorithm>

#include "filter/hashing.h"

namespace hence::filter {

namespace {

constexpr uint32_t kKinds = static_cast<uint32_t>(AccessKind::type) + 1;

/// The share of events that meet one key, where so many keys of the kind are distinct at the path.
double expected_share(AccessKind kind, uint32_t distinct) {
  const double one = 1.0 / (1.0 + distinct);
  switch (kind) {
    case AccessKind::exact:
    case AccessKind::folded:
      return std::min(0.1, one);
    case AccessKind::range:
      return 0.25;
    case AccessKind::present:
      return 0.9;
    case AccessKind::type:
      return 0.01;  // of fields that jq compares, where another type is a mistake
    default:
      return std::min(0.2, 2 * one);
  }
}

}  // namespace

ConditionWeights::ConditionWeights(const ConditionTable& table, const PathTable& paths)
    : table_(table), added_in_(table.size()), shares_(table.size()), distinct_(size_t{paths.size()} * kKinds) {}

void ConditionWeights::begin() {
  ++epoch_;
  for (const Content& content : contents_) distinct_[content.group] = 0;
  added_.clear();
  contents_.clear();
}

void ConditionWeights::add(ConditionId id) {
  if (added_in_[id] == epoch_) return;
  added_in_[id] = epoch_;
  const Condition& condition = table_.condition(id);
  const bool accessible = keys_of(table_, condition, keys_);
  for (const Key& key : keys_) {
    contents_.push_back({condition.path * kKinds + static_cast<uint32_t>(key.kind),
                         is_affix(key.kind) ? hash_text(key.text) : key.content});
  }
  added_.push_back({id, static_cast<uint32_t>(contents_.size()), accessible});
}

/// Contents whose hashes are the same count once, which is near enough.
void ConditionWeights::count_distinct() {
  size_t size = 16;
  while (size < 2 * contents_.size()) size *= 2;
  seen_.assign(size, 0);
  for (const Content& content : contents_) {
    const uint64_t hash = mix(content.hash, content.group) | 1u;
    size_t at = (hash >> 1) & (size - 1);
    while (seen_[at] != 0 && seen_[at] != hash) at = (at + 1) & (size - 1);
    if (seen_[at] == hash) continue;
    seen_[at] = hash;
    ++distinct_[content.group];
  }
}

void ConditionWeights::finish() {
  count_distinct();
  uint32_t at = 0;
  for (const Added& added : added_) {
    double share = added.accessible ? 0 : kInaccessible;
    for (; at < added.end; ++at) {
      const uint32_t group = contents_[at].group;
      share += expected_share(static_cast<AccessKind>(group % kKinds), distinct_[group]);
    }
    shares_[added.id] = std::min(share, kInaccessible);
  }
}

}  // namespace hence::filter

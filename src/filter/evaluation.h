// SPDX-License-Identifier: Apache-2.0
#pragma once

// One event against the conditions of one rule set: each distinct condition is decided at most once
// an event, when something first asks. Reused from event to event; not for several threads at once.

#include <cstdint>
#include <span>
#include <vector>

#include "filter/condition_table.h"
#include "filter/event_fields.h"

namespace hence::filter {

class Evaluation {
 public:
  enum class State : uint8_t {
    fails,
    holds,        ///< whatever the other conditions choose
    scoped,       ///< by values inside array elements only: must agree with the others
    conditional,  ///< by absence (or values) inside the elements the others choose
  };

  /// Starts on an event. Borrows all three until the next begin().
  void begin(const PathTable& paths, const ConditionTable& conditions, json::View event);

  const EventFields& fields() const { return fields_; }
  State state(ConditionId id) {
    const Condition& condition = conditions_->condition(id);
    if (!condition.shared) return look_at_values(condition);
    const Memo& memo = memos_[id];
    return memo.epoch == epoch_ ? memo.state : decide(id);
  }
  /// Whether all the conditions hold together. proved: a bit for each of the first that is known to hold;
  /// scoped: how many of these only by values inside array elements.
  bool all_hold(std::span<const ConditionId> conditions, uint32_t proved = 0, uint32_t scoped = 0);
  /// Values looked at since ever.
  uint64_t work() const { return work_ + fields_.work(); }

 private:
  struct Memo {
    uint32_t epoch = 0;
    State state = State::fails;
  };
  State decide(ConditionId id);
  State look_at_values(const Condition& condition);
  bool agree(std::span<const ConditionId> conditions);

  const ConditionTable* conditions_ = nullptr;
  EventFields fields_;
  uint32_t epoch_ = 0;
  uint64_t work_ = 0;
  std::vector<Memo> memos_;
};

}  // namespace hence::filter

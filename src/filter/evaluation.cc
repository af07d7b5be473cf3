// SPDX-License-Identifier: Apache-2.0
#include "filter/evaluation.h"

#include <algorithm>

#include "filter/consistency.h"

namespace hence::filter {

void Evaluation::begin(const PathTable& paths, const ConditionTable& conditions,
                       json::View event) {
  conditions_ = &conditions;
  if (++epoch_ == 0) {
    std::fill(memos_.begin(), memos_.end(), Memo{});
    epoch_ = 1;
  }
  if (memos_.size() < conditions.size()) memos_.resize(conditions.size());
  fields_.read(paths, event);
}

Evaluation::State Evaluation::decide(ConditionId id) {
  const State state = look_at_values(conditions_->condition(id));
  memos_[id] = {epoch_, state};
  return state;
}

Evaluation::State Evaluation::look_at_values(const Condition& condition) {
  uint32_t at = fields_.first(condition.path);
  if (at == kNoLeaf) return condition.has_absent ? State::holds : State::fails;
  bool passed = false;
  bool root_value = false;
  for (; at != kNoLeaf; at = fields_.leaf(at).next) {
    const Leaf& leaf = fields_.leaf(at);
    const bool in_root = leaf.scope == kRootScope;
    ++work_;
    root_value = root_value || in_root;
    if (passed && !in_root) continue;
    if (!conditions_->passes(condition, leaf)) continue;
    if (in_root) return State::holds;
    passed = true;
  }
  if (condition.has_absent && !root_value) return State::conditional;
  return passed ? State::scoped : State::fails;
}

bool Evaluation::all_hold(std::span<const ConditionId> conditions, uint32_t proved, uint32_t scoped) {
  bool conditional = false;
  for (const ConditionId id : conditions) {
    const bool is_proved = (proved & 1u) != 0;
    proved >>= 1;
    if (is_proved) continue;
    switch (state(id)) {
      case State::fails:
        return false;
      case State::holds:
        break;
      case State::scoped:
        ++scoped;
        break;
      case State::conditional:
        conditional = true;
        break;
    }
  }
  if (!conditional && scoped <= 1) return true;
  return agree(conditions);
}

namespace {

/// One condition of a conjunction, with where its values lie.
struct Placed {
  std::vector<ScopeId> passing;
  std::vector<ScopeId> present;
  bool may_be_absent = false;
  bool choose_absent = false;

  bool has_choice() const { return may_be_absent && !passing.empty(); }
};

void sort_unique(std::vector<ScopeId>& scopes) {
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
}

Placed place(const ConditionTable& table, const Condition& condition, const EventFields& fields, uint64_t& work) {
  Placed out;
  for (uint32_t at = fields.first(condition.path); at != kNoLeaf; at = fields.leaf(at).next) {
    ++work;
    const Leaf& leaf = fields.leaf(at);
    if (table.passes(condition, leaf)) out.passing.push_back(leaf.scope);
    if (condition.has_absent) out.present.push_back(leaf.scope);
  }
  sort_unique(out.passing);
  sort_unique(out.present);
  out.may_be_absent = condition.has_absent;
  out.choose_absent = condition.has_absent && out.passing.empty();
  return out;
}

bool agree_as_chosen(const EventFields& fields, const std::vector<Placed>& all, uint64_t& work) {
  ScopeDemands demands;
  for (const Placed& placed : all) {
    if (placed.choose_absent) {
      demands.absent.emplace_back(placed.present);
    } else {
      demands.required.emplace_back(placed.passing);
    }
  }
  return can_agree(fields, kRootScope, std::move(demands), work);
}

}  // namespace

bool Evaluation::agree(std::span<const ConditionId> conditions) {
  std::vector<Placed> all;
  std::vector<size_t> choices;
  for (const ConditionId id : conditions) {
    const Condition& condition = conditions_->condition(id);
    if (condition.has_absent && fields_.first(condition.path) == kNoLeaf) continue;
    all.push_back(place(*conditions_, condition, fields_, work_));
    if (all.back().has_choice()) choices.push_back(all.size() - 1);
  }
  // Few by kMixedAbsenceMax: each may be met by a value or by absence.
  const uint32_t combinations = 1u << choices.size();
  for (uint32_t chosen = 0; chosen < combinations; ++chosen) {
    for (size_t i = 0; i < choices.size(); ++i) {
      all[choices[i]].choose_absent = ((chosen >> i) & 1u) != 0;
    }
    if (agree_as_chosen(fields_, all, work_)) return true;
  }
  return false;
}

}  // namespace hence::filter

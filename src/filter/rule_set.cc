// SPDX-License-Identifier: Apache-2.0
#include "filter/rule_set.h"

#include <algorithm>
#include <string>
#include <utility>

namespace hence::filter {

namespace {

Status check_unique(const std::vector<RuleInput>& rules) {
  std::vector<uint32_t> ids;
  ids.reserve(rules.size());
  for (const RuleInput& rule : rules) ids.push_back(rule.id);
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice == ids.end()) return {};
  return Error(ErrorCode::RequestInvalid, "rule id " + std::to_string(*twice) + " is given twice");
}

/// Whether the error only says that others left too little of the shared budget.
bool is_deferred(const Error& error, const expr::Budget& whole, uint64_t steps_before, uint64_t bytes_before) {
  return error.code() == ErrorCode::BudgetExceeded &&
         (steps_before < whole.steps || bytes_before < whole.bytes);
}

MatchScratch::Found found_at(const RuleIndex& index, RuleIndex::Slot slot) {
  const RuleIndex::Head& head = index.head(slot);
  if (head.is_plain) return {head.id, nullptr, nullptr};
  const RuleIndex::Rule& rule = index.rule(slot);
  return {head.id, rule.filters.get(), rule.when.get()};
}

/// Asks the filters and whens of the rules found, in order of id.
void finish_rules(json::View event, const expr::Environment& environment,
                    const std::vector<MatchScratch::Found>& found, std::vector<uint32_t>& ids,
                    std::vector<MatchError>& errors) {
  expr::Budget budget = environment.when;
  bool used_up = false;
  for (const MatchScratch::Found& rule : found) {
    if (rule.filters != nullptr && !rule.filters->passes(event)) continue;
    if (rule.when == nullptr) {
      ids.push_back(rule.id);
      continue;
    }
    if (used_up) {
      errors.push_back({rule.id,
                        Error(ErrorCode::BudgetExceeded,
                              "the budget shared by the when of all rules of one event is used up"),
                        true});
      continue;
    }
    const uint64_t steps_before = budget.steps;
    const uint64_t bytes_before = budget.bytes;
    auto verdict = rule.when->evaluate_condition(event, {}, environment, budget);
    if (verdict.ok()) {
      if (*verdict) ids.push_back(rule.id);
      continue;
    }
    used_up = verdict.error().code() == ErrorCode::BudgetExceeded;
    const bool deferred = is_deferred(verdict.error(), environment.when, steps_before, bytes_before);
    errors.push_back({rule.id, std::move(verdict).error(), deferred});
  }
}

}  // namespace

Result<RuleSet> RuleSet::build(std::vector<RuleInput> rules) {
  HENCE_TRY_VOID(check_unique(rules));
  std::vector<const RuleInput*> inputs;
  inputs.reserve(rules.size());
  for (const RuleInput& rule : rules) inputs.push_back(&rule);
  RuleSet out;
  out.base_ = RuleIndex::build(inputs);
  out.delta_ = RuleIndex::build({});
  out.changes_ = std::make_shared<const std::vector<SharedRule>>();
  return out;
}

Result<RuleSet> RuleSet::with_changes(std::vector<RuleInput> added,
                                      const std::vector<uint32_t>& removed) const {
  HENCE_TRY_VOID(check_unique(added));
  std::vector<SharedRule> shared;
  shared.reserve(added.size());
  for (RuleInput& rule : added) shared.push_back(std::make_shared<const RuleInput>(std::move(rule)));
  return changed(std::move(shared), removed);
}

/// gone: removed besides what the added rules replace.
RuleSet RuleSet::changed(std::vector<SharedRule> added, std::vector<uint32_t> gone) const {
  for (const SharedRule& rule : added) gone.push_back(rule->id);
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());

  RuleSet out = *this;
  for (const SharedRule& rule : *changes_) {
    if (!std::binary_search(gone.begin(), gone.end(), rule->id)) added.push_back(rule);
  }
  for (const uint32_t id : gone) {
    if (base_->find(id)) out.hidden_.push_back(id);
  }
  std::sort(out.hidden_.begin(), out.hidden_.end());
  out.hidden_.erase(std::unique(out.hidden_.begin(), out.hidden_.end()), out.hidden_.end());
  std::vector<const RuleInput*> inputs;
  inputs.reserve(added.size());
  for (const SharedRule& rule : added) inputs.push_back(rule.get());
  out.delta_ = RuleIndex::build(inputs);
  out.changes_ = std::make_shared<const std::vector<SharedRule>>(std::move(added));
  return out;
}

std::optional<RuleSet> RuleSet::rebased(const RuleSet& from, const RuleSet& merged) const {
  if (base_ != from.base_ || merged.changes() != 0) return std::nullopt;
  std::vector<SharedRule> known = *from.changes_;
  std::sort(known.begin(), known.end());
  std::vector<SharedRule> added;
  for (const SharedRule& rule : *changes_) {
    if (!std::binary_search(known.begin(), known.end(), rule)) added.push_back(rule);
  }
  std::vector<uint32_t> gone;
  const auto look_at = [&](uint32_t id) {
    if (merged.contains(id) && !contains(id)) gone.push_back(id);
  };
  for (const uint32_t id : hidden_) look_at(id);
  for (const SharedRule& rule : known) look_at(rule->id);
  return merged.changed(std::move(added), std::move(gone));
}

bool RuleSet::is_hidden(uint32_t rule) const {
  return !hidden_.empty() && std::binary_search(hidden_.begin(), hidden_.end(), rule);
}

void RuleSet::match(json::View event, const expr::Environment& environment, MatchScratch& scratch,
                    std::vector<uint32_t>& ids, std::vector<MatchError>& errors) const {
  ids.clear();
  errors.clear();
  auto& found = scratch.found;
  found.clear();
  scratch.slots.clear();
  base_->collect(event, scratch.base, scratch.slots);
  for (const RuleIndex::Slot slot : scratch.slots) {
    if (!is_hidden(base_->head(slot).id)) found.push_back(found_at(*base_, slot));
  }
  scratch.slots.clear();
  delta_->collect(event, scratch.changes, scratch.slots);
  for (const RuleIndex::Slot slot : scratch.slots) found.push_back(found_at(*delta_, slot));
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  found.erase(std::unique(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id == b.id; }),
              found.end());
  finish_rules(event, environment, found, ids, errors);
}

RuleSet::Place RuleSet::locate(uint32_t rule) const {
  if (const auto slot = delta_->find(rule)) return {delta_.get(), *slot};
  const auto slot = base_->find(rule);
  if (!slot || is_hidden(rule)) return {};
  return {base_.get(), *slot};
}

Result<bool> RuleSet::match_when(uint32_t rule, json::View event,
                                 const expr::Environment& environment) const {
  const Place place = locate(rule);
  if (place.index == nullptr) {
    return Error(ErrorCode::NotFound, "the rule set has no rule " + std::to_string(rule));
  }
  const expr::Program* when = place.index->rule(place.slot).when.get();
  if (when == nullptr) return true;
  expr::Budget budget = environment.when;
  return when->evaluate_condition(event, {}, environment, budget);
}

Result<Why> RuleSet::why(uint32_t rule, json::View event,
                         const expr::Environment& environment) const {
  const Place place = locate(rule);
  if (place.index == nullptr) {
    return Error(ErrorCode::NotFound, "the rule set has no rule " + std::to_string(rule));
  }
  return explain_rule(*place.index, place.slot, event, environment);
}

size_t RuleSet::size() const { return base_->size() - hidden_.size() + delta_->size(); }

size_t RuleSet::memory_bytes() const {
  return base_->memory_bytes() + delta_->memory_bytes() + hidden_.capacity() * sizeof(uint32_t);
}

}  // namespace hence::filter

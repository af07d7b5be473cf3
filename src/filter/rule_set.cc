// SPDX-License-Identifier: Apache-2.0
#include "filter/rule_set.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace hence::filter {

namespace {

/// Rules of the newest layer up to which a change is compiled with it.
constexpr size_t kSmallLayer = 128;
/// A layer is joined with those above it once it is less than so many times as large…
constexpr size_t kLayerGrowth = 4;
/// …or so many lie there: every event asks them all.
constexpr size_t kLayersMax = 4;

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
  out.base_.index = RuleIndex::build(inputs);
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

bool RuleSet::Layer::shows(uint32_t rule) const {
  return index->find(rule) && !std::binary_search(hidden.begin(), hidden.end(), rule);
}

void RuleSet::Layer::hide(const std::vector<uint32_t>& gone) {
  const size_t before = hidden.size();
  for (const uint32_t id : gone) {
    if (index->find(id)) hidden.push_back(id);
  }
  std::inplace_merge(hidden.begin(), hidden.begin() + static_cast<ptrdiff_t>(before), hidden.end());
  hidden.erase(std::unique(hidden.begin(), hidden.end()), hidden.end());
}

/// gone: removed besides what the added rules replace.
RuleSet RuleSet::changed(std::vector<SharedRule> added, std::vector<uint32_t> gone) const {
  for (const SharedRule& rule : added) gone.push_back(rule->id);
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());

  RuleSet out = *this;
  out.base_.hide(gone);
  for (Layer& layer : out.layers_) layer.hide(gone);
  out.join_layers(added);
  if (added.empty()) return out;
  Layer top;
  std::vector<const RuleInput*> inputs;
  inputs.reserve(added.size());
  for (const SharedRule& rule : added) inputs.push_back(rule.get());
  top.index = RuleIndex::build(inputs);
  top.rules = std::make_shared<const std::vector<SharedRule>>(std::move(added));
  out.layers_.push_back(std::move(top));
  return out;
}

/// Takes layers away and adds their rules to those of the one to come.
void RuleSet::join_layers(std::vector<SharedRule>& rules) {
  while (!layers_.empty()) {
    const Layer& newest = layers_.back();
    const size_t size = newest.rules->size();
    const bool stays = size > kSmallLayer && size >= kLayerGrowth * rules.size() && layers_.size() < kLayersMax;
    if (stays && newest.visible() > 0) return;
    for (const SharedRule& rule : *newest.rules) {
      if (newest.shows(rule->id)) rules.push_back(rule);
    }
    layers_.pop_back();
  }
}

bool RuleSet::has_layer(const RuleIndex* index) const {
  return std::any_of(layers_.begin(), layers_.end(), [&](const Layer& layer) { return layer.index.get() == index; });
}

std::vector<RuleSet::SharedRule> RuleSet::rules_beside(const RuleSet& other) const {
  std::vector<SharedRule> out;
  for (const Layer& layer : layers_) {
    if (other.has_layer(layer.index.get())) continue;
    for (const SharedRule& rule : *layer.rules) {
      if (layer.shows(rule->id)) out.push_back(rule);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<uint32_t> RuleSet::hidden_since(const RuleSet& before) const {
  std::vector<uint32_t> out;
  const auto compare = [&](const Layer& now, const Layer& then) {
    if (now.index != then.index) return;
    std::set_difference(now.hidden.begin(), now.hidden.end(), then.hidden.begin(), then.hidden.end(),
                        std::back_inserter(out));
  };
  compare(base_, before.base_);
  for (const Layer& now : layers_) {
    for (const Layer& then : before.layers_) compare(now, then);
  }
  return out;
}

std::optional<RuleSet> RuleSet::rebased(const RuleSet& from, const RuleSet& merged) const {
  if (base_.index != from.base_.index || merged.changes() != 0) return std::nullopt;
  const std::vector<SharedRule> known = from.rules_beside(*this);
  const std::vector<SharedRule> now = rules_beside(from);
  std::vector<SharedRule> added;
  std::set_difference(now.begin(), now.end(), known.begin(), known.end(), std::back_inserter(added));
  std::vector<uint32_t> gone = hidden_since(from);
  for (const SharedRule& rule : known) gone.push_back(rule->id);
  std::erase_if(gone, [&](uint32_t id) { return contains(id) || !merged.contains(id); });
  return merged.changed(std::move(added), std::move(gone));
}

void RuleSet::collect(const Layer& layer, json::View event, IndexScratch& scratch, MatchScratch& all) {
  all.slots.clear();
  layer.index->collect(event, scratch, all.slots);
  for (const RuleIndex::Slot slot : all.slots) {
    const uint32_t id = layer.index->head(slot).id;
    const bool hidden = !layer.hidden.empty() && std::binary_search(layer.hidden.begin(), layer.hidden.end(), id);
    if (!hidden) all.found.push_back(found_at(*layer.index, slot));
  }
}

void RuleSet::match(json::View event, const expr::Environment& environment, MatchScratch& scratch,
                    std::vector<uint32_t>& ids, std::vector<MatchError>& errors) const {
  ids.clear();
  errors.clear();
  auto& found = scratch.found;
  found.clear();
  collect(base_, event, scratch.base, scratch);
  for (const Layer& layer : layers_) collect(layer, event, scratch.changes, scratch);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  found.erase(std::unique(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id == b.id; }),
              found.end());
  finish_rules(event, environment, found, ids, errors);
}

RuleSet::Place RuleSet::locate(uint32_t rule) const {
  for (const Layer& layer : layers_) {
    if (layer.shows(rule)) return {layer.index.get(), *layer.index->find(rule)};
  }
  if (base_.shows(rule)) return {base_.index.get(), *base_.index->find(rule)};
  return {};
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

size_t RuleSet::size() const {
  size_t rules = base_.visible();
  for (const Layer& layer : layers_) rules += layer.visible();
  return rules;
}

size_t RuleSet::changes() const {
  size_t rules = base_.hidden.size();
  for (const Layer& layer : layers_) rules += layer.index->size();
  return rules;
}

size_t RuleSet::memory_bytes() const {
  size_t bytes = base_.index->memory_bytes() + base_.hidden.capacity() * sizeof(uint32_t);
  for (const Layer& layer : layers_) {
    bytes += layer.index->memory_bytes() + layer.hidden.capacity() * sizeof(uint32_t);
  }
  return bytes;
}

}  // namespace hence::filter

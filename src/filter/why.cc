// SPDX-License-Identifier: Apache-2.0
#include "filter/why.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "filter/condition_text.h"
#include "filter/field_hint.h"
#include "json/builder.h"

namespace hence::filter {

namespace {

constexpr size_t kShownValues = 5;
constexpr size_t kShownBranches = 8;
constexpr size_t kPairsTried = 10'000;

class Explainer {
 public:
  Explainer(const RuleIndex& index, RuleIndex::Slot slot, json::View event)
      : index_(index), rule_(index.rule(slot)), event_(event) {
    evaluation_.begin(index.paths(), index.conditions(), event);
    if (rule_.filters) of_filters_ = rule_.filters->necessary_conditions();
  }

  Why explain(const expr::Environment& environment) {
    Why why;
    why.rule = rule_.id;
    why.root.kind = WhyNode::Kind::all;
    add_pattern(why.root);
    if (rule_.filters) add_filters(why.root);
    const bool reached = all_parts_hold(why.root);
    if (rule_.when) add_when(why.root, reached, environment);
    mark_first_failing(why.root);
    why.root.verdict = Verdict::holds;
    for (const WhyNode& part : why.root.parts) {
      if (part.verdict == Verdict::holds) continue;
      why.root.verdict = part.verdict;
      break;
    }
    why.verdict = why.root.verdict;
    return why;
  }

 private:
  std::vector<ConditionId> conditions_of(uint32_t nth) const {
    std::vector<ConditionId> out;
    for (const ConditionId id : index_.conjunction(rule_.first_conjunction + nth)) {
      // What the index knows of a when is told by the when itself.
      if (!index_.paths().is_raw(index_.conditions().condition(id).path)) out.push_back(id);
    }
    return out;
  }
  static bool all_parts_hold(const WhyNode& node) {
    return std::all_of(node.parts.begin(), node.parts.end(),
                       [](const WhyNode& part) { return part.verdict == Verdict::holds; });
  }
  static void mark_first_failing(WhyNode& node) {
    for (WhyNode& part : node.parts) {
      if (part.verdict == Verdict::holds || part.verdict == Verdict::not_reached) continue;
      part.decides = true;
      return;
    }
  }

  using Ids = std::span<const ConditionId>;

  std::vector<ConditionId> common_conditions() const;
  void add_pattern(WhyNode& root);
  WhyNode explain_branches(const std::vector<ConditionId>& common, bool common_hold);
  bool says_nothing(ConditionId id) const;
  AskedBy asked_by(const Condition& condition) const;
  WhyNode explain_condition(ConditionId id, Ids together_with, bool is_met);
  bool fails(ConditionId id, Ids together_with);
  std::string closest_in_array(ConditionId id, Ids together_with);
  void add_agreement(const std::vector<ConditionId>& conditions, WhyNode& node);
  void add_filters(WhyNode& root) const;
  void add_when(WhyNode& root, bool reached, const expr::Environment& environment) const;
  std::string elements_text(const Condition& condition) const;
  std::optional<uint32_t> outermost_array(ConditionId id) const;
  std::vector<ScopeId> lacking_elements(PathId path) const;
  std::vector<ScopeId> scopes_meeting(const Condition& condition) const;
  std::string closest_element(Ids conditions) const;
  std::string scope_text(ScopeId scope) const;
  std::string read_values(const expr::Environment& environment) const;

  const RuleIndex& index_;
  const RuleIndex::Rule& rule_;
  json::View event_;
  Evaluation evaluation_;
  std::vector<FieldSpec> of_filters_;  // what the index knows of the filters
  size_t pairs_left_ = kPairsTried;
};

/// The conditions that every conjunction has: they are shown once, before the alternatives.
std::vector<ConditionId> Explainer::common_conditions() const {
  std::vector<ConditionId> common = conditions_of(0);
  for (uint32_t i = 1; i < rule_.conjunction_count; ++i) {
    const auto other = conditions_of(i);
    std::erase_if(common, [&](ConditionId id) {
      return std::find(other.begin(), other.end(), id) == other.end();
    });
  }
  return common;
}

void Explainer::add_pattern(WhyNode& root) {
  if (rule_.conjunction_count == 0) return;
  const std::vector<ConditionId> common = common_conditions();
  std::vector<ConditionId> all;
  bool holds = false;
  for (uint32_t i = 0; i < rule_.conjunction_count; ++i) {
    const std::vector<ConditionId> conditions = conditions_of(i);
    holds = holds || evaluation_.all_hold(conditions);
    all.insert(all.end(), conditions.begin(), conditions.end());
  }
  for (const ConditionId id : common) {
    if (!says_nothing(id)) root.parts.push_back(explain_condition(id, common, holds || !fails(id, all)));
  }
  if (rule_.conjunction_count > 1) {
    root.parts.push_back(explain_branches(common, all_parts_hold(root)));
  } else if (all_parts_hold(root)) {
    add_agreement(common, root);
  }
}

/// Whether a condition holds by what the index let pass for the filter alone.
bool Explainer::says_nothing(ConditionId id) const {
  const Condition& condition = index_.conditions().condition(id);
  const EventFields& fields = evaluation_.fields();
  bool left_to_filter = false;
  for (uint32_t at = fields.first(condition.path); at != kNoLeaf; at = fields.leaf(at).next) {
    const Leaf& leaf = fields.leaf(at);
    if (!index_.conditions().passes(condition, leaf)) continue;
    if (!is_left_to_filter(index_.conditions(), condition, leaf)) return false;
    left_to_filter = true;
  }
  return left_to_filter;
}

/// common_hold: whether what was shown before the alternatives holds.
WhyNode Explainer::explain_branches(const std::vector<ConditionId>& common, bool common_hold) {
  WhyNode any;
  any.kind = WhyNode::Kind::any;
  any.verdict = Verdict::fails;
  size_t fewest_failing = SIZE_MAX;
  size_t closest = 0;
  for (uint32_t i = 0; i < rule_.conjunction_count; ++i) {
    const std::vector<ConditionId> conditions = conditions_of(i);
    WhyNode branch;
    branch.kind = WhyNode::Kind::all;
    const bool holds = evaluation_.all_hold(conditions);
    for (const ConditionId id : conditions) {
      if (std::find(common.begin(), common.end(), id) != common.end()) continue;
      branch.parts.push_back(explain_condition(id, conditions, holds || !fails(id, conditions)));
    }
    if (common_hold && all_parts_hold(branch)) add_agreement(conditions, branch);
    const auto failing = static_cast<size_t>(
        std::count_if(branch.parts.begin(), branch.parts.end(),
                      [](const WhyNode& part) { return part.verdict != Verdict::holds; }));
    branch.verdict = failing == 0 ? Verdict::holds : Verdict::fails;
    if (failing == 0) any.verdict = Verdict::holds;
    if (failing < fewest_failing) {
      fewest_failing = failing;
      closest = any.parts.size();
    }
    any.parts.push_back(std::move(branch));
  }
  any.parts[closest].decides = true;
  mark_first_failing(any.parts[closest]);
  if (any.parts.size() > kShownBranches) {
    std::rotate(any.parts.begin(), any.parts.begin() + static_cast<std::ptrdiff_t>(closest),
                any.parts.begin() + static_cast<std::ptrdiff_t>(closest) + 1);
    any.hint = std::to_string(any.parts.size() - kShownBranches) + " more alternatives not shown";
    any.parts.resize(kShownBranches);
  }
  return any;
}

/// Whether a condition of a conjunction that does not hold is to blame by itself. Absence inside an array is
/// judged in the elements that another condition chooses, so it fails if no other leaves it true.
bool Explainer::fails(ConditionId id, Ids together_with) {
  const Evaluation::State state = evaluation_.state(id);
  if (state != Evaluation::State::conditional) return state == Evaluation::State::fails;
  if (evaluation_.all_hold(std::array{id})) return false;
  for (const ConditionId other : together_with) {
    const auto chooses = evaluation_.state(other);
    if (chooses != Evaluation::State::scoped && chooses != Evaluation::State::conditional) continue;
    if (other == id || !index_.conditions().condition(other).has_positive) continue;
    if (pairs_left_ == 0) return false;
    --pairs_left_;
    if (evaluation_.all_hold(std::array{id, other})) return false;
  }
  return true;
}

AskedBy Explainer::asked_by(const Condition& condition) const {
  if (of_filters_.empty()) return AskedBy::pattern;
  const auto keys = index_.paths().keys(condition.path);
  const bool of_filters = std::any_of(of_filters_.begin(), of_filters_.end(), [&](const FieldSpec& field) {
    return std::equal(field.path.begin(), field.path.end(), keys.begin(), keys.end());
  });
  return of_filters ? AskedBy::filters : AskedBy::pattern;
}

/// together_with: the conditions it is asked with, itself included.
WhyNode Explainer::explain_condition(ConditionId id, Ids together_with, bool is_met) {
  const Condition& condition = index_.conditions().condition(id);
  const EventFields& fields = evaluation_.fields();
  WhyNode node;
  node.path = index_.paths().to_text(condition.path);
  node.operators = operator_text(index_.conditions(), condition);
  node.expected = expected_text(index_.conditions(), condition);
  node.verdict = is_met ? Verdict::holds : Verdict::fails;
  size_t count = 0;
  for (uint32_t at = fields.first(condition.path); at != kNoLeaf; at = fields.leaf(at).next) {
    const Leaf& leaf = fields.leaf(at);
    if (++count > kShownValues) continue;
    if (count > 1) node.actual += ", ";
    node.actual += short_json(leaf.value);
    if (node.verdict == Verdict::fails && node.hint.empty()) {
      node.hint = value_hint(index_.conditions(), condition, leaf, asked_by(condition));
    }
  }
  if (count > kShownValues) node.actual += " … " + std::to_string(count - kShownValues) + " more";
  if (count == 0) {
    const FieldHint hint = explain_absence(event_, index_.paths().keys(condition.path));
    node.actual = hint.found;
    if (node.verdict == Verdict::fails) node.hint = hint.advice;
  }
  if (node.verdict == Verdict::fails && node.hint.empty()) node.hint = closest_in_array(id, together_with);
  return node;
}

/// The number of the array of the event that holds the values a condition looks at, from outside.
std::optional<uint32_t> Explainer::outermost_array(ConditionId id) const {
  const EventFields& fields = evaluation_.fields();
  const PathId path = index_.conditions().condition(id).path;
  for (uint32_t at = fields.first(path); at != kNoLeaf; at = fields.leaf(at).next) {
    const ScopeId scope = fields.leaf(at).scope;
    if (scope != kRootScope) return fields.scopes()[fields.child_towards(kRootScope, scope)].array;
  }
  return std::nullopt;
}

/// The element that meets most of the conditions about the same array, said at the first of them that fails.
std::string Explainer::closest_in_array(ConditionId id, Ids together_with) {
  const auto array = outermost_array(id);
  if (!array) return "";
  std::vector<ConditionId> group;
  for (const ConditionId other : together_with) {
    if (outermost_array(other) != array) continue;
    const bool is_failing = evaluation_.state(other) == Evaluation::State::fails;
    if (is_failing && other != id && std::find(group.begin(), group.end(), id) == group.end()) return "";
    if (std::find(group.begin(), group.end(), other) == group.end()) group.push_back(other);
  }
  return group.size() < 2 ? "" : closest_element(group);
}

/// The outermost elements without any value at the path, of arrays where other elements have one.
std::vector<ScopeId> Explainer::lacking_elements(PathId path) const {
  const EventFields& fields = evaluation_.fields();
  std::vector<bool> has(fields.scopes().size(), false);
  std::vector<uint32_t> arrays;
  for (uint32_t at = fields.first(path); at != kNoLeaf; at = fields.leaf(at).next) {
    for (ScopeId scope = fields.leaf(at).scope; scope != kRootScope && !has[scope]; scope = fields.scopes()[scope].parent) {
      has[scope] = true;
      arrays.push_back(fields.scopes()[scope].array);
    }
  }
  std::sort(arrays.begin(), arrays.end());
  std::vector<ScopeId> out;
  for (ScopeId scope = 1; scope < has.size(); ++scope) {
    const Scope& element = fields.scopes()[scope];
    const bool is_outermost = element.parent == kRootScope || has[element.parent];
    if (has[scope] || !is_outermost) continue;
    if (std::binary_search(arrays.begin(), arrays.end(), element.array)) out.push_back(scope);
  }
  return out;
}

/// Where a condition holds: the scopes of the values that pass, and all within elements that lack the field
/// if it asks for absence.
std::vector<ScopeId> Explainer::scopes_meeting(const Condition& condition) const {
  const EventFields& fields = evaluation_.fields();
  std::vector<ScopeId> out;
  for (uint32_t at = fields.first(condition.path); at != kNoLeaf; at = fields.leaf(at).next) {
    if (index_.conditions().passes(condition, fields.leaf(at))) out.push_back(fields.leaf(at).scope);
  }
  if (!condition.has_absent) return out;
  for (const ScopeId element : lacking_elements(condition.path)) {
    for (ScopeId scope = element; scope < fields.scopes()[element].end; ++scope) out.push_back(scope);
  }
  return out;
}

/// "in element [0], element [2]", "absent from element [1]": where the condition holds.
std::string Explainer::elements_text(const Condition& condition) const {
  const EventFields& fields = evaluation_.fields();
  std::string out;
  size_t count = 0;
  const auto add = [&](std::string_view before, ScopeId scope) {
    if (++count > kShownValues) return;
    out += out.empty() ? before : ", ";
    out += scope == kRootScope ? "outside arrays" : "element " + scope_text(scope);
  };
  for (uint32_t at = fields.first(condition.path); at != kNoLeaf; at = fields.leaf(at).next) {
    const Leaf& leaf = fields.leaf(at);
    if (index_.conditions().passes(condition, leaf)) add(leaf.scope == kRootScope ? "" : "in ", leaf.scope);
  }
  if (count == 0 && condition.has_absent) {
    for (const ScopeId scope : lacking_elements(condition.path)) add("absent from ", scope);
  }
  if (count > kShownValues) out += " … " + std::to_string(count - kShownValues) + " more";
  return out.empty() ? "in no element" : out;
}

/// "[2][0]": the elements, from the outermost array inwards.
std::string Explainer::scope_text(ScopeId scope) const {
  std::string out;
  for (; scope != kRootScope; scope = evaluation_.fields().scopes()[scope].parent) {
    out.insert(0, "[" + std::to_string(evaluation_.fields().scopes()[scope].index) + "]");
  }
  return out;
}

/// The element that meets the most of the conditions, though not all.
std::string Explainer::closest_element(Ids conditions) const {
  const EventFields& fields = evaluation_.fields();
  std::vector<std::vector<ScopeId>> meeting;
  std::vector<uint32_t> met(fields.scopes().size(), 0);
  std::vector<size_t> counted(met.size(), SIZE_MAX);  // the last condition that counted a scope
  for (size_t i = 0; i < conditions.size(); ++i) {
    meeting.push_back(scopes_meeting(index_.conditions().condition(conditions[i])));
    for (ScopeId scope : meeting.back()) {
      for (; scope != kRootScope && counted[scope] != i; scope = fields.scopes()[scope].parent) {
        counted[scope] = i;
        ++met[scope];
      }
    }
  }
  ScopeId best = kRootScope;
  for (ScopeId scope = 1; scope < met.size(); ++scope) {
    if (met[scope] < conditions.size() && met[scope] > met[best]) best = scope;
  }
  if (best == kRootScope) return "";
  const auto is_inside = [&](ScopeId scope) { return scope >= best && scope < fields.scopes()[best].end; };
  std::string missed;
  for (size_t i = 0; i < conditions.size(); ++i) {
    if (std::any_of(meeting[i].begin(), meeting[i].end(), is_inside)) continue;
    missed += (missed.empty() ? "" : ", ") + index_.paths().to_text(index_.conditions().condition(conditions[i]).path);
  }
  return "element " + scope_text(best) + " comes closest: it misses " + missed;
}

/// Each condition holds somewhere; says so if they do not hold together.
void Explainer::add_agreement(const std::vector<ConditionId>& conditions, WhyNode& node) {
  if (evaluation_.all_hold(conditions)) return;
  WhyNode out;
  out.kind = WhyNode::Kind::agreement;
  out.verdict = Verdict::fails;
  out.expected = "one element of each array meets all its conditions";
  std::vector<ConditionId> in_arrays;
  for (const ConditionId id : conditions) {
    const auto state = evaluation_.state(id);
    if (state != Evaluation::State::scoped && state != Evaluation::State::conditional) continue;
    in_arrays.push_back(id);
    const Condition& condition = index_.conditions().condition(id);
    if (!out.actual.empty()) out.actual += "; ";
    out.actual += index_.paths().to_text(condition.path) + " " + elements_text(condition);
  }
  if (in_arrays.size() > 1) out.hint = "each condition is true, but for different elements of the same array";
  const std::string closest = closest_element(in_arrays);
  if (!closest.empty()) out.hint += (out.hint.empty() ? "" : "; ") + closest;
  node.parts.push_back(std::move(out));
}

void Explainer::add_filters(WhyNode& root) const {
  for (const DialectFilters::Verdict& verdict : rule_.filters->explain(event_)) {
    WhyNode node;
    node.kind = WhyNode::Kind::filter;
    node.verdict = verdict.passes ? Verdict::holds : Verdict::fails;
    node.expected = verdict.filter;
    node.actual = verdict.found;
    root.parts.push_back(std::move(node));
  }
}

/// "data.risk = 2; data.env is absent": what settled the when.
std::string Explainer::read_values(const expr::Environment& environment) const {
  std::string out;
  size_t count = 0;
  expr::Budget budget = environment.when;
  for (const std::string& pointer : rule_.when->deciding_paths(event_, {}, environment, budget)) {
    if (++count > kShownValues) continue;
    const auto [text, value] = look_up(event_, pointer);
    if (text.empty()) continue;
    out += "; " + text + (value ? " = " + short_json(*value) : " is absent");
  }
  if (count > kShownValues) out += " … " + std::to_string(count - kShownValues) + " more";
  return out;
}

void Explainer::add_when(WhyNode& root, bool reached, const expr::Environment& environment) const {
  WhyNode node;
  node.kind = WhyNode::Kind::when;
  node.expected = rule_.when->source();
  if (reached) {
    expr::Budget budget = environment.when;
    const auto verdict = rule_.when->evaluate_condition(event_, {}, environment, budget);
    if (!verdict.ok()) {
      node.verdict = Verdict::error;
      node.error = verdict.error().code();
      node.actual = verdict.error().message();
    } else {
      node.verdict = *verdict ? Verdict::holds : Verdict::fails;
      node.actual = *verdict ? "true" : "false or null";
    }
    node.actual += read_values(environment);
  }
  root.parts.push_back(std::move(node));
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "holds";
    case Verdict::fails:
      return "fails";
    case Verdict::error:
      return "error";
    case Verdict::not_reached:
      return "not reached";
  }
  return "";
}

Why explain_rule(const RuleIndex& index, RuleIndex::Slot slot, json::View event,
                 const expr::Environment& environment) {
  return Explainer(index, slot, event).explain(environment);
}

void add_cesql(const Cesql& cesql, json::View event, Why& why) {
  WhyNode node;
  node.kind = WhyNode::Kind::filter;
  json::Builder written;
  written.begin_object().member("cesql", std::string_view(cesql.source())).end_object();
  node.expected = std::move(written).finish()->to_text();
  node.verdict = cesql.passes(event) ? Verdict::holds : Verdict::fails;
  if (node.verdict == Verdict::fails) {
    node.actual = cesql.found_in(event);
    node.decides = why.verdict == Verdict::holds;
    if (node.decides) why.verdict = why.root.verdict = Verdict::fails;
  }
  why.root.parts.push_back(std::move(node));
}

}  // namespace hence::filter

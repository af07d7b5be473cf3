// SPDX-License-Identifier: Apache-2.0
#pragma once

// All rules of a namespace (and all `listen` sites) as one immutable snapshot: which of them does an
// event meet, and why or why not.
//
//   HENCE_TRY(auto conditions, parse_conditions(on));
//   HENCE_TRY(auto rules, RuleSet::build({{7, std::move(conditions)}}));
//   auto snapshot = std::make_shared<const RuleSet>(std::move(rules));
//   snapshot->match(event, environment, scratch, ids, errors);
//
// A set is a large index and a few smaller ones of what changed since, the newest the smallest:
//
//   base 100,000 rules │ 20,000 changed at once │ 129 │ 3      an event asks each, newer ones hide older
//
// One changed rule is compiled with the newest index alone, so it costs the same right after many others.
// Merging them all is a build() of all rules, for which no one waits: changes made meanwhile are carried
// over (rebased).

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "expr/program.h"
#include "filter/conditions.h"
#include "filter/rule_index.h"
#include "filter/why.h"
#include "json/value.h"

namespace hence::filter {

/// A rule whose types, pattern and filters hold and whose `when` gave no verdict.
struct MatchError {
  uint32_t rule = 0;
  Error error;
  /// The budget that all `when`s of one event share was used up before this one had its own: finish
  /// with match_when. Otherwise the error is final and the rule does not match.
  bool deferred = false;
};

/// Working memory of match: reuse it, one a thread, with any rule set.
struct MatchScratch {
  IndexScratch base;
  IndexScratch changes;
  std::vector<RuleIndex::Slot> slots;
  struct Found {
    uint32_t id = 0;
    const DialectFilters* filters = nullptr;
    const expr::Program* when = nullptr;
  };
  std::vector<Found> found;

  /// Steps since ever: members, values, look-ups, candidates and array elements looked at. What
  /// matches cost, without a clock.
  uint64_t work() const {
    return base.work + base.evaluation.work() + changes.work + changes.evaluation.work();
  }
};

/// Thread-safe to read; cheap to copy.
class RuleSet {
 public:
  /// Errors: RequestInvalid, if an id is given twice.
  static Result<RuleSet> build(std::vector<RuleInput> rules);

  /// The set with rules added (replacing those of the same id) and others, by id, removed. Costs time
  /// by the number of rules given, on average; build anew when changes() has grown large.
  Result<RuleSet> with_changes(std::vector<RuleInput> added,
                               const std::vector<uint32_t>& removed) const;

  /// The same rules as this set's on the index of `merged`, a build() of the rules that `from` had,
  /// while this set came of `from` by changes alone. Nothing if it did not. Costs time by what changed
  /// since `from`, mostly.
  std::optional<RuleSet> rebased(const RuleSet& from, const RuleSet& merged) const;

  /// Replaces ids by those of the rules that match, ascending, and errors by what failed.
  void match(json::View event, const expr::Environment& environment, MatchScratch& scratch,
             std::vector<uint32_t>& ids, std::vector<MatchError>& errors) const;

  /// Only the `when` of one rule, with the whole budget to itself; true if it has none.
  /// Errors: NotFound, ExpressionFailed, BudgetExceeded.
  Result<bool> match_when(uint32_t rule, json::View event,
                          const expr::Environment& environment) const;

  /// The verdict on one rule with reasons; same compiled form, same verdict as match() and, where
  /// that deferred, match_when(). Errors: NotFound.
  Result<Why> why(uint32_t rule, json::View event, const expr::Environment& environment) const;

  bool contains(uint32_t rule) const { return locate(rule).index != nullptr; }
  size_t size() const;
  /// Rules added or removed since build(); one that was changed twice may count twice.
  size_t changes() const;
  /// Smaller indexes beside the large one.
  size_t layers() const { return layers_.size(); }
  size_t memory_bytes() const;

 private:
  RuleSet() = default;
  struct Place {
    const RuleIndex* index = nullptr;
    RuleIndex::Slot slot = 0;
  };
  using SharedRule = std::shared_ptr<const RuleInput>;
  struct Layer {
    std::shared_ptr<const RuleIndex> index;
    std::shared_ptr<const std::vector<SharedRule>> rules;  ///< what index is made of; none for base_
    std::vector<uint32_t> hidden;  ///< rules that no longer count, sorted

    bool shows(uint32_t rule) const;
    void hide(const std::vector<uint32_t>& gone);  ///< sorted
    size_t visible() const { return index->size() - hidden.size(); }
  };
  Place locate(uint32_t rule) const;
  RuleSet changed(std::vector<SharedRule> added, std::vector<uint32_t> gone) const;
  void join_layers(std::vector<SharedRule>& rules);
  bool has_layer(const RuleIndex* index) const;
  /// The rules that the layers which `other` lacks show, by address.
  std::vector<SharedRule> rules_beside(const RuleSet& other) const;
  /// Rules that the base and the layers of both sets no longer show, but those of `before` do.
  std::vector<uint32_t> hidden_since(const RuleSet& before) const;
  static void collect(const Layer& layer, json::View event, IndexScratch& scratch, MatchScratch& all);

  Layer base_;
  std::vector<Layer> layers_;  ///< oldest first; a rule shows in one at most
};

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiled types and patterns of many rules.
//
// A rule is one or more conjunctions. Each conjunction is filed under one of its conditions, the one
// that the fewest events are expected to meet (its access): under every exact value, prefix, suffix,
// range … that can make the condition true. An event's values lead, by hash, to the conjunctions
// filed under them; only those are checked whole. A group filed under one key that stays large is
// filed again under its next condition (a node below):
//
//   (data.sku, "sku-1") → 3 conjunctions: check each
//   (data.service, "svc-7") → 50 → node: (type, "com.acme.order.paid") → 1, …
//
// So the cost follows the values of the event and the rules they nearly meet, not all rules.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "expr/program.h"
#include "filter/conditions.h"
#include "filter/condition_table.h"
#include "filter/evaluation.h"
#include "filter/hashing.h"
#include "filter/interval_index.h"
#include "filter/path_table.h"

namespace hence::filter {

/// One rule on its way into a rule set. Ids are the caller's and unique within the set.
struct RuleInput {
  uint32_t id = 0;
  Conditions conditions;
};

/// How a value of the event is looked up.
enum class AccessKind : uint8_t {
  exact,          ///< by the hash of type and value
  folded,         ///< by the hash of the string without case
  prefix,         ///< by the hash of the first `length` bytes
  suffix,
  folded_prefix,
  folded_suffix,
  cidr4,          ///< by the first `length` bits of an address
  cidr6,
  range,          ///< numbers, by interval
  present,        ///< any value
  type,           ///< by JSON type
};

struct Access {
  uint64_t seed = 0;
  PathId path = kRootPath;
  AccessKind kind = AccessKind::exact;
  uint16_t length = 0;
  uint32_t payload = 0;  ///< range: number of the interval index
};

/// Working memory of matching against one index; reused, one a thread.
struct IndexScratch {
  Evaluation evaluation;
  std::vector<uint32_t> checked;  ///< per conjunction: the epoch it was last checked in
  std::vector<uint32_t> matched;  ///< per rule
  std::vector<uint32_t> visited;  ///< per node
  std::vector<uint32_t> stabbed;  ///< of one interval look-up
  uint32_t epoch = 0;
};

class RuleIndex {
 public:
  using Slot = uint32_t;  ///< a rule's number in this index

  static std::shared_ptr<const RuleIndex> build(std::span<const RuleInput* const> rules);

  RuleIndex(const RuleIndex&) = delete;
  RuleIndex& operator=(const RuleIndex&) = delete;

  /// Appends the slots of the rules whose types and patterns hold; in no particular order.
  void collect(json::View event, IndexScratch& scratch, std::vector<Slot>& slots) const;

  struct Rule {
    uint32_t id = 0;
    uint32_t first_conjunction = 0;
    uint32_t conjunction_count = 0;
    std::shared_ptr<const DialectFilters> filters;
    std::shared_ptr<const expr::Program> when;
  };
  const Rule& rule(Slot slot) const { return rules_[slot]; }
  uint32_t size() const { return static_cast<uint32_t>(rules_.size()); }
  std::span<const ConditionId> conjunction(uint32_t index) const {
    const Conjunction& at = conjunctions_[index];
    if (at.count <= kInlineConditions) return std::span(at.conditions).first(at.count);
    return std::span(condition_refs_).subspan(at.conditions[0], at.count);
  }
  const PathTable& paths() const { return paths_; }
  const ConditionTable& conditions() const { return conditions_; }
  /// The rule with an id; nothing if it is not here.
  std::optional<Slot> find(uint32_t id) const;
  size_t memory_bytes() const;

 private:
  friend class IndexBuilder;
  RuleIndex() : conditions_(paths_) {}

  using NodeId = uint32_t;
  static constexpr NodeId kRootNode = 0;
  static constexpr uint32_t kNodeFlag = 0x80000000u;

  static constexpr uint32_t kInlineConditions = 2;
  struct Conjunction {
    Slot rule : 31 = 0;
    uint32_t alone : 1 = 0;  ///< the only one of its rule
    uint32_t count = 0;      ///< of conditions
    /// The conditions, or, if they are more than fit, the first one's place in condition_refs_.
    std::array<ConditionId, kInlineConditions> conditions{};
  };
  struct Node {
    uint32_t first_access = 0;
    uint32_t access_count = 0;
    uint32_t first_always = 0;  ///< in postings_: conjunctions no access can find
    uint32_t always_count = 0;
  };
  /// A conjunction to check, if the values at guard_path can meet its next condition at all.
  struct Candidate {
    uint32_t conjunction = 0;
    PathId guard_path = kRootPath;  ///< kRootPath: no guard
    uint64_t guard = 0;             ///< signature bits of which one must be there
  };
  /// key 0 is an empty slot. target: first in postings_, or a node with kNodeFlag.
  struct Entry {
    uint64_t key = 0;
    uint32_t target = 0;
    uint32_t count = 0;
  };
  struct Visit;

  void visit(NodeId node, Visit& visit) const;
  void visit_access(const Access& access, Visit& visit) const;
  void look_up(const Access& access, uint64_t content, Visit& visit) const;
  void take(const Entry& entry, Visit& visit) const;
  void look_up_string(const Access& access, const Leaf& leaf, Visit& visit) const;
  void consider(const Candidate& candidate, Visit& visit) const;
  void check(uint32_t conjunction, Visit& visit) const;

  PathTable paths_;
  ConditionTable conditions_;
  std::vector<Rule> rules_;
  std::vector<std::pair<uint32_t, Slot>> slots_by_id_;  // sorted
  std::vector<Conjunction> conjunctions_;
  std::vector<ConditionId> condition_refs_;
  std::vector<Node> nodes_;
  std::vector<Access> accesses_;
  std::vector<uint32_t> root_access_first_;  // per path, into accesses_; one more at the end
  std::vector<Entry> entries_;               // size a power of two
  std::vector<Candidate> postings_;
  std::vector<IntervalIndex> intervals_;
};

/// The key of an entry; never 0.
inline uint64_t entry_key(uint64_t seed, uint64_t content) { return mix(seed, content) | 1u; }

/// The hash under which values of a JSON type are filed.
uint64_t hash_type(std::string_view type_name);

/// The hash under which the first `bits` of an address are filed.
uint64_t hash_address(const IpAddress& address, unsigned bits);

}  // namespace hence::filter

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
//
// With many rules that cost is memory far away, not instructions. Therefore the look-ups of an event
// go in rounds, each fetching ahead for all what the next needs; and a value that is found under the
// text of a condition proves it for the whole group, so most candidates need no more than a bit.

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

/// A key to be looked up.
struct Probe {
  uint64_t key = 0;
  uint32_t leaf = kNoLeaf;  ///< whose value it is; none: that of a field being there
  uint32_t scoped = 0;      ///< conditions proved on the way here, in array elements
};
/// What was found: an entry, by number, for a probe's leaf.
struct Hit {
  uint32_t entry = 0;
  uint32_t leaf = kNoLeaf;
  uint32_t scoped = 0;
};
/// A conjunction to be checked but for the conditions that are proved.
struct Check {
  uint32_t conjunction = 0;
  uint32_t proved = 0;
  uint32_t scoped = 0;
};

/// Working memory of matching against one index; reused, one a thread.
struct IndexScratch {
  Evaluation evaluation;
  std::vector<uint8_t> checked;   ///< per conjunction: the round it was last checked in
  std::vector<uint32_t> visited;  ///< per node: the epoch it was last visited in
  std::vector<uint32_t> stabbed;  ///< of one interval look-up
  std::vector<Probe> probes;
  std::vector<Hit> hits;
  std::vector<Check> checks;
  uint32_t epoch = 0;
  uint8_t round = 0;
  uint64_t work = 0;  ///< look-ups and candidates since ever
};

class RuleIndex {
 public:
  using Slot = uint32_t;  ///< a rule's number in this index

  static std::shared_ptr<const RuleIndex> build(std::span<const RuleInput* const> rules);

  RuleIndex(const RuleIndex&) = delete;
  RuleIndex& operator=(const RuleIndex&) = delete;

  /// Appends the slots of the rules whose types and patterns hold; in no particular order, some perhaps
  /// more than once.
  void collect(json::View event, IndexScratch& scratch, std::vector<Slot>& slots) const;

  struct Rule {
    uint32_t id = 0;
    uint32_t first_conjunction = 0;
    uint32_t conjunction_count = 0;
    std::shared_ptr<const DialectFilters> filters;
    std::shared_ptr<const expr::Program> when;
  };
  const Rule& rule(Slot slot) const { return rules_[slot]; }
  /// What a match needs of a rule.
  struct Head {
    uint32_t id = 0;
    bool is_plain = false;  ///< without filters and when
  };
  const Head& head(Slot slot) const { return heads_[slot]; }
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
    Slot rule = 0;
    uint32_t count = 0;  ///< of conditions
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
    /// Of its first conditions: those the way here has proved.
    uint32_t proved : 8 = 0;
    uint32_t guard_path : 24 = kRootPath;  ///< kRootPath: no guard; kAllProved: nothing is left to check
    uint64_t guard = 0;                    ///< signature bits of which one must be there
  };
  static constexpr uint32_t kAllProved = 0xFFFFFFu;
  /// A key and what is filed under it. tag 0 is an empty place.
  struct Entry {
    uint32_t tag = 0;     ///< half of the key; the other half leads here
    uint32_t target = 0;  ///< first in postings_, or a node with kNodeFlag
    /// The text whose hash the key is, in the conditions' texts: a value that equals it proves the condition.
    uint32_t text = 0;
    uint16_t text_size = kNoText;  ///< kNoText: of another kind, or too long
    uint16_t count = 0;            ///< of postings; more lie under entries of the same key
  };
  static constexpr uint16_t kNoText = 0xFFFF;
  static constexpr size_t kPostingsMax = 0xFFFF;
  static_assert(sizeof(Candidate) == 16 && sizeof(Entry) == 16);
  struct Visit;

  static uint32_t tag_of(uint64_t key) { return static_cast<uint32_t>(key >> 32) | 1u; }
  size_t place_of(uint64_t key) const { return key & (entries_.size() - 1); }

  void begin(json::View event, IndexScratch& scratch) const;
  void visit(NodeId node, uint32_t scoped, Visit& visit) const;
  void visit_access(const Access& access, uint32_t scoped, Visit& visit) const;
  void probe_string(const Access& access, uint32_t leaf, uint32_t scoped, Visit& visit) const;
  void probe(const Access& access, uint64_t content, uint32_t leaf, uint32_t scoped, Visit& visit) const;
  void stab(const Access& access, const Leaf& leaf, uint32_t scoped, Visit& visit) const;
  void run_rounds(Visit& visit) const;
  void find_entries(Visit& visit) const;
  void take(const Hit& hit, Visit& visit) const;
  void consider(const Candidate& candidate, uint32_t scoped, bool once, Visit& visit) const;
  void run_checks(Visit& visit) const;

  PathTable paths_;
  ConditionTable conditions_;
  std::vector<Rule> rules_;
  std::vector<Head> heads_;                             // of rules_, dense
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

/// The key of an entry.
inline uint64_t entry_key(uint64_t seed, uint64_t content) { return mix(seed, content); }

/// The hash under which values of a JSON type are filed.
uint64_t hash_type(std::string_view type_name);

/// The hash under which the first `bits` of an address are filed.
uint64_t hash_address(const IpAddress& address, unsigned bits);

}  // namespace hence::filter

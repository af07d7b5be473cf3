// SPDX-License-Identifier: Apache-2.0

// Chooses under which condition each conjunction is filed, and lays the index out. Work goes node by
// node, breadth first: a node files its members, and every group that stays large becomes a node.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>

#include "filter/access_keys.h"
#include "filter/condition_weights.h"
#include "filter/rule_index.h"

namespace hence::filter {

namespace {

constexpr size_t kGroupMax = 24;         ///< a larger group is filed again
constexpr uint32_t kNodeDepthMax = 4;
constexpr size_t kLengthsMax = 12;       ///< distinct prefix lengths looked up per path and kind
constexpr uint32_t kFiledPositions = 64; ///< conditions of a conjunction that may serve as access

bool is_exact(const Key& key) { return key.kind == AccessKind::exact; }

bool is_front(AccessKind kind) {
  return kind == AccessKind::prefix || kind == AccessKind::folded_prefix;
}

uint64_t kind_key(PathId path, AccessKind kind) {
  return (uint64_t{path} << 8) | static_cast<uint64_t>(kind);
}

}  // namespace

class IndexBuilder {
 public:
  std::shared_ptr<const RuleIndex> build(std::span<const RuleInput* const> inputs);

 private:
  struct Member {
    uint32_t conjunction = 0;
    uint64_t used = 0;    ///< bit per condition that already led here
    uint64_t proved = 0;  ///< of these, what led here by the very text
  };
  struct Pending {
    RuleIndex::NodeId node = 0;
    uint32_t depth = 0;
    std::vector<Member> members;
  };
  /// A member under one key.
  struct Filed {
    PathId path = 0;
    uint32_t position = 0;  ///< of the condition in the conjunction
    Key key;
    Member member;

    uint64_t access() const { return (kind_key(path, key.kind) << 16) | key.length; }
  };
  /// The shortened lengths under which a path's prefixes (or suffixes) are filed.
  struct Lengths {
    uint64_t kind_key = 0;
    std::vector<uint16_t> lengths;
  };

  void add_rule(const RuleInput& input);
  void weigh_conditions(const std::vector<Member>& members);
  uint32_t choose(const Member& member) const;
  void build_node(const Pending& pending);
  void file(const Member& member, uint32_t position, std::vector<Filed>& filed);
  static void sort(std::vector<Filed>& filed);
  void choose_lengths(const std::vector<Filed>& filed);
  uint16_t filed_length(PathId path, const Key& key) const;
  void shorten(Filed& filed) const;
  void lay_out(const Pending& pending, const std::vector<Filed>& filed);
  void lay_out_access(const Filed* begin, const Filed* end, uint32_t depth, uint64_t seed);
  void lay_out_ranges(const Filed* begin, const Filed* end, Access& access);
  void lay_out_group(const Filed* begin, const Filed* end, uint32_t depth, uint64_t key);
  std::optional<uint32_t> proof_of(const Filed* begin, const Filed* end) const;
  RuleIndex::Candidate guarded(const Member& member);
  bool worth_a_node(const std::vector<Member>& members) const;
  void lay_out_entries();
  void lay_out_root();

  RuleIndex* index_ = nullptr;
  std::vector<Pending> queue_;
  std::vector<std::pair<uint64_t, RuleIndex::Entry>> entries_;  // by key
  std::optional<ConditionWeights> weights_;  // at the node being built
  std::vector<Lengths> lengths_;
  std::vector<Key> keys_;  // of one condition, reused
};

std::shared_ptr<const RuleIndex> RuleIndex::build(std::span<const RuleInput* const> rules) {
  return IndexBuilder().build(rules);
}

std::shared_ptr<const RuleIndex> IndexBuilder::build(std::span<const RuleInput* const> inputs) {
  std::shared_ptr<RuleIndex> out(new RuleIndex());
  index_ = out.get();
  index_->rules_.reserve(inputs.size());
  index_->heads_.reserve(inputs.size());
  index_->slots_by_id_.reserve(inputs.size());
  index_->conjunctions_.reserve(inputs.size());
  index_->conditions_.expect(inputs.size());
  for (const RuleInput* input : inputs) add_rule(*input);
  std::sort(index_->slots_by_id_.begin(), index_->slots_by_id_.end());
  index_->conditions_.freeze();
  weights_.emplace(index_->conditions_, index_->paths_);

  Pending root;
  index_->nodes_.emplace_back();
  for (uint32_t i = 0; i < index_->conjunctions_.size(); ++i) root.members.push_back({i, 0, 0});
  queue_.push_back(std::move(root));
  for (size_t i = 0; i < queue_.size(); ++i) {
    const Pending pending = std::move(queue_[i]);
    build_node(pending);
  }
  lay_out_entries();
  lay_out_root();
  index_->postings_.shrink_to_fit();
  index_->condition_refs_.shrink_to_fit();
  index_->conjunctions_.shrink_to_fit();
  return out;
}

void IndexBuilder::add_rule(const RuleInput& input) {
  RuleIndex& index = *index_;
  const auto slot = static_cast<RuleIndex::Slot>(index.rules_.size());
  RuleIndex::Rule rule;
  rule.id = input.id;
  rule.first_conjunction = static_cast<uint32_t>(index.conjunctions_.size());
  rule.conjunction_count = static_cast<uint32_t>(input.conditions.any_of.size());
  rule.filters = input.conditions.filters;
  rule.when = input.conditions.program;
  for (const Conjunction& conjunction : input.conditions.any_of) {
    RuleIndex::Conjunction out;
    out.rule = slot;
    out.count = static_cast<uint32_t>(conjunction.size());
    const bool fits = out.count <= RuleIndex::kInlineConditions;
    if (!fits) out.conditions[0] = static_cast<uint32_t>(index.condition_refs_.size());
    for (uint32_t i = 0; i < out.count; ++i) {
      const ConditionId id = index.conditions_.intern(conjunction[i]);
      if (fits) {
        out.conditions[i] = id;
      } else {
        index.condition_refs_.push_back(id);
      }
    }
    index.conjunctions_.push_back(out);
  }
  index.slots_by_id_.emplace_back(input.id, slot);
  index.heads_.push_back({input.id, rule.filters == nullptr && rule.when == nullptr});
  index.rules_.push_back(std::move(rule));
}

void IndexBuilder::weigh_conditions(const std::vector<Member>& members) {
  weights_->begin();
  for (const Member& member : members) {
    for (const ConditionId id : index_->conjunction(member.conjunction)) weights_->add(id);
  }
  weights_->finish();
}

/// The position of the condition to file a member under; none (kFiledPositions) if all are used up.
uint32_t IndexBuilder::choose(const Member& member) const {
  const auto conditions = index_->conjunction(member.conjunction);
  uint32_t best = kFiledPositions;
  double best_share = kInaccessible;
  for (uint32_t i = 0; i < conditions.size() && i < kFiledPositions; ++i) {
    if ((member.used >> i & 1u) != 0) continue;
    const double share = weights_->share(conditions[i]);
    if (share < best_share) {
      best = i;
      best_share = share;
    }
  }
  return best;
}

void IndexBuilder::build_node(const Pending& pending) {
  weigh_conditions(pending.members);
  std::vector<Filed> filed;
  filed.reserve(pending.members.size());
  std::vector<RuleIndex::Candidate> always;
  for (const Member& member : pending.members) {
    const uint32_t position = choose(member);
    if (position == kFiledPositions) {
      always.push_back(guarded(member));
    } else {
      file(member, position, filed);
    }
  }
  RuleIndex::Node& node = index_->nodes_[pending.node];
  node.first_always = static_cast<uint32_t>(index_->postings_.size());
  node.always_count = static_cast<uint32_t>(always.size());
  index_->postings_.insert(index_->postings_.end(), always.begin(), always.end());

  choose_lengths(filed);
  for (Filed& one : filed) {
    if (is_affix(one.key.kind)) shorten(one);
  }
  sort(filed);
  lay_out(pending, filed);
}

/// By access and content; what is filed under one key stays in the order of the conjunctions. Sorts small
/// copies of what decides, as there may be as many as rules.
void IndexBuilder::sort(std::vector<Filed>& filed) {
  struct Place {
    uint64_t access = 0;
    uint64_t content = 0;
    size_t index = 0;

    auto operator<=>(const Place&) const = default;
  };
  std::vector<Place> places;
  places.reserve(filed.size());
  for (size_t i = 0; i < filed.size(); ++i) places.push_back({filed[i].access(), filed[i].key.content, i});
  std::sort(places.begin(), places.end());
  std::vector<Filed> sorted;
  sorted.reserve(filed.size());
  for (const Place& place : places) sorted.push_back(filed[place.index]);
  filed.swap(sorted);
}

/// For each path and kind of prefix, the lengths it is filed under: all, or a dozen spread evenly,
/// the shortest among them so that every literal finds one not longer than itself.
void IndexBuilder::choose_lengths(const std::vector<Filed>& filed) {
  std::vector<std::pair<uint64_t, uint16_t>> all;
  for (const auto& [path, position, key, member] : filed) {
    if (!is_affix(key.kind)) continue;
    const size_t length = std::min<size_t>(key.text.size(), std::numeric_limits<uint16_t>::max());
    all.emplace_back(kind_key(path, key.kind), static_cast<uint16_t>(length));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  lengths_.clear();
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin;
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    Lengths lengths;
    lengths.kind_key = all[begin].first;
    const size_t count = end - begin;
    const size_t kept = std::min(count, kLengthsMax);
    for (size_t i = 0; i < kept; ++i) lengths.lengths.push_back(all[begin + i * count / kept].second);
    lengths_.push_back(std::move(lengths));
    begin = end;
  }
}

uint16_t IndexBuilder::filed_length(PathId path, const Key& key) const {
  const auto at = std::lower_bound(
      lengths_.begin(), lengths_.end(), kind_key(path, key.kind),
      [](const Lengths& lengths, uint64_t wanted) { return lengths.kind_key < wanted; });
  const auto longer = std::upper_bound(at->lengths.begin(), at->lengths.end(), key.text.size());
  return *(longer - 1);
}

void IndexBuilder::shorten(Filed& filed) const {
  Key& key = filed.key;
  key.length = filed_length(filed.path, key);
  const size_t begin = is_front(key.kind) ? 0 : key.text.size() - key.length;
  key.content = hash_text(key.text.substr(begin, key.length));
}

void IndexBuilder::file(const Member& member, uint32_t position, std::vector<Filed>& filed) {
  const ConditionId id = index_->conjunction(member.conjunction)[position];
  const Condition& condition = index_->conditions_.condition(id);
  keys_of(index_->conditions_, condition, keys_);
  const Member here = {member.conjunction, member.used | (uint64_t{1} << position), member.proved};
  for (const Key& key : keys_) filed.push_back({condition.path, position, key, here});
}

void IndexBuilder::lay_out(const Pending& pending, const std::vector<Filed>& filed) {
  const auto first_access = static_cast<uint32_t>(index_->accesses_.size());
  const Filed* at = filed.data();
  const Filed* const end = at + filed.size();
  while (at != end) {
    const Filed* last = at;
    while (last != end && last->access() == at->access()) ++last;
    lay_out_access(at, last, pending.depth, mix(at->access(), uint64_t{pending.node} + 1));
    at = last;
  }
  RuleIndex::Node& node = index_->nodes_[pending.node];
  node.first_access = first_access;
  node.access_count = static_cast<uint32_t>(index_->accesses_.size()) - first_access;
}

void IndexBuilder::lay_out_access(const Filed* begin, const Filed* end, uint32_t depth,
                                  uint64_t seed) {
  Access access;
  access.seed = seed;
  access.path = begin->path;
  access.kind = begin->key.kind;
  access.length = begin->key.length;
  if (access.kind == AccessKind::range) {
    lay_out_ranges(begin, end, access);
    index_->accesses_.push_back(access);
    return;
  }
  index_->accesses_.push_back(access);
  while (begin != end) {
    const Filed* last = begin;
    while (last != end && last->key.content == begin->key.content) ++last;
    lay_out_group(begin, last, depth, entry_key(seed, begin->key.content));
    begin = last;
  }
}

void IndexBuilder::lay_out_ranges(const Filed* begin, const Filed* end, Access& access) {
  std::vector<IntervalIndex::Interval> intervals;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (; begin != end; ++begin) {
    const RangeOperand& range = index_->conditions_.range(begin->key.operand);
    intervals.push_back({range.has_low ? range.low.nearest : -kInfinity,
                         range.has_high ? range.high.nearest : kInfinity,
                         begin->member.conjunction});
  }
  access.payload = static_cast<uint32_t>(index_->intervals_.size());
  index_->intervals_.emplace_back(std::move(intervals));
}

/// Guards a member by the most selective condition left that asks for exact values only.
RuleIndex::Candidate IndexBuilder::guarded(const Member& member) {
  RuleIndex::Candidate out;
  out.conjunction = member.conjunction;
  out.proved = static_cast<uint8_t>(member.proved);
  const auto conditions = index_->conjunction(member.conjunction);
  const uint64_t all = conditions.size() < 64 ? (uint64_t{1} << conditions.size()) - 1 : ~uint64_t{0};
  if (!conditions.empty() && conditions.size() <= kFiledPositions && member.proved == all) {
    out.guard_path = RuleIndex::kAllProved;
    out.guard = index_->conjunctions_[member.conjunction].rule;
    return out;
  }
  double best_share = kInaccessible;
  for (uint32_t i = 0; i < conditions.size() && i < kFiledPositions; ++i) {
    const ConditionId id = conditions[i];
    if ((member.used >> i & 1u) != 0 || weights_->share(id) >= best_share) continue;
    const Condition& condition = index_->conditions_.condition(id);
    if (condition.path >= RuleIndex::kAllProved) continue;
    if (!keys_of(index_->conditions_, condition, keys_) || !std::all_of(keys_.begin(), keys_.end(), is_exact)) continue;
    best_share = weights_->share(id);
    out.guard_path = condition.path & RuleIndex::kAllProved;
    out.guard = 0;
    for (const Key& key : keys_) out.guard |= signature_bit(key.content);
  }
  return out;
}

bool IndexBuilder::worth_a_node(const std::vector<Member>& members) const {
  if (members.size() <= kGroupMax) return false;
  // Filing again helps those that have a better condition left than "the field is there".
  const auto helped = std::count_if(members.begin(), members.end(), [&](const Member& member) {
    const uint32_t position = choose(member);
    if (position == kFiledPositions) return false;
    return weights_->share(index_->conjunction(member.conjunction)[position]) < 0.5;
  });
  return static_cast<size_t>(helped) > kGroupMax;
}

/// The operand whose text all that is filed under one key asks for; nothing if they are not one text.
std::optional<uint32_t> IndexBuilder::proof_of(const Filed* begin, const Filed* end) const {
  const ConditionTable& table = index_->conditions_;
  if (begin->key.kind != AccessKind::exact || begin->key.operand == kNoOperand) return std::nullopt;
  if (table.text(begin->key.operand).size() >= RuleIndex::kNoText) return std::nullopt;
  const bool same = std::all_of(begin, end, [&](const Filed& filed) {
    return filed.key.operand != kNoOperand && table.text(filed.key.operand) == table.text(begin->key.operand);
  });
  return same ? std::optional(begin->key.operand) : std::nullopt;
}

void IndexBuilder::lay_out_group(const Filed* begin, const Filed* end, uint32_t depth, uint64_t key) {
  RuleIndex::Entry entry;
  const std::optional<uint32_t> proof = proof_of(begin, end);
  if (proof) {
    const TextOperand& operand = index_->conditions_.text_operand(*proof);
    entry.text = operand.offset;
    entry.text_size = static_cast<uint16_t>(operand.size);
  }
  std::vector<Member> members;
  for (; begin != end; ++begin) {
    if (!members.empty() && members.back().conjunction == begin->member.conjunction) continue;
    members.push_back(begin->member);
    if (proof) members.back().proved |= uint64_t{1} << begin->position;
  }
  if (depth + 1 < kNodeDepthMax && worth_a_node(members)) {
    const auto node = static_cast<RuleIndex::NodeId>(index_->nodes_.size());
    index_->nodes_.emplace_back();
    queue_.push_back({node, depth + 1, std::move(members)});
    entry.target = node | RuleIndex::kNodeFlag;
    entries_.emplace_back(key, entry);
    return;
  }
  for (size_t i = 0; i < members.size(); i += RuleIndex::kPostingsMax) {
    const size_t count = std::min(members.size() - i, RuleIndex::kPostingsMax);
    entry.target = static_cast<uint32_t>(index_->postings_.size());
    entry.count = static_cast<uint16_t>(count);
    entries_.emplace_back(key, entry);
    for (size_t k = i; k < i + count; ++k) index_->postings_.push_back(guarded(members[k]));
  }
}

void IndexBuilder::lay_out_entries() {
  size_t size = 16;
  while (size < entries_.size() * 2) size *= 2;
  index_->entries_.resize(size);
  for (auto& [key, entry] : entries_) {
    size_t at = index_->place_of(key);
    while (index_->entries_[at].tag != 0) at = (at + 1) & (size - 1);
    entry.tag = RuleIndex::tag_of(key);
    index_->entries_[at] = entry;
  }
}

void IndexBuilder::lay_out_root() {
  const RuleIndex::Node& root = index_->nodes_[RuleIndex::kRootNode];
  auto& first = index_->root_access_first_;
  first.assign(index_->paths_.size() + 1, root.first_access + root.access_count);
  uint32_t at = root.first_access;
  for (PathId path = 0; path < index_->paths_.size(); ++path) {
    first[path] = at;
    while (at < root.first_access + root.access_count && index_->accesses_[at].path == path) ++at;
  }
}

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0

// Chooses under which condition each conjunction is filed, and lays the index out. Work goes node by
// node, breadth first: a node files its members, and every group that stays large becomes a node.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <tuple>

#include "filter/rule_index.h"

namespace hence::filter {

namespace {

constexpr size_t kGroupMax = 24;         ///< a larger group is filed again
constexpr uint32_t kNodeDepthMax = 4;
constexpr size_t kLengthsMax = 12;       ///< distinct prefix lengths looked up per path and kind
constexpr uint32_t kFiledPositions = 64; ///< conditions of a conjunction that may serve as access

constexpr uint32_t kNoOperand = 0xFFFFFFFFu;

/// Where one alternative of a condition can be found.
struct Key {
  AccessKind kind = AccessKind::exact;
  uint16_t length = 0;
  uint64_t content = 0;
  std::string_view text;  ///< of prefixes and suffixes, which may be filed shorter
  uint32_t operand = kNoOperand;  ///< of a range, or of the text that an exact key stands for
};

bool is_affix(AccessKind kind) {
  return kind == AccessKind::prefix || kind == AccessKind::suffix ||
         kind == AccessKind::folded_prefix || kind == AccessKind::folded_suffix;
}

bool is_exact(const Key& key) { return key.kind == AccessKind::exact; }

bool is_front(AccessKind kind) {
  return kind == AccessKind::prefix || kind == AccessKind::folded_prefix;
}

/// The expected share of events that meet one key, given how many keys of the kind the path has.
/// Only the order matters: many distinct values tell of a selective field.
double expected_share(AccessKind kind, size_t distinct) {
  const double one = 1.0 / (1.0 + static_cast<double>(distinct));
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

constexpr double kInaccessible = 1.0;

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
    AccessKind kind = AccessKind::exact;
    uint16_t length = 0;
    uint64_t content = 0;
    uint32_t operand = kNoOperand;
    uint32_t position = 0;  ///< of the condition in the conjunction
    Member member;

    auto access() const { return std::tie(path, kind, length); }
    auto group() const { return std::tie(path, kind, length, content); }
    auto order() const {
      return std::tie(path, kind, length, content, member.conjunction, member.used, operand);
    }
  };
  /// The shortened lengths under which a path's prefixes (or suffixes) are filed.
  struct Lengths {
    uint64_t kind_key = 0;
    std::vector<uint16_t> lengths;
  };

  void add_rule(const RuleInput& input);
  bool keys_of(const Condition& condition, std::vector<Key>& keys) const;
  void key_of(const Test& test, std::vector<Key>& keys) const;
  void wildcard_key(const Wildcard& wildcard, std::vector<Key>& keys) const;
  void weigh_conditions(const std::vector<Member>& members);
  uint32_t choose(const Member& member) const;
  void build_node(const Pending& pending);
  void file(const Member& member, uint32_t position, std::vector<Filed>& filed);
  void choose_lengths(const std::vector<std::pair<Member, uint32_t>>& chosen);
  uint16_t filed_length(PathId path, const Key& key) const;
  void lay_out(const Pending& pending, std::vector<Filed>& filed);
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
  std::vector<double> shares_;  // per condition, at the node being built
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
  index_->conditions_.expect(inputs.size());
  for (const RuleInput* input : inputs) add_rule(*input);
  std::sort(index_->slots_by_id_.begin(), index_->slots_by_id_.end());
  index_->conditions_.freeze();
  shares_.resize(index_->conditions_.size());

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

/// False if the condition can hold without any value that could be looked up.
bool IndexBuilder::keys_of(const Condition& condition, std::vector<Key>& keys) const {
  keys.clear();
  if (condition.has_absent) return false;
  for (uint32_t i = 0; i < condition.test_count; ++i) {
    key_of(index_->conditions_.test(condition.first_test + i), keys);
  }
  return true;
}

void IndexBuilder::wildcard_key(const Wildcard& wildcard, std::vector<Key>& keys) const {
  const std::string& front = wildcard.prefix();
  const std::string& back = wildcard.suffix();
  if (wildcard.is_literal()) {
    keys.push_back({AccessKind::exact, 0, hash_text(front), {}, kNoOperand});
  } else if (front.empty() && back.empty()) {
    keys.push_back({AccessKind::present, 0, 0, {}, kNoOperand});
  } else if (front.size() >= back.size()) {
    keys.push_back({AccessKind::prefix, 0, 0, front, kNoOperand});
  } else {
    keys.push_back({AccessKind::suffix, 0, 0, back, kNoOperand});
  }
}

void IndexBuilder::key_of(const Test& test, std::vector<Key>& keys) const {
  const ConditionTable& table = index_->conditions_;
  const auto affix = [&](AccessKind kind, uint32_t operand) {
    const std::string_view text = table.text(operand);
    keys.push_back({text.empty() ? AccessKind::present : kind, 0, 0, text, kNoOperand});
  };
  if (test.negated) {
    keys.push_back({AccessKind::present, 0, 0, {}, kNoOperand});
    return;
  }
  for (uint32_t i = test.first; i < test.first + test.count; ++i) {
    switch (test.kind) {
      case TestKind::text:
        keys.push_back({AccessKind::exact, 0, table.text_operand(i).hash, {}, i});
        break;
      case TestKind::number:
        keys.push_back({AccessKind::exact, 0, hash_number(table.number(i).nearest), {}, kNoOperand});
        break;
      case TestKind::ignore_case:
        keys.push_back({AccessKind::folded, 0, table.text_operand(i).hash, {}, kNoOperand});
        break;
      case TestKind::prefix:
      case TestKind::segments:
        affix(AccessKind::prefix, i);
        break;
      case TestKind::suffix:
        affix(AccessKind::suffix, i);
        break;
      case TestKind::prefix_ignore_case:
        affix(AccessKind::folded_prefix, i);
        break;
      case TestKind::suffix_ignore_case:
        affix(AccessKind::folded_suffix, i);
        break;
      case TestKind::regexp: {
        const std::string_view front = table.regexp(i).prefix();
        keys.push_back({front.empty() ? AccessKind::present : AccessKind::prefix, 0, 0, front, kNoOperand});
        break;
      }
      case TestKind::of_type:
        keys.push_back({AccessKind::type, 0, hash_type(table.text(i)), {}, kNoOperand});
        break;
      case TestKind::wildcard:
        wildcard_key(table.wildcard(i), keys);
        break;
      case TestKind::range:
        keys.push_back({AccessKind::range, 0, 0, {}, i});
        break;
      case TestKind::cidr: {
        const AddressRange& range = table.cidr(i);
        keys.push_back({range.network.size == 4 ? AccessKind::cidr4 : AccessKind::cidr6,
                        range.mask_bits, hash_address(range.network, range.mask_bits), {}, kNoOperand});
        break;
      }
      default:
        break;
    }
  }
  if (test.kind == TestKind::truth) {
    keys.push_back({AccessKind::exact, 0, test.truth ? kTrueHash : kFalseHash, {}, kNoOperand});
  } else if (test.kind == TestKind::null) {
    keys.push_back({AccessKind::exact, 0, kNullHash, {}, kNoOperand});
  } else if (test.kind == TestKind::present) {
    keys.push_back({AccessKind::present, 0, 0, {}, kNoOperand});
  }
}

/// Sets shares_ of every condition of the members.
void IndexBuilder::weigh_conditions(const std::vector<Member>& members) {
  std::vector<ConditionId> ids;
  for (const Member& member : members) {
    const auto conditions = index_->conjunction(member.conjunction);
    ids.insert(ids.end(), conditions.begin(), conditions.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());

  std::vector<Key> keys;
  std::vector<std::pair<uint64_t, uint64_t>> contents;
  for (const ConditionId id : ids) {
    const Condition& condition = index_->conditions_.condition(id);
    if (!keys_of(condition, keys)) continue;
    for (const Key& key : keys) {
      contents.emplace_back(kind_key(condition.path, key.kind),
                            is_affix(key.kind) ? hash_text(key.text) : key.content);
    }
  }
  std::sort(contents.begin(), contents.end());
  contents.erase(std::unique(contents.begin(), contents.end()), contents.end());
  std::vector<std::pair<uint64_t, size_t>> distinct;
  for (const auto& content : contents) {
    if (distinct.empty() || distinct.back().first != content.first) {
      distinct.emplace_back(content.first, 0);
    }
    ++distinct.back().second;
  }

  for (const ConditionId id : ids) {
    const Condition& condition = index_->conditions_.condition(id);
    if (!keys_of(condition, keys)) {
      shares_[id] = kInaccessible;
      continue;
    }
    double share = 0;
    for (const Key& key : keys) {
      const auto at = std::lower_bound(distinct.begin(), distinct.end(),
                                       std::pair(kind_key(condition.path, key.kind), size_t{0}));
      share += expected_share(key.kind, at->second);
    }
    shares_[id] = std::min(share, kInaccessible);
  }
}

/// The position of the condition to file a member under; none (kFiledPositions) if all are used up.
uint32_t IndexBuilder::choose(const Member& member) const {
  const auto conditions = index_->conjunction(member.conjunction);
  uint32_t best = kFiledPositions;
  double best_share = kInaccessible;
  for (uint32_t i = 0; i < conditions.size() && i < kFiledPositions; ++i) {
    if ((member.used >> i & 1u) != 0) continue;
    if (shares_[conditions[i]] < best_share) {
      best = i;
      best_share = shares_[conditions[i]];
    }
  }
  return best;
}

void IndexBuilder::build_node(const Pending& pending) {
  weigh_conditions(pending.members);
  std::vector<std::pair<Member, uint32_t>> chosen;
  std::vector<RuleIndex::Candidate> always;
  for (const Member& member : pending.members) {
    const uint32_t position = choose(member);
    if (position == kFiledPositions) {
      always.push_back(guarded(member));
    } else {
      chosen.emplace_back(member, position);
    }
  }
  RuleIndex::Node& node = index_->nodes_[pending.node];
  node.first_always = static_cast<uint32_t>(index_->postings_.size());
  node.always_count = static_cast<uint32_t>(always.size());
  index_->postings_.insert(index_->postings_.end(), always.begin(), always.end());

  choose_lengths(chosen);
  std::vector<Filed> filed;
  for (const auto& [member, position] : chosen) file(member, position, filed);
  std::sort(filed.begin(), filed.end(),
            [](const Filed& a, const Filed& b) { return a.order() < b.order(); });
  lay_out(pending, filed);
}

/// For each path and kind of prefix, the lengths it is filed under: all, or a dozen spread evenly,
/// the shortest among them so that every literal finds one not longer than itself.
void IndexBuilder::choose_lengths(const std::vector<std::pair<Member, uint32_t>>& chosen) {
  std::vector<std::pair<uint64_t, uint16_t>> all;
  std::vector<Key> keys;
  for (const auto& [member, position] : chosen) {
    const ConditionId id = index_->conjunction(member.conjunction)[position];
    const Condition& condition = index_->conditions_.condition(id);
    keys_of(condition, keys);
    for (const Key& key : keys) {
      if (!is_affix(key.kind)) continue;
      const size_t length = std::min<size_t>(key.text.size(), std::numeric_limits<uint16_t>::max());
      all.emplace_back(kind_key(condition.path, key.kind), static_cast<uint16_t>(length));
    }
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

void IndexBuilder::file(const Member& member, uint32_t position, std::vector<Filed>& filed) {
  const ConditionId id = index_->conjunction(member.conjunction)[position];
  const Condition& condition = index_->conditions_.condition(id);
  keys_of(condition, keys_);
  for (Key& key : keys_) {
    if (is_affix(key.kind)) {
      key.length = filed_length(condition.path, key);
      const size_t begin = is_front(key.kind) ? 0 : key.text.size() - key.length;
      key.content = hash_text(key.text.substr(begin, key.length));
    }
    Filed at;
    at.path = condition.path;
    at.kind = key.kind;
    at.length = key.length;
    at.content = key.content;
    at.operand = key.operand;
    at.position = position;
    at.member = {member.conjunction, member.used | (uint64_t{1} << position), member.proved};
    filed.push_back(at);
  }
}

void IndexBuilder::lay_out(const Pending& pending, std::vector<Filed>& filed) {
  const auto first_access = static_cast<uint32_t>(index_->accesses_.size());
  const Filed* at = filed.data();
  const Filed* const end = at + filed.size();
  while (at != end) {
    const Filed* last = at;
    while (last != end && last->access() == at->access()) ++last;
    const uint64_t what = (uint64_t{at->path} << 24) | (static_cast<uint64_t>(at->kind) << 16) |
                          at->length;
    lay_out_access(at, last, pending.depth, mix(what, uint64_t{pending.node} + 1));
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
  access.kind = begin->kind;
  access.length = begin->length;
  if (access.kind == AccessKind::range) {
    lay_out_ranges(begin, end, access);
    index_->accesses_.push_back(access);
    return;
  }
  index_->accesses_.push_back(access);
  while (begin != end) {
    const Filed* last = begin;
    while (last != end && last->content == begin->content) ++last;
    lay_out_group(begin, last, depth, entry_key(seed, begin->content));
    begin = last;
  }
}

void IndexBuilder::lay_out_ranges(const Filed* begin, const Filed* end, Access& access) {
  std::vector<IntervalIndex::Interval> intervals;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (; begin != end; ++begin) {
    const RangeOperand& range = index_->conditions_.range(begin->operand);
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
    if ((member.used >> i & 1u) != 0 || shares_[id] >= best_share) continue;
    const Condition& condition = index_->conditions_.condition(id);
    if (condition.path >= RuleIndex::kAllProved) continue;
    if (!keys_of(condition, keys_) || !std::all_of(keys_.begin(), keys_.end(), is_exact)) continue;
    best_share = shares_[id];
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
    return shares_[index_->conjunction(member.conjunction)[position]] < 0.5;
  });
  return static_cast<size_t>(helped) > kGroupMax;
}

/// The operand whose text all that is filed under one key asks for; nothing if they are not one text.
std::optional<uint32_t> IndexBuilder::proof_of(const Filed* begin, const Filed* end) const {
  const ConditionTable& table = index_->conditions_;
  if (begin->kind != AccessKind::exact || begin->operand == kNoOperand) return std::nullopt;
  if (table.text(begin->operand).size() >= RuleIndex::kNoText) return std::nullopt;
  const bool same = std::all_of(begin, end, [&](const Filed& filed) {
    return filed.operand != kNoOperand && table.text(filed.operand) == table.text(begin->operand);
  });
  return same ? std::optional(begin->operand) : std::nullopt;
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

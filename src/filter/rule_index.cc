// SPDX-License-Identifier: Apache-2.0
#include "filter/rule_index.h"

#include <algorithm>


namespace hence::filter {

uint64_t hash_type(std::string_view type_name) { return mix(hash_text(type_name), 0x74797065ull); }

uint64_t hash_address(const IpAddress& address, unsigned bits) {
  const AddressRange masked = AddressRange::of(address, bits);
  const auto* bytes = reinterpret_cast<const char*>(masked.network.bytes.data());
  return hash_text(std::string_view(bytes, masked.network.size));
}

struct RuleIndex::Visit {
  IndexScratch& scratch;
  std::vector<Slot>& slots;
  const EventFields& fields;
};

void RuleIndex::collect(json::View event, IndexScratch& scratch, std::vector<Slot>& slots) const {
  if (rules_.empty()) return;
  if (++scratch.epoch == 0) {
    std::fill(scratch.checked.begin(), scratch.checked.end(), 0);
    std::fill(scratch.matched.begin(), scratch.matched.end(), 0);
    std::fill(scratch.visited.begin(), scratch.visited.end(), 0);
    scratch.epoch = 1;
  }
  if (scratch.checked.size() < conjunctions_.size()) scratch.checked.resize(conjunctions_.size());
  if (scratch.matched.size() < rules_.size()) scratch.matched.resize(rules_.size());
  if (scratch.visited.size() < nodes_.size()) scratch.visited.resize(nodes_.size());
  scratch.evaluation.begin(paths_, conditions_, event);
  Visit at{scratch, slots, scratch.evaluation.fields()};
  const Node& root = nodes_[kRootNode];
  for (uint32_t i = 0; i < root.always_count; ++i) consider(postings_[root.first_always + i], at);
  for (const PathId path : at.fields.present()) {
    for (uint32_t i = root_access_first_[path]; i < root_access_first_[path + 1]; ++i) {
      visit_access(accesses_[i], at);
    }
  }
}

// Nodes lie at most kNodeDepthMax below each other.
void RuleIndex::visit(NodeId id, Visit& at) const {
  if (at.scratch.visited[id] == at.scratch.epoch) return;
  at.scratch.visited[id] = at.scratch.epoch;
  const Node& node = nodes_[id];
  for (uint32_t i = 0; i < node.always_count; ++i) consider(postings_[node.first_always + i], at);
  for (uint32_t i = 0; i < node.access_count; ++i) visit_access(accesses_[node.first_access + i], at);
}

void RuleIndex::visit_access(const Access& access, Visit& at) const {
  uint32_t place = at.fields.first(access.path);
  if (place == kNoLeaf) return;
  if (access.kind == AccessKind::present) return look_up(access, 0, at);
  for (; place != kNoLeaf; place = at.fields.leaf(place).next) {
    const Leaf& leaf = at.fields.leaf(place);
    if (access.kind == AccessKind::exact) {
      look_up(access, leaf.hash, at);
    } else if (access.kind == AccessKind::type) {
      look_up(access, hash_type(json::type_name(leaf.type)), at);
    } else if (leaf.type == json::Type::string) {
      look_up_string(access, leaf, at);
    } else if (leaf.type == json::Type::number && access.kind == AccessKind::range) {
      auto& stabbed = at.scratch.stabbed;
      stabbed.clear();
      intervals_[access.payload].find(leaf.number, stabbed);
      for (const uint32_t conjunction : stabbed) check(conjunction, at);
    }
  }
}

void RuleIndex::look_up_string(const Access& access, const Leaf& leaf, Visit& at) const {
  switch (access.kind) {
    case AccessKind::folded:
      return look_up(access, hash_text(leaf.folded), at);
    case AccessKind::prefix:
    case AccessKind::folded_prefix: {
      const std::string_view text = access.kind == AccessKind::prefix ? leaf.text : leaf.folded;
      if (text.size() < access.length) return;
      return look_up(access, hash_text(text.substr(0, access.length)), at);
    }
    case AccessKind::suffix:
    case AccessKind::folded_suffix: {
      const std::string_view text = access.kind == AccessKind::suffix ? leaf.text : leaf.folded;
      if (text.size() < access.length) return;
      return look_up(access, hash_text(text.substr(text.size() - access.length)), at);
    }
    case AccessKind::cidr4:
    case AccessKind::cidr6: {
      const auto address = IpAddress::parse(leaf.text);
      if (!address || (address->size == 4) != (access.kind == AccessKind::cidr4)) return;
      return look_up(access, hash_address(*address, access.length), at);
    }
    default:
      return;
  }
}

// Different groups whose keys fall together are all taken: each conjunction is checked whole anyway.
void RuleIndex::look_up(const Access& access, uint64_t content, Visit& at) const {
  const uint64_t key = entry_key(access.seed, content);
  const size_t mask = entries_.size() - 1;
  for (size_t place = (key >> 1) & mask; entries_[place].key != 0; place = (place + 1) & mask) {
    if (entries_[place].key == key) take(entries_[place], at);
  }
}

void RuleIndex::take(const Entry& entry, Visit& at) const {
  if ((entry.target & kNodeFlag) != 0) return visit(entry.target & ~kNodeFlag, at);
  const std::span candidates = std::span(postings_).subspan(entry.target, entry.count);
  for (const Candidate& candidate : candidates) consider(candidate, at);
}

void RuleIndex::consider(const Candidate& candidate, Visit& at) const {
  if (candidate.guard_path != kRootPath &&
      (at.fields.signature(candidate.guard_path) & candidate.guard) == 0) {
    return;
  }
  check(candidate.conjunction, at);
}

void RuleIndex::check(uint32_t conjunction_index, Visit& at) const {
  uint32_t& checked = at.scratch.checked[conjunction_index];
  if (checked == at.scratch.epoch) return;
  checked = at.scratch.epoch;
  const Conjunction& found = conjunctions_[conjunction_index];
  const Slot slot = found.rule;
  if (found.alone == 0 && at.scratch.matched[slot] == at.scratch.epoch) return;
  if (!at.scratch.evaluation.all_hold(conjunction(conjunction_index))) return;
  if (found.alone == 0) at.scratch.matched[slot] = at.scratch.epoch;
  at.slots.push_back(slot);
}

std::optional<RuleIndex::Slot> RuleIndex::find(uint32_t id) const {
  const auto at = std::lower_bound(slots_by_id_.begin(), slots_by_id_.end(), std::pair(id, Slot{0}));
  if (at == slots_by_id_.end() || at->first != id) return std::nullopt;
  return at->second;
}

size_t RuleIndex::memory_bytes() const {
  size_t out = sizeof(*this) + paths_.memory_bytes() + conditions_.memory_bytes();
  out += rules_.capacity() * sizeof(Rule) + slots_by_id_.capacity() * sizeof(slots_by_id_[0]);
  out += conjunctions_.capacity() * sizeof(Conjunction);
  out += condition_refs_.capacity() * sizeof(ConditionId);
  out += nodes_.capacity() * sizeof(Node) + accesses_.capacity() * sizeof(Access);
  out += root_access_first_.capacity() * sizeof(uint32_t) + entries_.capacity() * sizeof(Entry);
  out += postings_.capacity() * sizeof(Candidate);
  for (const IntervalIndex& index : intervals_) out += index.memory_bytes();
  return out;
}

}  // namespace hence::filter

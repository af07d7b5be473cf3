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

namespace {

/// Probes looked up together: enough to keep the memory busy, few enough to stay in the cache.
constexpr size_t kProbesAhead = 64;

template <typename T>
void fetch_ahead(const std::vector<T>& from, size_t place) {
  if (place < from.size()) __builtin_prefetch(&from[place]);
}

}  // namespace

void RuleIndex::begin(json::View event, IndexScratch& scratch) const {
  if (++scratch.epoch == 0) {
    std::fill(scratch.visited.begin(), scratch.visited.end(), 0);
    scratch.epoch = 1;
  }
  if (++scratch.round == 0) {
    std::fill(scratch.checked.begin(), scratch.checked.end(), 0);
    scratch.round = 1;
  }
  if (scratch.checked.size() < conjunctions_.size()) scratch.checked.resize(conjunctions_.size());
  if (scratch.visited.size() < nodes_.size()) scratch.visited.resize(nodes_.size());
  scratch.probes.clear();
  scratch.hits.clear();
  scratch.checks.clear();
  scratch.evaluation.begin(paths_, conditions_, event);
}

void RuleIndex::collect(json::View event, IndexScratch& scratch, std::vector<Slot>& slots) const {
  if (rules_.empty()) return;
  begin(event, scratch);
  Visit at{scratch, slots, scratch.evaluation.fields()};
  const Node& root = nodes_[kRootNode];
  for (uint32_t i = 0; i < root.always_count; ++i) consider(postings_[root.first_always + i], 0, true, at);
  for (const PathId path : at.fields.present()) {
    for (uint32_t i = root_access_first_[path]; i < root_access_first_[path + 1]; ++i) {
      visit_access(accesses_[i], 0, at);
    }
    if (at.scratch.probes.size() >= kProbesAhead) run_rounds(at);
  }
  run_rounds(at);
}

// Nodes lie at most kNodeDepthMax below each other.
void RuleIndex::visit(NodeId id, uint32_t scoped, Visit& at) const {
  if (at.scratch.visited[id] == at.scratch.epoch) return;
  at.scratch.visited[id] = at.scratch.epoch;
  const Node& node = nodes_[id];
  for (uint32_t i = 0; i < node.always_count; ++i) consider(postings_[node.first_always + i], scoped, true, at);
  for (uint32_t i = 0; i < node.access_count; ++i) visit_access(accesses_[node.first_access + i], scoped, at);
}

void RuleIndex::visit_access(const Access& access, uint32_t scoped, Visit& at) const {
  uint32_t place = at.fields.first(access.path);
  if (place == kNoLeaf) return;
  if (access.kind == AccessKind::present) return probe(access, 0, kNoLeaf, scoped, at);
  for (; place != kNoLeaf; place = at.fields.leaf(place).next) {
    const Leaf& leaf = at.fields.leaf(place);
    if (access.kind == AccessKind::exact) {
      probe(access, leaf.hash, place, scoped, at);
    } else if (access.kind == AccessKind::type) {
      probe(access, hash_type(json::type_name(leaf.type)), place, scoped, at);
    } else if (leaf.type == json::Type::string) {
      probe_string(access, place, scoped, at);
    } else if (leaf.type == json::Type::number && access.kind == AccessKind::range) {
      stab(access, leaf, scoped, at);
    }
  }
}

void RuleIndex::stab(const Access& access, const Leaf& leaf, uint32_t scoped, Visit& at) const {
  auto& stabbed = at.scratch.stabbed;
  stabbed.clear();
  intervals_[access.payload].find(leaf.number, stabbed);
  at.scratch.work += stabbed.size();
  for (const uint32_t conjunction : stabbed) {
    at.scratch.checks.push_back({conjunction, 0, scoped});
    fetch_ahead(conjunctions_, conjunction);
  }
}

void RuleIndex::probe_string(const Access& access, uint32_t place, uint32_t scoped, Visit& at) const {
  const Leaf& leaf = at.fields.leaf(place);
  switch (access.kind) {
    case AccessKind::folded:
      return probe(access, hash_text(leaf.folded), place, scoped, at);
    case AccessKind::prefix:
    case AccessKind::folded_prefix: {
      const std::string_view text = access.kind == AccessKind::prefix ? leaf.text : leaf.folded;
      if (text.size() < access.length) return;
      return probe(access, hash_text(text.substr(0, access.length)), place, scoped, at);
    }
    case AccessKind::suffix:
    case AccessKind::folded_suffix: {
      const std::string_view text = access.kind == AccessKind::suffix ? leaf.text : leaf.folded;
      if (text.size() < access.length) return;
      return probe(access, hash_text(text.substr(text.size() - access.length)), place, scoped, at);
    }
    case AccessKind::cidr4:
    case AccessKind::cidr6: {
      const auto address = IpAddress::parse(leaf.text);
      if (!address || (address->size == 4) != (access.kind == AccessKind::cidr4)) return;
      return probe(access, hash_address(*address, access.length), place, scoped, at);
    }
    default:
      return;
  }
}

void RuleIndex::probe(const Access& access, uint64_t content, uint32_t leaf, uint32_t scoped, Visit& at) const {
  const uint64_t key = entry_key(access.seed, content);
  __builtin_prefetch(&entries_[place_of(key)]);
  at.scratch.probes.push_back({key, leaf, scoped});
}

/// Takes what the probes find; that may probe further, in a node below.
void RuleIndex::run_rounds(Visit& at) const {
  auto& probes = at.scratch.probes;
  auto& hits = at.scratch.hits;
  while (!probes.empty() || !hits.empty()) {
    if (hits.empty() || probes.size() >= kProbesAhead) {
      find_entries(at);
      continue;
    }
    const Hit hit = hits.back();
    hits.pop_back();
    take(hit, at);
    if (at.scratch.checks.size() >= kProbesAhead) run_checks(at);
  }
  run_checks(at);
}

/// Turns the last probes into hits: the entries of their keys.
void RuleIndex::find_entries(Visit& at) const {
  auto& probes = at.scratch.probes;
  auto& hits = at.scratch.hits;
  const size_t first = probes.size() > kProbesAhead ? probes.size() - kProbesAhead : 0;
  at.scratch.work += probes.size() - first;
  for (size_t i = first; i < probes.size(); ++i) {
    const Probe& probe = probes[i];
    const uint32_t tag = tag_of(probe.key);
    for (size_t place = place_of(probe.key); entries_[place].tag != 0; place = (place + 1) & (entries_.size() - 1)) {
      const Entry& entry = entries_[place];
      if (entry.tag != tag) continue;
      if (entry.text_size != kNoText) __builtin_prefetch(conditions_.text_at(entry.text));
      if ((entry.target & kNodeFlag) != 0) fetch_ahead(nodes_, entry.target & ~kNodeFlag);
      else fetch_ahead(postings_, entry.target);
      hits.push_back({static_cast<uint32_t>(place), probe.leaf, probe.scoped});
    }
  }
  probes.resize(first);
}

// Where an entry has no text, other groups' keys may fall together with it: what is filed there is
// checked whole anyway.
void RuleIndex::take(const Hit& hit, Visit& at) const {
  const Entry& entry = entries_[hit.entry];
  uint32_t scoped = hit.scoped;
  bool once = true;
  if (hit.leaf != kNoLeaf) {
    const Leaf& leaf = at.fields.leaf(hit.leaf);
    once = leaf.is_only;
    if (entry.text_size != kNoText) {
      const std::string_view text(conditions_.text_at(entry.text), entry.text_size);
      if (leaf.type != json::Type::string || !equal_text(leaf.text, text)) return;
      if (leaf.scope != kRootScope) ++scoped;
    }
  }
  if ((entry.target & kNodeFlag) != 0) return visit(entry.target & ~kNodeFlag, scoped, at);
  const std::span candidates = std::span(postings_).subspan(entry.target, entry.count);
  at.scratch.work += candidates.size();
  for (const Candidate& candidate : candidates) consider(candidate, scoped, once, at);
}

/// once: no other value can lead here.
void RuleIndex::consider(const Candidate& candidate, uint32_t scoped, bool once, Visit& at) const {
  if (candidate.guard_path == kAllProved) {
    if (scoped <= 1 && once) {
      const auto slot = static_cast<Slot>(candidate.guard);
      fetch_ahead(heads_, slot);
      at.slots.push_back(slot);
      return;
    }
  } else if (candidate.guard_path != kRootPath &&
             (at.fields.signature(candidate.guard_path) & candidate.guard) == 0) {
    return;
  }
  fetch_ahead(conjunctions_, candidate.conjunction);
  fetch_ahead(at.scratch.checked, candidate.conjunction);
  at.scratch.checks.push_back({candidate.conjunction, candidate.proved, scoped});
}

void RuleIndex::run_checks(Visit& at) const {
  for (const Check& check : at.scratch.checks) {
    uint8_t& checked = at.scratch.checked[check.conjunction];
    if (checked == at.scratch.round) continue;
    checked = at.scratch.round;
    if (!at.scratch.evaluation.all_hold(conjunction(check.conjunction), check.proved, check.scoped)) continue;
    const Slot slot = conjunctions_[check.conjunction].rule;
    fetch_ahead(heads_, slot);
    at.slots.push_back(slot);
  }
  at.scratch.checks.clear();
}

std::optional<RuleIndex::Slot> RuleIndex::find(uint32_t id) const {
  const auto at = std::lower_bound(slots_by_id_.begin(), slots_by_id_.end(), std::pair(id, Slot{0}));
  if (at == slots_by_id_.end() || at->first != id) return std::nullopt;
  return at->second;
}

size_t RuleIndex::memory_bytes() const {
  size_t out = sizeof(*this) + paths_.memory_bytes() + conditions_.memory_bytes();
  out += rules_.capacity() * sizeof(Rule) + heads_.capacity() * sizeof(Head) + slots_by_id_.capacity() * sizeof(slots_by_id_[0]);
  out += conjunctions_.capacity() * sizeof(Conjunction);
  out += condition_refs_.capacity() * sizeof(ConditionId);
  out += nodes_.capacity() * sizeof(Node) + accesses_.capacity() * sizeof(Access);
  out += root_access_first_.capacity() * sizeof(uint32_t) + entries_.capacity() * sizeof(Entry);
  out += postings_.capacity() * sizeof(Candidate);
  for (const IntervalIndex& index : intervals_) out += index.memory_bytes();
  return out;
}

}  // namespace hence::filter

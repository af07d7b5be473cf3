// SPDX-License-Identifier: Apache-2.0
#include "filter/path_table.h"

#include <algorithm>

#include "filter/hashing.h"

namespace hence::filter {

namespace {

uint64_t child_hash(PathId parent, std::string_view key) { return mix(hash_text(key), parent + 1); }

}  // namespace

PathTable::PathTable() : nodes_(1), slots_(64) {}

PathId PathTable::look_up_child(PathId parent, std::string_view name) const {
  const uint64_t hash = child_hash(parent, name);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.child == kNoPath) return kNoPath;
    if (slot.hash == hash && nodes_[slot.child].parent == parent && equal_text(key(slot.child), name)) {
      return slot.child;
    }
  }
}

PathId PathTable::add_child(PathId parent, std::string_view name) {
  if (nodes_.size() * 2 > slots_.size()) grow();
  const auto child = static_cast<PathId>(nodes_.size());
  Node node;
  node.parent = parent;
  node.key_offset = static_cast<uint32_t>(texts_.size());
  node.key_size = static_cast<uint32_t>(name.size());
  texts_.append(name);
  nodes_.push_back(node);
  nodes_[parent].has_children = true;
  nodes_[parent].child_filter |= uint64_t{1} << shape_of(name);
  const uint64_t hash = child_hash(parent, name);
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at].child != kNoPath) at = (at + 1) & mask;
  slots_[at] = {hash, child};
  return child;
}

void PathTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.child == kNoPath) continue;
    size_t at = slot.hash & mask;
    while (slots_[at].child != kNoPath) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

PathId PathTable::intern(const std::vector<std::string>& path_keys) {
  PathId path = kRootPath;
  for (const std::string& name : path_keys) {
    const PathId child = find_child(path, name);
    path = child == kNoPath ? add_child(path, name) : child;
  }
  nodes_[path].looked_at = true;
  return path;
}

PathId PathTable::intern_raw(const std::vector<std::string>& path_keys) {
  std::vector<PathId> above;
  PathId path = kRootPath;
  for (const std::string& name : path_keys) {
    if (path != kRootPath) above.push_back(path);
    const PathId child = find_child(path, name);
    path = child == kNoPath ? add_child(path, name) : child;
  }
  if (nodes_[path].raw != kNoPath) return nodes_[path].raw;
  const auto raw = static_cast<PathId>(nodes_.size());
  Node node = nodes_[path];
  node.looked_at = true;
  node.is_raw = true;
  node.has_children = false;
  node.child_filter = 0;
  nodes_.push_back(node);
  nodes_[path].raw = raw;
  for (const PathId at : above) {
    nodes_[at].has_raw_below = true;
    raw_below_[at].push_back(raw);
  }
  return raw;
}

const std::vector<PathId>& PathTable::raw_below(PathId path) const {
  static const std::vector<PathId> kNone;
  const auto at = raw_below_.find(path);
  return at == raw_below_.end() ? kNone : at->second;
}

std::vector<std::string_view> PathTable::keys(PathId path) const {
  std::vector<std::string_view> out;
  for (; path != kRootPath; path = nodes_[path].parent) out.push_back(key(path));
  std::reverse(out.begin(), out.end());
  return out;
}

std::string PathTable::to_text(PathId path) const {
  std::string out;
  for (const std::string_view name : keys(path)) {
    if (!out.empty()) out += '.';
    const bool plain = !name.empty() && name.find_first_of(". \"") == std::string_view::npos;
    out += plain ? std::string(name) : "\"" + std::string(name) + "\"";
  }
  return out;
}

size_t PathTable::memory_bytes() const {
  return nodes_.capacity() * sizeof(Node) + slots_.capacity() * sizeof(Slot) + texts_.capacity();
}

}  // namespace hence::filter

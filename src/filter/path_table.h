// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fields some rule looks at, as a trie of object keys. A path's id is its place in the trie; the
// walk over an event follows the trie and skips every member that is not in it.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hence::filter {

using PathId = uint32_t;
inline constexpr PathId kRootPath = 0;
inline constexpr PathId kNoPath = 0xFFFFFFFFu;

class PathTable {
 public:
  PathTable();

  /// The id of a path, made if it is new; it counts as looked at from now on.
  PathId intern(const std::vector<std::string>& keys);
  /// The id of a path looked at as jq does: its one value from the root, arrays and objects
  /// included. Leads a life beside the path's own id.
  PathId intern_raw(const std::vector<std::string>& keys);
  /// The raw twin of a path, kNoPath if nothing asks for it.
  PathId raw(PathId path) const { return nodes_[path].raw; }
  bool is_raw(PathId path) const { return nodes_[path].is_raw; }
  /// The raw paths that lie below a path, which have no value but an error if it is no object.
  const std::vector<PathId>& raw_below(PathId path) const;
  bool has_raw_below(PathId path) const { return nodes_[path].has_raw_below; }
  /// Marks that some condition compares the path's strings without case.
  void set_folds(PathId path) { nodes_[path].folds = true; }

  /// The child of a node by key, kNoPath if no rule looks there. Most members of an event end at
  /// the filter.
  PathId find_child(PathId parent, std::string_view name) const {
    if ((nodes_[parent].child_filter >> shape_of(name) & 1u) == 0) return kNoPath;
    return look_up_child(parent, name);
  }

  bool is_looked_at(PathId path) const { return nodes_[path].looked_at; }
  bool has_children(PathId path) const { return nodes_[path].has_children; }
  bool folds(PathId path) const { return nodes_[path].folds; }
  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }
  size_t memory_bytes() const;

  /// Keys joined by dots, as people write a path; a key that has a dot stands in quotes.
  std::string to_text(PathId path) const;
  std::vector<std::string_view> keys(PathId path) const;

 private:
  struct Node {
    PathId parent = 0;
    uint32_t key_offset = 0;
    uint32_t key_size = 0;
    bool looked_at = false;
    bool has_children = false;
    bool folds = false;
    bool is_raw = false;
    bool has_raw_below = false;
    PathId raw = kNoPath;
    uint64_t child_filter = 0;  ///< a bit for the shape of each child's key
  };
  struct Slot {
    uint64_t hash = 0;
    PathId child = kNoPath;
  };
  /// 0..63, from length, first and last byte.
  static uint32_t shape_of(std::string_view name) {
    if (name.empty()) return 0;
    const auto first = static_cast<unsigned char>(name.front());
    const auto last = static_cast<unsigned char>(name.back());
    return (first * 7u + last * 3u + static_cast<uint32_t>(name.size()) * 13u) & 63u;
  }
  PathId look_up_child(PathId parent, std::string_view name) const;
  std::string_view key(PathId path) const {
    return std::string_view(texts_).substr(nodes_[path].key_offset, nodes_[path].key_size);
  }
  PathId add_child(PathId parent, std::string_view key);
  void grow();

  std::vector<Node> nodes_;
  std::string texts_;
  std::map<PathId, std::vector<PathId>> raw_below_;
  std::vector<Slot> slots_;  // size a power of two, at most half full
};

}  // namespace hence::filter

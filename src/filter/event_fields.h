// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one event holds in the fields that rules look at: made by one walk over the event.
//
// A leaf is a string, number, boolean or null; arrays are seen through. Which elements of which
// arrays a leaf lies in is its scope: scopes form a tree with the event itself, scope 0, as root,
// numbered in document order so that a scope's descendants follow it directly. An element that is an
// object or an array opens a scope; plain elements belong to the scope their array stands in. Two
// leaves go together unless their scopes lie in different elements of one array.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "filter/path_table.h"
#include "json/value.h"

namespace hence::filter {

using ScopeId = uint32_t;
inline constexpr ScopeId kRootScope = 0;
inline constexpr uint32_t kNoLeaf = 0xFFFFFFFFu;
/// Arrays directly inside each other beyond this depth are not looked into.
inline constexpr uint32_t kArrayDepthMax = 256;

struct Leaf {
  json::View value;
  std::string_view text;     ///< of a string
  uint64_t hash = 0;         ///< of type and value
  double number = 0;         ///< of a number: the nearest binary64
  std::string_view folded;   ///< of a string, where the path folds
  uint32_t next = kNoLeaf;   ///< the next leaf of the same path
  ScopeId scope = kRootScope;
  json::Type type = json::Type::null;
  bool is_only = true;     ///< of its path
};

struct Scope {
  ScopeId parent = 0;
  ScopeId end = 0;     ///< one past the last descendant
  uint32_t array = 0;  ///< number of the array this is an element of
  uint32_t index = 0;  ///< of the element
};

class EventFields {
 public:
  /// Replaces the content by the fields of event that paths knows. Borrows event.
  void read(const PathTable& paths, json::View event);

  /// First leaf of a path, kNoLeaf if there is none; follow Leaf::next.
  uint32_t first(PathId path) const {
    return heads_[path].epoch == epoch_ ? heads_[path].first : kNoLeaf;
  }
  /// The signature bits of all values at a path; 0 if there are none.
  uint64_t signature(PathId path) const {
    return heads_[path].epoch == epoch_ ? heads_[path].signature : 0;
  }
  const Leaf& leaf(uint32_t index) const { return leaves_[index]; }
  /// Paths that have a leaf, in document order.
  const std::vector<PathId>& present() const { return present_; }
  const std::vector<Scope>& scopes() const { return scopes_; }
  /// Members and elements looked at since ever.
  uint64_t work() const { return work_; }
  /// The ancestor of scope (or itself) directly below parent.
  ScopeId child_towards(ScopeId parent, ScopeId scope) const {
    while (scopes_[scope].parent != parent) scope = scopes_[scope].parent;
    return scope;
  }

 private:
  struct Head {
    uint32_t epoch = 0;
    uint32_t first = 0;
    uint32_t last = 0;
    uint64_t signature = 0;
  };
  void read_object(json::View object, PathId path, ScopeId scope);
  void read_array(json::View array, PathId path, ScopeId scope, uint32_t depth);
  void add_leaf(json::View value, json::Type type, PathId path, ScopeId scope);
  void add_raw(json::View value, json::Type type, PathId path);
  void add_broken(json::View value, PathId path);
  ScopeId open_scope(ScopeId parent, uint32_t array, uint32_t index);
  void close_scope(ScopeId scope) { scopes_[scope].end = static_cast<ScopeId>(scopes_.size()); }

  const PathTable* paths_ = nullptr;
  uint32_t epoch_ = 0;
  uint32_t arrays_ = 0;
  uint64_t work_ = 0;
  std::vector<Head> heads_;
  std::vector<Leaf> leaves_;
  std::vector<PathId> present_;
  std::vector<Scope> scopes_;
  std::deque<std::string> folded_;  // leaves_[i].folded points here; strings are reused
  size_t folded_used_ = 0;
};

}  // namespace hence::filter

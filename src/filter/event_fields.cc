// SPDX-License-Identifier: Apache-2.0
#include "filter/event_fields.h"

#include <algorithm>

#include "filter/case_fold.h"
#include "filter/hashing.h"

namespace hence::filter {

void EventFields::read(const PathTable& paths, json::View event) {
  paths_ = &paths;
  if (++epoch_ == 0) {
    std::fill(heads_.begin(), heads_.end(), Head{});
    epoch_ = 1;
  }
  if (heads_.size() < paths.size()) heads_.resize(paths.size());
  leaves_.clear();
  present_.clear();
  arrays_ = 0;
  folded_used_ = 0;
  scopes_.assign(1, Scope{});
  if (event.is_object()) read_object(event, kRootPath, kRootScope);
  close_scope(kRootScope);
}

void EventFields::read_object(json::View object, PathId path, ScopeId scope) {
  for (const auto [key, value] : object.members()) {
    ++work_;
    const PathId child = paths_->find_child(path, key);
    if (child == kNoPath) continue;
    const json::Type type = value.type();
    if (scope == kRootScope) add_raw(value, type, child);
    if (type == json::Type::object) {
      if (paths_->has_children(child)) read_object(value, child, scope);
    } else if (type == json::Type::array) {
      read_array(value, child, scope, 0);
    } else {
      add_leaf(value, type, child, scope);
    }
  }
}

void EventFields::read_array(json::View array, PathId path, ScopeId scope, uint32_t depth) {
  if (depth == kArrayDepthMax) return;
  const uint32_t number = arrays_++;
  uint32_t index = 0;
  for (const json::View element : array.elements()) {
    ++work_;
    const json::Type type = element.type();
    if (type == json::Type::object) {
      if (paths_->has_children(path)) {
        const ScopeId inner = open_scope(scope, number, index);
        read_object(element, path, inner);
        close_scope(inner);
      }
    } else if (type == json::Type::array) {
      const ScopeId inner = open_scope(scope, number, index);
      read_array(element, path, inner, depth + 1);
      close_scope(inner);
    } else {
      add_leaf(element, type, path, scope);
    }
    ++index;
  }
}

ScopeId EventFields::open_scope(ScopeId parent, uint32_t array, uint32_t index) {
  scopes_.push_back({parent, 0, array, index});
  return static_cast<ScopeId>(scopes_.size() - 1);
}

/// Arrays open scopes, so in the root scope a path was reached by objects alone.
void EventFields::add_raw(json::View value, json::Type type, PathId path) {
  const PathId raw = paths_->raw(path);
  if (raw != kNoPath) add_leaf(value, type, raw, kRootScope);
  if (paths_->has_raw_below(path) && type != json::Type::object && type != json::Type::null) {
    add_broken(value, path);
  }
}

/// Where jq would fail to go on, every path below has the value in its way, as an array: conditions
/// on raw paths let arrays pass, so that the program runs and says its error.
void EventFields::add_broken(json::View value, PathId path) {
  for (const PathId raw : paths_->raw_below(path)) {
    add_leaf(value, json::Type::array, raw, kRootScope);
  }
}

void EventFields::add_leaf(json::View value, json::Type type, PathId path, ScopeId scope) {
  if (!paths_->is_looked_at(path)) return;
  const auto index = static_cast<uint32_t>(leaves_.size());
  Leaf& leaf = leaves_.emplace_back();
  leaf.value = value;
  leaf.type = type;
  leaf.scope = scope;
  if (type == json::Type::string) {
    leaf.text = value.as_string();
    leaf.hash = hash_text(leaf.text);
    if (paths_->folds(path)) {
      if (folded_used_ == folded_.size()) folded_.emplace_back();
      fold_case(leaf.text, folded_[folded_used_]);
      leaf.folded = folded_[folded_used_++];
    }
  } else if (type == json::Type::number) {
    leaf.number = value.as_double();
    leaf.hash = hash_number(leaf.number);
  } else if (type == json::Type::boolean) {
    leaf.hash = value.as_bool() ? kTrueHash : kFalseHash;
  } else if (type == json::Type::null) {
    leaf.hash = kNullHash;
  }
  Head& head = heads_[path];
  if (head.epoch != epoch_) {
    head = {epoch_, index, index, signature_bit(leaf.hash)};
    present_.push_back(path);
  } else {
    leaves_[head.last].next = index;
    leaves_[head.last].is_only = false;
    leaf.is_only = false;
    head.last = index;
    head.signature |= signature_bit(leaf.hash);
  }
}

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#include "expr/assign.h"

#include <span>
#include <vector>

#include "expr/evaluate.h"
#include "expr/operations.h"

namespace hence::expr {

namespace {

/// The keys of a chain of field, index and slice, outermost first.
class ChainKeys {
 public:
  /// Evaluates the keys on the input.
  Flow find(Run& run, const Node* node, const Val& in) {
    size_t length = 0;
    for (const Node* at = node; at != nullptr && at->op != Op::identity; at = at->a) ++length;
    size_ = length;
    if (length > kFew) many_.resize(length);
    Val* keys = data();
    for (const Node* at = node; length > 0; at = at->a) {
      const Flow flow = key(run, *at, in, keys[--length]);
      if (flow != Flow::value) return flow;
    }
    return Flow::value;
  }
  std::span<const Val> keys() { return {data(), size_}; }

 private:
  static constexpr size_t kFew = 4;
  Val* data() { return size_ > kFew ? many_.data() : few_; }
  static Flow key(Run& run, const Node& node, const Val& in, Val& out) {
    if (node.op == Op::field) {
      out = node.constant;
      return Flow::value;
    }
    if (node.op == Op::index) return evaluate(run, *node.b, in, out);
    Val from;
    Val to;
    if (node.c != nullptr) {
      if (const Flow flow = evaluate(run, *node.c, in, to); flow != Flow::value) return flow;
    }
    if (node.b != nullptr) {
      if (const Flow flow = evaluate(run, *node.b, in, from); flow != Flow::value) return flow;
    }
    out = slice_key(run, from, to);
    return Flow::value;
  }

  Val few_[kFew];
  std::vector<Val> many_;
  size_t size_ = 0;
};

Val path_array(Run& run, std::span<const Val> keys) {
  Val path = make_array(run, static_cast<uint32_t>(keys.size()));
  for (const Val& key : keys) push(run, path, key);
  return path;
}

Flow update_all(Run& run, const Node& node, Val& container) {
  const Node& change = *node.b;
  if (container.is_array()) {
    own_array(run, container);
    Arr* arr = container.arr();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < arr->size; ++i) {
      if (!run.step()) return used_up(run, node);
      Val changed;
      const Flow flow = evaluate_moved(run, change, std::move(arr->items[i]), changed);
      if (flow == Flow::error) return flow;
      if (flow == Flow::value) arr->items[kept++] = std::move(changed);
    }
    while (arr->size > kept) arr->items[--arr->size] = Val();
    return Flow::value;
  }
  if (!container.is_object()) return located(run, node, cannot_iterate(run, container));
  own_object(run, container);
  std::vector<Val> removed;
  for (uint32_t i = 0; i < container.obj()->size; ++i) {
    if (!run.step()) return used_up(run, node);
    Val changed;
    Entry& entry = container.obj()->entries[i];
    const Flow flow = evaluate_moved(run, change, std::move(entry.value), changed);
    if (flow == Flow::error) return flow;
    if (flow == Flow::empty) removed.push_back(entry.key);
    entry.value = std::move(changed);
  }
  for (const Val& key : removed) {
    remove_member(run, container, key.text());
    if (run.over()) return used_up(run, node);
  }
  return Flow::value;
}

}  // namespace

Flow update_simple(Run& run, const Node& node, Val&& in, Val& out) {
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val root = std::move(in);
  Val value;
  if (take_keys(run, root, chain.keys(), value) != Flow::value) return located(run, node, Flow::error);
  Val changed;
  const Flow flow = evaluate_moved(run, *node.b, std::move(value), changed);
  if (flow == Flow::error) return flow;
  Flow ended = Flow::value;
  if (flow == Flow::empty) {
    Val paths = make_array(run, 1);
    push(run, paths, path_array(run, chain.keys()));
    ended = delete_paths(run, root, std::move(paths));
  } else {
    ended = set_keys(run, root, chain.keys(), std::move(changed));
  }
  out = std::move(root);
  return located(run, node, ended);
}

Flow update_members(Run& run, const Node& node, Val&& in, Val& out) {
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val root = std::move(in);
  Val value;
  if (take_keys(run, root, chain.keys(), value) != Flow::value) return located(run, node, Flow::error);
  if (const Flow flow = update_all(run, node, value); flow != Flow::value) return flow;
  const Flow flow = set_keys(run, root, chain.keys(), std::move(value));
  out = std::move(root);
  return located(run, node, flow);
}

Flow set_simple(Run& run, const Node& node, Val&& in, Val& out) {
  Val value;
  if (const Flow flow = evaluate(run, *node.b, in, value); flow != Flow::value) return flow;
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val root = std::move(in);
  const Flow flow = set_keys(run, root, chain.keys(), std::move(value));
  out = std::move(root);
  return located(run, node, flow);
}

Flow path_simple(Run& run, const Node& node, const Val& in, Val& out) {
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val at = in;
  for (const Val& key : chain.keys()) {
    Val next;
    if (index_value(run, at, key, next) != Flow::value) return located(run, node, Flow::error);
    at = std::move(next);
  }
  out = path_array(run, chain.keys());
  return Flow::value;
}

}  // namespace hence::expr

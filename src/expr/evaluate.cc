// SPDX-License-Identifier: Apache-2.0
#include "expr/evaluate.h"

#include <algorithm>
#include <span>
#include <vector>

#include "expr/operations.h"

namespace hence::expr {

namespace {

/// Evaluates the term a suffix stands on; nothing means ".".
Flow base(Run& run, const Node* node, const Val& in, Val& out) {
  if (node == nullptr) {
    out = in;
    return Flow::value;
  }
  return evaluate(run, *node, in, out);
}

/// How a step of a path ended, its own error being no result where it is followed by "?".
Flow stepped(Run& run, const Node& node, Flow flow) {
  return flow == Flow::error && node.optional && !run.over() ? Flow::empty : flow;
}

Flow field(Run& run, const Node& node, const Val& in, Val& out) {
  if (node.a == nullptr) return stepped(run, node, field_value(run, in, node.constant, out));
  Val inner;
  const Flow flow = evaluate(run, *node.a, in, inner);
  return flow == Flow::value ? stepped(run, node, field_value(run, inner, node.constant, out)) : flow;
}

Flow index(Run& run, const Node& node, const Val& in, Val& out) {
  Val key;
  Val container;
  if (const Flow flow = evaluate(run, *node.b, in, key); flow != Flow::value) return flow;
  if (const Flow flow = base(run, node.a, in, container); flow != Flow::value) return flow;
  return stepped(run, node, index_value(run, container, key, out));
}

Flow slice(Run& run, const Node& node, const Val& in, Val& out) {
  Val from;
  Val to;
  Val container;
  if (node.c != nullptr) {
    if (const Flow flow = evaluate(run, *node.c, in, to); flow != Flow::value) return flow;
  }
  if (node.b != nullptr) {
    if (const Flow flow = evaluate(run, *node.b, in, from); flow != Flow::value) return flow;
  }
  if (const Flow flow = base(run, node.a, in, container); flow != Flow::value) return flow;
  return stepped(run, node, slice_value(run, container, from, to, out));
}

Flow pipe(Run& run, const Node& node, Val&& first, size_t from, Val& out) {
  Val value = std::move(first);
  for (size_t i = from; i < node.items.size(); ++i) {
    Val next;
    const Flow flow = evaluate_moved(run, *node.items[i], std::move(value), next);
    if (flow != Flow::value) return flow;
    value = std::move(next);
  }
  out = std::move(value);
  return Flow::value;
}

Flow binary_node(Run& run, const Node& node, const Val& in, Val& out) {
  const auto op = static_cast<BinaryOperator>(node.sub);
  Val a;
  if (node.b->op == Op::constant && op >= BinaryOperator::equal) {
    // Comparing with a constant needs no copy of it.
    if (const Flow flow = evaluate(run, *node.a, in, a); flow != Flow::value) return flow;
    const int order = compare(run, a, node.b->constant);
    if (!run.too_deep) [[likely]] {
      out = Val(compares(op, order));
      return Flow::value;
    }
    return run.fail_deep("Comparison too deep");
  }
  Val b;
  if (const Flow flow = evaluate(run, *node.b, in, b); flow != Flow::value) return flow;
  if (const Flow flow = evaluate(run, *node.a, in, a); flow != Flow::value) return flow;
  return binary(run, op, a, b, out);
}

Flow logical(Run& run, const Node& node, const Val& in, Val& out) {
  const bool is_and = node.op == Op::logical_and;
  Val a;
  if (const Flow flow = evaluate(run, *node.a, in, a); flow != Flow::value) return flow;
  if (a.truthy() != is_and) {
    out = Val(!is_and);
    return Flow::value;
  }
  Val b;
  if (const Flow flow = evaluate(run, *node.b, in, b); flow != Flow::value) return flow;
  out = Val(b.truthy());
  return Flow::value;
}

Flow object(Run& run, const Node& node, const Val& in, Val& out) {
  Val result = make_object(run, static_cast<uint32_t>(node.items.size() / 2));
  for (size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const Node& key_node = *node.items[i];
    Val key;
    if (key_node.op == Op::constant) {
      key = key_node.constant;
    } else if (const Flow flow = evaluate(run, key_node, in, key); flow != Flow::value) {
      return flow;
    }
    if (!key.is_string()) return bad_object_key(run, key);
    Val value;
    if (const Flow flow = evaluate(run, *node.items[i + 1], in, value); flow != Flow::value) {
      return flow;
    }
    member_place(run, result, key) = std::move(value);
  }
  out = std::move(result);
  return Flow::value;
}

Flow interpolate(Run& run, const Node& node, const Val& in, Val& out) {
  // Later parts are computed first, as in jq; few programs can tell.
  std::vector<Val> parts(node.items.size());
  size_t bytes = 0;
  for (size_t i = node.items.size(); i > 0; --i) {
    const Node& part = *node.items[i - 1];
    Val& text = parts[i - 1];
    if (i % 2 == 1) {
      text = part.constant;
    } else {
      Val value;
      if (const Flow flow = evaluate(run, part, in, value); flow != Flow::value) return flow;
      const auto format = static_cast<Format>(node.sub);
      if (format == Format::text && value.is_string()) {
        text = std::move(value);
      } else if (const Flow flow = format_value(run, format, value, text); flow != Flow::value) {
        return flow;
      }
    }
    bytes += text.size();
  }
  std::string joined;
  joined.reserve(bytes);
  for (const Val& part : parts) joined += part.text();
  out = make_string(run, joined);
  return Flow::value;
}

Flow native(Run& run, const Node& node, Val&& in, Val& out) {
  constexpr size_t kArgumentsMax = 8;
  Val arguments[kArgumentsMax];
  for (size_t i = node.items.size(); i > 0; --i) {
    const Flow flow = evaluate(run, *node.items[i - 1], in, arguments[i]);
    if (flow != Flow::value) return flow;
  }
  arguments[0] = std::move(in);
  const Flow flow = node.native->function(run, arguments, out);
  return run.over() ? Flow::error : flow;
}

Flow condition(Run& run, const Node& node, const Val& in, const Node*& branch) {
  Val test;
  const Flow flow = evaluate(run, *node.a, in, test);
  branch = test.truthy() ? node.b : node.c;
  return flow;
}

Flow alternative(Run& run, const Node& node, const Val& in, Val& out) {
  const Flow flow = evaluate(run, *node.a, in, out);
  if (flow == Flow::value && out.truthy()) return flow;
  if (run.over()) return Flow::error;
  return evaluate(run, *node.b, in, out);
}

Flow collect(Run& run, const Node& node, const Val& in, Val& out) {
  Val result = make_array(run);
  auto sink = [&](Val&& value) {
    push(run, result, std::move(value));
    return run.over() ? Flow::error : Flow::value;
  };
  const Flow flow = each(run, *node.a, in, sink);
  if (flow == Flow::error) return flow;
  out = std::move(result);
  return Flow::value;
}

Flow reduce(Run& run, const Node& node, const Val& in, Val& out) {
  Val state;
  const Flow begun = evaluate(run, *node.b, in, state);
  if (begun != Flow::value) return begun;
  auto sink = [&](Val&& value) {
    run.slot(0, node.slot) = std::move(value);
    Val next;
    const Flow flow = evaluate_moved(run, *node.c, std::move(state), next);
    if (flow == Flow::error) return flow;
    state = flow == Flow::value ? std::move(next) : Val();
    return Flow::value;
  };
  const Flow flow = each(run, *node.a, in, sink);
  if (flow == Flow::error) return flow;
  out = std::move(state);
  return Flow::value;
}

Flow try_one(Run& run, const Node& node, const Val& in, Val& out) {
  const Flow flow = evaluate(run, *node.a, in, out);
  if (flow != Flow::error || run.over()) return flow;
  if (node.b == nullptr) return Flow::empty;
  const Val error = std::move(run.error);
  return evaluate(run, *node.b, error, out);
}

Flow first(Run& run, const Node& node, const Val& in, Val& out) {
  bool found = false;
  auto sink = [&](Val&& value) {
    out = std::move(value);
    found = true;
    return Flow::stop;
  };
  const Flow flow = each(run, *node.a, in, sink);
  if (found) return Flow::value;
  return flow == Flow::error ? flow : Flow::empty;
}

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

Flow update_simple(Run& run, const Node& node, Val&& in, Val& out) {
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val root = std::move(in);
  Val value;
  if (take_keys(run, root, chain.keys(), value) != Flow::value) return Flow::error;
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
  return ended;
}

Flow update_all(Run& run, const Node& change, Val& container) {
  if (container.is_array()) {
    own_array(run, container);
    Arr* arr = container.arr();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < arr->size; ++i) {
      Val changed;
      const Flow flow = evaluate_moved(run, change, std::move(arr->items[i]), changed);
      if (flow == Flow::error) return flow;
      if (flow == Flow::value) arr->items[kept++] = std::move(changed);
    }
    while (arr->size > kept) arr->items[--arr->size] = Val();
    return Flow::value;
  }
  if (!container.is_object()) return cannot_iterate(run, container);
  own_object(run, container);
  std::vector<Val> removed;
  for (uint32_t i = 0; i < container.obj()->size; ++i) {
    Val changed;
    Entry& entry = container.obj()->entries[i];
    const Flow flow = evaluate_moved(run, change, std::move(entry.value), changed);
    if (flow == Flow::error) return flow;
    if (flow == Flow::empty) removed.push_back(entry.key);
    entry.value = std::move(changed);
  }
  for (const Val& key : removed) remove_member(run, container, key.text());
  return Flow::value;
}

Flow update_members(Run& run, const Node& node, Val&& in, Val& out) {
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val root = std::move(in);
  Val value;
  if (take_keys(run, root, chain.keys(), value) != Flow::value) return Flow::error;
  if (const Flow flow = update_all(run, *node.b, value); flow != Flow::value) return flow;
  const Flow flow = set_keys(run, root, chain.keys(), std::move(value));
  out = std::move(root);
  return flow;
}

Flow set_simple(Run& run, const Node& node, Val&& in, Val& out) {
  Val value;
  if (const Flow flow = evaluate(run, *node.b, in, value); flow != Flow::value) return flow;
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val root = std::move(in);
  const Flow flow = set_keys(run, root, chain.keys(), std::move(value));
  out = std::move(root);
  return flow;
}

Flow path_simple(Run& run, const Node& node, const Val& in, Val& out) {
  ChainKeys chain;
  if (const Flow flow = chain.find(run, node.a, in); flow != Flow::value) return flow;
  Val at = in;
  for (const Val& key : chain.keys()) {
    Val next;
    if (index_value(run, at, key, next) != Flow::value) return Flow::error;
    at = std::move(next);
  }
  out = path_array(run, chain.keys());
  return Flow::value;
}

Flow is_empty(Run& run, const Node& node, const Val& in, Val& out) {
  bool found = false;
  auto sink = [&](Val&&) {
    found = true;
    return Flow::stop;
  };
  const Flow flow = each(run, *node.a, in, sink);
  if (flow == Flow::error) return flow;
  out = Val(!found);
  return Flow::value;
}

}  // namespace

Flow evaluate(Run& run, const Node& node, const Val& in, Val& out) {
  if (!run.step()) [[unlikely]] return Flow::error;
  switch (node.op) {
    case Op::identity: out = in; return Flow::value;
    case Op::constant: out = node.constant; return Flow::value;
    case Op::load: out = run.slot(node.level, node.slot); return Flow::value;
    case Op::field: return field(run, node, in, out);
    case Op::index: return index(run, node, in, out);
    case Op::slice: return slice(run, node, in, out);
    case Op::pipe: {
      Val value;
      const Flow flow = evaluate(run, *node.items[0], in, value);
      return flow == Flow::value ? pipe(run, node, std::move(value), 1, out) : flow;
    }
    case Op::binary: return binary_node(run, node, in, out);
    case Op::negate: {
      Val value;
      const Flow flow = evaluate(run, *node.a, in, value);
      return flow == Flow::value ? negate(run, value, out) : flow;
    }
    case Op::logical_and: case Op::logical_or: return logical(run, node, in, out);
    case Op::logical_not: out = Val(!in.truthy()); return Flow::value;
    case Op::alternative: return alternative(run, node, in, out);
    case Op::condition: {
      const Node* branch = nullptr;
      const Flow flow = condition(run, node, in, branch);
      return flow == Flow::value ? evaluate(run, *branch, in, out) : flow;
    }
    case Op::array: return collect(run, node, in, out);
    case Op::object: return object(run, node, in, out);
    case Op::format: return format_value(run, static_cast<Format>(node.sub), in, out);
    case Op::interpolate: return interpolate(run, node, in, out);
    case Op::bind: {
      Val value;
      const Flow flow = evaluate(run, *node.a, in, value);
      if (flow != Flow::value) return flow;
      run.slot(0, node.slot) = std::move(value);
      return evaluate(run, *node.b, in, out);
    }
    case Op::reduce: return reduce(run, node, in, out);
    case Op::try_catch: return try_one(run, node, in, out);
    case Op::native: return native(run, node, Val(in), out);
    case Op::path: return path_simple(run, node, in, out);
    case Op::set_path: return set_simple(run, node, Val(in), out);
    case Op::update: return update_simple(run, node, Val(in), out);
    case Op::update_members: return update_members(run, node, Val(in), out);
    case Op::first: return first(run, node, in, out);
    case Op::is_empty: return is_empty(run, node, in, out);
    default: break;
  }
  HENCE_CHECK(false);
  return Flow::error;
}

Flow evaluate_moved(Run& run, const Node& node, Val&& in, Val& out) {
  switch (node.op) {
    case Op::identity: out = std::move(in); return Flow::value;
    case Op::pipe: return pipe(run, node, std::move(in), 0, out);
    case Op::native: return run.step() ? native(run, node, std::move(in), out) : Flow::error;
    case Op::set_path: return run.step() ? set_simple(run, node, std::move(in), out) : Flow::error;
    case Op::update: return run.step() ? update_simple(run, node, std::move(in), out) : Flow::error;
    case Op::update_members:
      return run.step() ? update_members(run, node, std::move(in), out) : Flow::error;
    case Op::binary: {
      if (node.a->op != Op::identity) break;
      if (!run.step()) return Flow::error;
      Val b;
      if (const Flow flow = evaluate(run, *node.b, in, b); flow != Flow::value) return flow;
      return binary(run, static_cast<BinaryOperator>(node.sub), in, b, out);
    }
    case Op::condition: {
      if (!run.step()) return Flow::error;
      const Node* branch = nullptr;
      const Flow flow = condition(run, node, in, branch);
      return flow == Flow::value ? evaluate_moved(run, *branch, std::move(in), out) : flow;
    }
    case Op::bind: {
      if (!run.step()) return Flow::error;
      Val value;
      const Flow flow = evaluate(run, *node.a, in, value);
      if (flow != Flow::value) return flow;
      run.slot(0, node.slot) = std::move(value);
      return evaluate_moved(run, *node.b, std::move(in), out);
    }
    default: break;
  }
  return evaluate(run, node, in, out);
}

namespace {

Flow each_pipe(Run& run, const Node& node, size_t i, const Val& in, Sink sink) {
  // A run of single-valued stages is walked in a loop; the rest nests.
  Val value = in;
  for (; i < node.items.size() && node.items[i]->kind == Kind::one; ++i) {
    Val next;
    const Flow flow = evaluate_moved(run, *node.items[i], std::move(value), next);
    if (flow != Flow::value) return flow == Flow::empty ? Flow::value : flow;
    value = std::move(next);
  }
  if (i == node.items.size()) return sink(std::move(value));
  if (i + 1 == node.items.size()) return each(run, *node.items[i], value, sink);
  auto next = [&](Val&& item) { return each_pipe(run, node, i + 1, item, sink); };
  return each(run, *node.items[i], value, next);
}

Flow iterate(Run& run, const Node& node, const Val& container, Sink sink) {
  Flow flow = Flow::value;
  auto take = [&](Val&& item) {
    flow = run.step() ? sink(std::move(item)) : Flow::error;
    return flow == Flow::value;
  };
  if (container.is_array()) {
    each_element(container, take);
  } else if (container.is_object()) {
    each_member(container, [&](std::string_view, Val item) { return take(std::move(item)); });
  } else {
    return node.optional ? Flow::value : cannot_iterate(run, container);
  }
  return flow;
}

Flow range(Run& run, const Node& node, const Val& in, Sink sink) {
  Val from;
  Val to;
  Val by(1.0);
  if (node.c != nullptr) {
    if (const Flow flow = evaluate(run, *node.c, in, by); flow != Flow::value) return flow;
  }
  if (const Flow flow = evaluate(run, *node.b, in, to); flow != Flow::value) return flow;
  if (const Flow flow = evaluate(run, *node.a, in, from); flow != Flow::value) return flow;
  if (!from.is_number() || !to.is_number() || !by.is_number()) {
    return run.fail("Range bounds must be numeric");
  }
  const double step = by.number();
  const double end = to.number();
  for (double at = from.number(); step > 0 ? at < end : step < 0 ? at > end : at < end; at += step) {
    if (!run.step()) return Flow::error;
    const Flow flow = sink(Val(at));
    if (flow != Flow::value) return flow;
  }
  return Flow::value;
}

Flow each_bind(Run& run, const Node& node, const Val& in, Sink sink) {
  auto body = [&](Val&& value) {
    run.slot(0, node.slot) = std::move(value);
    return each(run, *node.b, in, sink);
  };
  return each(run, *node.a, in, body);
}

Flow each_try(Run& run, const Node& node, const Val& in, Sink sink) {
  bool downstream = false;
  auto pass = [&](Val&& value) {
    const Flow flow = sink(std::move(value));
    downstream = flow == Flow::error;
    return flow;
  };
  const Flow flow = each(run, *node.a, in, pass);
  if (flow != Flow::error || downstream || run.over()) return flow;
  if (node.b == nullptr) return Flow::value;
  const Val error = std::move(run.error);
  return each(run, *node.b, error, sink);
}

Flow each_alternative(Run& run, const Node& node, const Val& in, Sink sink) {
  bool downstream = false;
  bool any = false;
  auto pass = [&](Val&& value) {
    if (!value.truthy()) return Flow::value;
    any = true;
    const Flow flow = sink(std::move(value));
    downstream = flow == Flow::error;
    return flow;
  };
  const Flow flow = each(run, *node.a, in, pass);
  if (flow == Flow::stop || downstream || run.over()) return flow;
  return any ? Flow::value : each(run, *node.b, in, sink);
}

Flow each_foreach(Run& run, const Node& node, const Val& in, Sink sink) {
  Val state;
  const Flow begun = evaluate(run, *node.b, in, state);
  if (begun != Flow::value) return begun == Flow::empty ? Flow::value : begun;
  auto turn = [&](Val&& value) {
    run.slot(0, node.slot) = std::move(value);
    Val next;
    const Flow flow = evaluate_moved(run, *node.c, std::move(state), next);
    if (flow == Flow::error) return flow;
    state = std::move(next);
    if (flow == Flow::empty) return Flow::value;
    return node.d == nullptr ? sink(Val(state)) : each(run, *node.d, state, sink);
  };
  return each(run, *node.a, in, turn);
}

Flow each_limit(Run& run, const Node& node, const Val& in, Sink sink) {
  Val count;
  const Flow flow = evaluate(run, *node.a, in, count);
  if (flow != Flow::value) return flow == Flow::empty ? Flow::value : flow;
  if (!count.is_number()) return run.fail("limit needs a number");
  double left = count.number();
  if (left < 0) return run.fail("limit doesn't support negative count");
  if (!(left > 0)) return Flow::value;
  bool reached = false;
  auto pass = [&](Val&& value) {
    left -= 1;
    const Flow passed = sink(std::move(value));
    if (passed != Flow::value || left > 0) return passed;
    reached = true;
    return Flow::stop;
  };
  const Flow ended = each(run, *node.b, in, pass);
  return reached && ended == Flow::stop ? Flow::value : ended;
}

/// "..": depth first, with a stack of its own.
Flow each_recurse(Run& run, const Val& in, Sink sink) {
  std::vector<Val> stack{in};
  while (!stack.empty()) {
    if (!run.step()) return Flow::error;
    Val value = std::move(stack.back());
    stack.pop_back();
    const size_t before = stack.size();
    if (value.is_array()) {
      each_element(value, [&](Val item) {
        stack.push_back(std::move(item));
        return true;
      });
    } else if (value.is_object()) {
      each_member(value, [&](std::string_view, Val item) {
        stack.push_back(std::move(item));
        return true;
      });
    }
    std::reverse(stack.begin() + static_cast<ptrdiff_t>(before), stack.end());
    const Flow flow = sink(std::move(value));
    if (flow != Flow::value) return flow;
  }
  return Flow::value;
}

Flow each_term(Run& run, const Node& node, const Val& in, Sink sink) {
  Val key;
  Val from;
  Val to;
  if (node.op == Op::index) {
    if (const Flow flow = evaluate(run, *node.b, in, key); flow != Flow::value) return flow;
  } else if (node.op == Op::slice) {
    if (node.c != nullptr) {
      if (const Flow flow = evaluate(run, *node.c, in, to); flow != Flow::value) return flow;
    }
    if (node.b != nullptr) {
      if (const Flow flow = evaluate(run, *node.b, in, from); flow != Flow::value) return flow;
    }
  }
  auto one = [&](Val&& container) {
    Val value;
    const Flow flow = node.op == Op::field   ? field_value(run, container, node.constant, value)
                      : node.op == Op::index ? index_value(run, container, key, value)
                                             : slice_value(run, container, from, to, value);
    if (flow == Flow::value) return sink(std::move(value));
    return stepped(run, node, flow) == Flow::empty ? Flow::value : flow;
  };
  return each(run, *node.a, in, one);
}

Flow each_iterate(Run& run, const Node& node, const Val& in, Sink sink) {
  if (node.a == nullptr) return iterate(run, node, in, sink);
  if (node.a->kind == Kind::one) {
    Val container;
    const Flow flow = evaluate(run, *node.a, in, container);
    return flow == Flow::value ? iterate(run, node, container, sink) : flow;
  }
  auto inner = [&](Val&& container) { return iterate(run, node, container, sink); };
  return each(run, *node.a, in, inner);
}

Flow each_many(Run& run, const Node& node, const Val& in, Sink sink) {
  switch (node.op) {
    case Op::pipe: return each_pipe(run, node, 0, in, sink);
    case Op::comma:
      for (const Node* item : node.items) {
        const Flow flow = each(run, *item, in, sink);
        if (flow != Flow::value) return flow;
      }
      return Flow::value;
    case Op::field: case Op::index: case Op::slice: return each_term(run, node, in, sink);
    case Op::iterate: return each_iterate(run, node, in, sink);
    case Op::recurse: return each_recurse(run, in, sink);
    case Op::range: return range(run, node, in, sink);
    case Op::bind: return each_bind(run, node, in, sink);
    case Op::try_catch: return each_try(run, node, in, sink);
    case Op::alternative: return each_alternative(run, node, in, sink);
    case Op::foreach: return each_foreach(run, node, in, sink);
    case Op::limit: return each_limit(run, node, in, sink);
    case Op::condition: {
      const Node* branch = nullptr;
      const Flow flow = condition(run, node, in, branch);
      return flow == Flow::value ? each(run, *branch, in, sink) : flow;
    }
    default: break;
  }
  HENCE_CHECK(false);
  return Flow::error;
}

}  // namespace

Flow each(Run& run, const Node& node, const Val& in, Sink sink) {
  if (node.kind == Kind::one) {
    Val value;
    const Flow flow = evaluate(run, node, in, value);
    if (flow == Flow::value) return sink(std::move(value));
    return flow == Flow::empty ? Flow::value : flow;
  }
  if (!run.step()) return Flow::error;
  const Flow flow = each_many(run, node, in, sink);
  // A part without result ends only itself.
  return flow == Flow::empty ? Flow::value : flow;
}

}  // namespace hence::expr

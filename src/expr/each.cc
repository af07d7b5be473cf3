// SPDX-License-Identifier: Apache-2.0
// Generators: each result goes to a sink.
#include <algorithm>
#include <vector>

#include "expr/evaluate.h"
#include "expr/operations.h"

namespace hence::expr {

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
    flow = run.step() ? sink(std::move(item)) : used_up(run, node);
    return flow == Flow::value;
  };
  if (container.is_array()) {
    each_element(container, take);
  } else if (container.is_object()) {
    each_member(container, [&](std::string_view, Val item) { return take(std::move(item)); });
  } else {
    return node.optional ? Flow::value : located(run, node, cannot_iterate(run, container));
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
    return located(run, node, run.fail("Range bounds must be numeric"));
  }
  for (const Val* bound : {&from, &to, &by}) count_reading(run, *bound);
  const double step = by.number();
  const double end = to.number();
  for (double at = from.number(); step > 0 ? at < end : step < 0 ? at > end : at < end; at += step) {
    if (!run.step()) return used_up(run, node);
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
  bool any = false;
  auto pass = [&](Val&& value) {
    if (!value.truthy()) return Flow::value;
    any = true;
    return sink(std::move(value));
  };
  const Flow flow = each(run, *node.a, in, pass);
  return any || flow != Flow::value ? flow : each(run, *node.b, in, sink);
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
  if (!count.is_number()) return located(run, node, run.fail("limit needs a number"));
  count_reading(run, count);
  if (run.over()) return used_up(run, node);
  double left = count.number();
  if (left < 0) return located(run, node, run.fail("limit doesn't support negative count"));
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

/// "..": depth first, with a stack of its own; nothing is looked at before it is wanted.
Flow each_recurse(Run& run, const Node& node, const Val& in, Sink sink) {
  std::vector<Children> stack;
  Val value = in;
  for (;;) {
    if (!run.step()) return used_up(run, node);
    if (value.is_array() || value.is_object()) stack.emplace_back(value);
    const Flow flow = sink(std::move(value));
    if (flow != Flow::value) return flow;
    while (!stack.empty() && !stack.back().next(value)) stack.pop_back();
    if (stack.empty()) return Flow::value;
  }
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
    case Op::recurse: return each_recurse(run, node, in, sink);
    case Op::range: return range(run, node, in, sink);
    case Op::bind: return each_bind(run, node, in, sink);
    case Op::try_catch: return each_try(run, node, in, sink);
    case Op::alternative: return each_alternative(run, node, in, sink);
    case Op::foreach: return each_foreach(run, node, in, sink);
    case Op::limit: return each_limit(run, node, in, sink);
    case Op::condition: {
      Val test;
      const Flow flow = evaluate(run, *node.a, in, test);
      return flow == Flow::value ? each(run, test.truthy() ? *node.b : *node.c, in, sink) : flow;
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
  if (!run.step()) return used_up(run, node);
  const Flow flow = each_many(run, node, in, sink);
  // A part without result ends only itself.
  return flow == Flow::empty ? Flow::value : flow;
}

}  // namespace hence::expr

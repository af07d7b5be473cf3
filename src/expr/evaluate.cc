// SPDX-License-Identifier: Apache-2.0
#include "expr/evaluate.h"

#include <algorithm>
#include <span>
#include <vector>

#include "expr/assign.h"
#include "expr/operations.h"
#include "json/object_index.h"

namespace hence::expr {

Flow stepped(Run& run, const Node& node, Flow flow) {
  return flow == Flow::error && node.optional && !run.over() ? Flow::empty : located(run, node, flow);
}

namespace {

/// Evaluates the term a suffix stands on; nothing means ".".
Flow base(Run& run, const Node* node, const Val& in, Val& out) {
  if (node == nullptr) {
    out = in;
    return Flow::value;
  }
  return evaluate(run, *node, in, out);
}

constexpr uint32_t kMissing = UINT32_MAX;

/// Follows fields of fields of "." inside the document of in, without values between: the node of what is
/// there, kMissing for null, 0 where something else comes up. Depth is bounded by the program's.
uint32_t follow(Run& run, const Node& node, const Val& in) {
  uint32_t object = in.view().node();
  if (node.a != nullptr) {
    if (node.a->op != Op::field) return 0;
    run.step();
    object = follow(run, *node.a, in);
    if (object == 0 || object == kMissing) return object;
  }
  const json::Buffer* document = in.view().buffer();
  const json::Node& place = document->nodes()[object];
  const auto type = static_cast<json::Type>(place.meta & json::kTypeMask);
  if (type == json::Type::null) return kMissing;
  if (type != json::Type::object) return 0;
  const uint32_t found = json::find_member(document, object, node.constant.text(), node.key_hash);
  return found == 0 ? kMissing : found;
}

Flow field(Run& run, const Node& node, const Val& in, Val& out) {
  if (in.tag() == Tag::object_view) {
    const uint32_t found = follow(run, node, in);
    const bool denied = found == kMissing && run.is_secrets(in);
    if (found != 0 && !denied) {
      out = found == kMissing ? Val() : Val(json::View::at_node(in.view().buffer(), found));
      return run.over() ? used_up(run, node) : Flow::value;
    }
  }
  if (node.a == nullptr) return stepped(run, node, field_value(run, in, node.constant, out));
  Val inner;
  const Flow flow = evaluate(run, *node.a, in, inner);
  return flow == Flow::value ? stepped(run, node, field_value(run, inner, node.constant, out)) : flow;
}

[[gnu::noinline]] Flow index(Run& run, const Node& node, const Val& in, Val& out) {
  Val key;
  Val container;
  if (const Flow flow = evaluate(run, *node.b, in, key); flow != Flow::value) return flow;
  if (const Flow flow = base(run, node.a, in, container); flow != Flow::value) return flow;
  return stepped(run, node, index_value(run, container, key, out));
}

[[gnu::noinline]] Flow slice(Run& run, const Node& node, const Val& in, Val& out) {
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

[[gnu::noinline]] Flow binary_node(Run& run, const Node& node, const Val& in, Val& out) {
  const auto op = static_cast<BinaryOperator>(node.sub);
  Val a;
  if (node.b->op == Op::constant && op >= BinaryOperator::equal) {
    // Comparing with a constant needs no copy of it.
    if (const Flow flow = evaluate(run, *node.a, in, a); flow != Flow::value) return flow;
    const Val& constant = node.b->constant;
    if (a.is_number() && constant.tag() == Tag::number) {
      // NaN is below every number, itself included.
      count_reading(run, a);
      const double x = a.number();
      const double y = constant.number();
      out = Val(compares(op, x == y ? 0 : x > y || (y != y && x == x) ? 1 : -1));
      return Flow::value;
    }
    const int order = compare(run, a, constant);
    if (!run.too_deep) [[likely]] {
      out = Val(compares(op, order));
      return Flow::value;
    }
    return located(run, node, run.fail_deep("Comparison too deep"));
  }
  Val b;
  if (const Flow flow = evaluate(run, *node.b, in, b); flow != Flow::value) return flow;
  if (const Flow flow = evaluate(run, *node.a, in, a); flow != Flow::value) return flow;
  return located(run, node, binary(run, op, a, b, out));
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

[[gnu::noinline]] Flow object(Run& run, const Node& node, const Val& in, Val& out) {
  Val result = make_object(run, static_cast<uint32_t>(node.items.size() / 2));
  for (size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const Node& key_node = *node.items[i];
    Val key;
    if (key_node.op == Op::constant) {
      key = key_node.constant;
    } else if (const Flow flow = evaluate(run, key_node, in, key); flow != Flow::value) {
      return flow;
    }
    if (!key.is_string()) return located(run, key_node, bad_object_key(run, key));
    count_reading(run, key);
    Val value;
    if (const Flow flow = evaluate(run, *node.items[i + 1], in, value); flow != Flow::value) {
      return flow;
    }
    member_place(run, result, key) = std::move(value);
  }
  out = std::move(result);
  return Flow::value;
}

[[gnu::noinline]] Flow interpolate(Run& run, const Node& node, const Val& in, Val& out) {
  // Later parts are computed first, as in jq; few programs can tell.
  constexpr size_t kFew = 4;
  Val few[kFew];
  std::vector<Val> many;
  if (node.items.size() > 2 * kFew) many.resize(node.items.size() / 2);
  const std::span<Val> parts = many.empty() ? std::span(few) : std::span(many);
  // Constants stand between what is computed, one at each end.
  const auto text_of = [&](size_t i) {
    return i % 2 == 0 ? node.items[i]->constant.text() : parts[i / 2].text();
  };
  size_t bytes = 0;
  for (size_t i = node.items.size(); i-- > 0;) {
    if (i % 2 == 1) {
      Val& text = parts[i / 2];
      if (const Flow flow = evaluate(run, *node.items[i], in, text); flow != Flow::value) return flow;
      const auto format = static_cast<Format>(node.sub);
      if (format != Format::text || !text.is_string()) {
        const Val value = std::move(text);
        if (const Flow flow = format_value(run, format, value, text); flow != Flow::value)
          return located(run, node, flow);
      }
    }
    bytes += text_of(i).size();
  }
  out = make_string_room(run, bytes);
  if (run.over()) return used_up(run, node);
  char* at = out.str()->data();
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string_view text = text_of(i);
    at = std::copy_n(text.data(), text.size(), at);
  }
  out.str()->size = static_cast<uint32_t>(bytes);
  return Flow::value;
}

template <size_t kArguments>
[[gnu::noinline]] Flow native_of(Run& run, const Node& node, Val&& in, Val& out) {
  Val arguments[kArguments];
  for (size_t i = node.items.size(); i > 0; --i) {
    const Flow flow = evaluate(run, *node.items[i - 1], in, arguments[i]);
    if (flow != Flow::value) return flow;
  }
  arguments[0] = std::move(in);
  for (size_t i = 0; i <= node.items.size(); ++i) count_reading(run, arguments[i]);
  if (run.over()) return used_up(run, node);
  const Flow flow = node.native->function(run, arguments, out);
  return located(run, node, run.over() ? Flow::error : flow);
}

Flow native(Run& run, const Node& node, Val&& in, Val& out) {
  constexpr size_t kArgumentsMax = 8;
  if (node.items.empty()) return native_of<1>(run, node, std::move(in), out);
  if (node.items.size() == 1) return native_of<2>(run, node, std::move(in), out);
  if (node.items.size() == 2) return native_of<3>(run, node, std::move(in), out);
  return native_of<kArgumentsMax>(run, node, std::move(in), out);
}

Flow condition(Run& run, const Node& node, const Val& in, const Node*& branch) {
  Val test;
  const Flow flow = evaluate(run, *node.a, in, test);
  branch = test.truthy() ? node.b : node.c;
  return flow;
}

Flow alternative(Run& run, const Node& node, const Val& in, Val& out) {
  const Flow flow = evaluate(run, *node.a, in, out);
  if (flow == Flow::error || (flow == Flow::value && out.truthy())) return flow;
  return evaluate(run, *node.b, in, out);
}

[[gnu::noinline]] Flow collect(Run& run, const Node& node, const Val& in, Val& out) {
  Val result = make_array(run);
  auto sink = [&](Val&& value) {
    push(run, result, std::move(value));
    return run.over() ? used_up(run, node) : Flow::value;
  };
  const Flow flow = each(run, *node.a, in, sink);
  if (flow == Flow::error) return flow;
  out = std::move(result);
  return Flow::value;
}

[[gnu::noinline]] Flow reduce(Run& run, const Node& node, const Val& in, Val& out) {
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

[[gnu::noinline]] Flow try_one(Run& run, const Node& node, const Val& in, Val& out) {
  const Flow flow = evaluate(run, *node.a, in, out);
  if (flow != Flow::error || run.over()) return flow;
  if (node.b == nullptr) return Flow::empty;
  const Val error = std::move(run.error);
  return evaluate(run, *node.b, error, out);
}

[[gnu::noinline]] Flow first(Run& run, const Node& node, const Val& in, Val& out) {
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

[[gnu::noinline]] Flow is_empty(Run& run, const Node& node, const Val& in, Val& out) {
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
  if (!run.step()) [[unlikely]] return used_up(run, node);
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
      return flow == Flow::value ? located(run, node, negate(run, value, out)) : flow;
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
    case Op::format: return located(run, node, format_value(run, static_cast<Format>(node.sub), in, out));
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
    case Op::native: return run.step() ? native(run, node, std::move(in), out) : used_up(run, node);
    case Op::set_path: return run.step() ? set_simple(run, node, std::move(in), out) : used_up(run, node);
    case Op::update: return run.step() ? update_simple(run, node, std::move(in), out) : used_up(run, node);
    case Op::update_members:
      return run.step() ? update_members(run, node, std::move(in), out) : used_up(run, node);
    case Op::binary: {
      if (node.a->op != Op::identity) break;
      if (!run.step()) return used_up(run, node);
      Val b;
      if (const Flow flow = evaluate(run, *node.b, in, b); flow != Flow::value) return flow;
      return located(run, node, binary(run, static_cast<BinaryOperator>(node.sub), in, b, out));
    }
    case Op::condition: {
      if (!run.step()) return used_up(run, node);
      const Node* branch = nullptr;
      const Flow flow = condition(run, node, in, branch);
      return flow == Flow::value ? evaluate_moved(run, *branch, std::move(in), out) : flow;
    }
    case Op::bind: {
      if (!run.step()) return used_up(run, node);
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

}  // namespace hence::expr

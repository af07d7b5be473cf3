// SPDX-License-Identifier: Apache-2.0
// The operators of jq.
#include <cmath>
#include <vector>

#include "expr/operations.h"
#include "json/write.h"

namespace hence::expr {

namespace {

Flow operands_fail(Run& run, const Val& a, const Val& b, std::string_view what) {
  return run.fail(described(run, a) + " and " + described(run, b) + " cannot be " +
                  std::string(what));
}

Flow add(Run& run, Val& a, Val& b, Val& out) {
  if (a.is_null()) {
    out = std::move(b);
  } else if (b.is_null()) {
    out = std::move(a);
  } else if (a.is_number() && b.is_number()) {
    out = Val(a.number() + b.number());
  } else if (a.is_string() && b.is_string()) {
    out = std::move(a);
    append_text(run, out, b.text());
  } else if (a.is_array() && b.is_array()) {
    out = std::move(a);
    own_array(run, out, b.size());
    each_element(b, [&](Val item) {
      push(run, out, std::move(item));
      return !run.over();
    });
    run.step(b.size() / 4);
  } else if (a.is_object() && b.is_object()) {
    out = std::move(a);
    own_object(run, out, b.size());
    if (b.tag() == Tag::object) {
      for (uint32_t i = 0; i < b.obj()->size && !run.over(); ++i) {
        member_place(run, out, b.obj()->entries[i].key) = b.obj()->entries[i].value;
      }
    } else {
      for (json::Member member : b.view().members()) {
        if (run.over()) break;
        member_place(run, out, key_of(member)) = Val(member.value);
      }
    }
    run.step(b.size() / 4);
  } else {
    return operands_fail(run, a, b, "added");
  }
  return Flow::value;
}

Flow subtract(Run& run, Val& a, Val& b, Val& out) {
  if (a.is_number() && b.is_number()) {
    out = Val(a.number() - b.number());
    return Flow::value;
  }
  if (!a.is_array() || !b.is_array()) return operands_fail(run, a, b, "subtracted");
  out = make_array(run);
  Val remove = b;
  own_array(run, remove);
  each_element(a, [&](Val item) {
    bool found = false;
    for (uint32_t i = 0; i < remove.arr()->size && !found; ++i) {
      run.step();
      found = equal(run, item, remove.arr()->items[i]);
    }
    if (!found) push(run, out, std::move(item));
    return !run.over();
  });
  return Flow::value;
}

Flow repeat_text(Run& run, const Val& text, double times, Val& out) {
  if (!(times >= 0)) {
    out = Val();
    return Flow::value;
  }
  const double total = static_cast<double>(text.size()) * std::floor(times);
  if (total >= 2147483647.0) return run.fail("Repeat string result too long");
  if (static_cast<double>(run.budget().bytes) < total) {
    run.exhaust("bytes");
    return Flow::error;
  }
  std::string result;
  result.reserve(static_cast<size_t>(total));
  const auto count = text.size() == 0 ? 0 : static_cast<uint64_t>(times);
  for (uint64_t i = 0; i < count; ++i) result += text.text();
  run.step(static_cast<uint64_t>(total) / 256);
  out = make_string(run, result);
  return Flow::value;
}

/// Objects merged into each other, level by level.
bool merge(Run& run, Val& root, const Val& with) {
  struct Level {
    Val* into;  ///< stays where it is while the level below it is filled
    Val from;
    uint32_t next = 0;
  };
  std::vector<Level> stack;
  auto open = [&](Val* into, Val from) {
    if (stack.size() > kNestingMax) {
      run.too_deep = true;
      return false;
    }
    own_object(run, *into, from.size());
    if (from.tag() == Tag::object_view) own_object(run, from);
    stack.push_back({into, std::move(from), 0});
    return true;
  };
  if (!open(&root, with)) return false;
  while (!stack.empty()) {
    if (!run.step()) return false;
    Level& top = stack.back();
    if (top.next == top.from.size()) {
      stack.pop_back();
      continue;
    }
    const Entry entry = top.from.obj()->entries[top.next++];
    Val& place = member_place(run, *top.into, entry.key);
    if (!place.is_object() || !entry.value.is_object()) {
      place = entry.value;
    } else if (!open(&place, entry.value)) {
      return false;
    }
  }
  return true;
}

Flow multiply(Run& run, Val& a, Val& b, Val& out) {
  if (a.is_number() && b.is_number()) {
    out = Val(a.number() * b.number());
    return Flow::value;
  }
  if (a.is_string() && b.is_number()) return repeat_text(run, a, b.number(), out);
  if (a.is_number() && b.is_string()) return repeat_text(run, b, a.number(), out);
  if (!a.is_object() || !b.is_object()) return operands_fail(run, a, b, "multiplied");
  out = std::move(a);
  if (!merge(run, out, b) && run.too_deep) return run.fail_deep("Object merge too deep");
  return Flow::value;
}

Flow divide(Run& run, Val& a, Val& b, Val& out) {
  if (a.is_number() && b.is_number()) {
    if (b.number() == 0) {
      return operands_fail(run, a, b, "divided because the divisor is zero");
    }
    out = Val(a.number() / b.number());
    return Flow::value;
  }
  if (a.is_string() && b.is_string()) return split_text(run, a.text(), b.text(), out);
  return operands_fail(run, a, b, "divided");
}

/// As jq: saturating.
int64_t to_integer(double value) {
  if (value != value) return 0;
  if (value >= 9.2233720368547748e18) return INT64_MAX;
  if (value <= -9.2233720368547748e18) return INT64_MIN;
  return static_cast<int64_t>(value);
}

Flow modulo(Run& run, Val& a, Val& b, Val& out) {
  if (!a.is_number() || !b.is_number()) {
    return operands_fail(run, a, b, "divided (remainder)");
  }
  const double x = a.number();
  const double y = b.number();
  if (x != x || y != y) {
    out = Val(std::nan(""));
    return Flow::value;
  }
  const int64_t n = to_integer(y);
  if (n == 0) {
    return operands_fail(run, a, b, "divided (remainder) because the divisor is zero");
  }
  const int64_t m = to_integer(x);
  const uint64_t by = n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
  const uint64_t of = m < 0 ? 0 - static_cast<uint64_t>(m) : static_cast<uint64_t>(m);
  const double rest = static_cast<double>(of % by);
  out = Val(m < 0 ? 0 - rest : rest);
  return Flow::value;
}

}  // namespace

bool compares(BinaryOperator op, int order) {
  switch (op) {
    case BinaryOperator::equal: return order == 0;
    case BinaryOperator::not_equal: return order != 0;
    case BinaryOperator::less: return order < 0;
    case BinaryOperator::less_equal: return order <= 0;
    case BinaryOperator::greater: return order > 0;
    default: return order >= 0;
  }
}

Flow binary(Run& run, BinaryOperator op, Val& a, Val& b, Val& out) {
  count_reading(run, a);
  count_reading(run, b);
  if (run.over()) return Flow::error;
  switch (op) {
    case BinaryOperator::add: return add(run, a, b, out);
    case BinaryOperator::subtract: return subtract(run, a, b, out);
    case BinaryOperator::multiply: return multiply(run, a, b, out);
    case BinaryOperator::divide: return divide(run, a, b, out);
    case BinaryOperator::modulo: return modulo(run, a, b, out);
    default: break;
  }
  const int order = compare(run, a, b);
  if (run.too_deep) [[unlikely]] return run.fail_deep("Comparison too deep");
  out = Val(compares(op, order));
  return Flow::value;
}

Flow negate(Run& run, const Val& value, Val& out) {
  if (!value.is_number()) return run.fail(described(run, value) + " cannot be negated");
  count_reading(run, value);
  const double number = -value.number();
  if (value.tag() == Tag::literal) {
    std::string text(value.view().number_text());
    std::string computed;
    json::write_number(value.number(), computed);
    if (computed != text) {
      text = text.front() == '-' ? text.substr(1) : "-" + text;
      out = make_number_text(run, text);
      return Flow::value;
    }
  }
  out = Val(number);
  return Flow::value;
}

}  // namespace hence::expr

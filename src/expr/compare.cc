// SPDX-License-Identifier: Apache-2.0
// jq's order of values.
#include <algorithm>
#include <vector>

#include "expr/run.h"

namespace hence::expr {

namespace {

int order_of(const Val& value) {
  static constexpr int kOrder[] = {0, 1, 2, 3, 3, 4, 5, 6, 4, 5, 6, 7};
  return kOrder[static_cast<int>(value.tag())];
}

int compare_number(const Val& a, const Val& b) {
  if (a.tag() == Tag::literal && b.tag() == Tag::literal) {
    const auto order = json::compare_numbers(a.view(), b.view());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const double x = a.number();
  const double y = b.number();
  if (x != x) return -1;
  if (y != y) return 1;
  return x < y ? -1 : x == y ? 0 : 1;
}

int compare_text(const Val& a, const Val& b) {
  const int order = a.text().compare(b.text());
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

/// The values of one container in the order of comparison.
struct Walk {
  Val value;
  json::Elements::Iterator element;
};

/// Two containers of one type being compared.
struct Pair {
  Walk a;
  Walk b;
  Val keys;  ///< of objects: they have the same
  uint32_t next = 0;
  uint32_t count = 0;
};

Val next_of(Walk& walk, const Pair& pair) {
  if (walk.value.is_object()) {
    Val found;
    find_member(walk.value, pair.keys.arr()->items[pair.next].text(), found);
    return found;
  }
  if (walk.value.tag() == Tag::array) return walk.value.arr()->items[pair.next];
  const Val item(*walk.element);
  ++walk.element;
  return item;
}

/// Prepares two containers of one type; gives the order if their keys already decide.
int open_pair(Run& run, const Val& a, const Val& b, std::vector<Pair>& stack) {
  if (stack.size() > kNestingMax) {
    run.too_deep = true;
    return 0;
  }
  if (!run.step()) return 0;
  Pair pair;
  pair.a.value = a;
  pair.b.value = b;
  pair.count = std::min(a.size(), b.size());
  if (a.is_object()) {
    const Val left = sorted_keys(run, a);
    pair.keys = sorted_keys(run, b);
    if (run.over()) return 0;
    for (uint32_t i = 0; i < pair.count; ++i) {
      const int order = compare_text(left.arr()->items[i], pair.keys.arr()->items[i]);
      if (order != 0) return order;
    }
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  } else {
    if (a.tag() == Tag::array_view) pair.a.element = a.view().elements().begin();
    if (b.tag() == Tag::array_view) pair.b.element = b.view().elements().begin();
  }
  stack.push_back(std::move(pair));
  return 0;
}

/// Scalars, and whatever differs in type; containers of one type say nothing (is_open).
int compare_flat(Run& run, const Val& a, const Val& b, bool& is_open) {
  is_open = false;
  count_reading(run, a);
  count_reading(run, b);
  if (a.is_number() && b.is_number()) return compare_number(a, b);
  const int x = order_of(a);
  const int y = order_of(b);
  if (x != y) return x < y ? -1 : 1;
  if (x == 4) return compare_text(a, b);
  is_open = x > 4;
  return 0;
}

/// The first difference, in depth-first order, decides.
int compare_containers(Run& run, const Val& left, const Val& right) {
  std::vector<Pair> stack;
  int order = open_pair(run, left, right, stack);
  while (order == 0 && !stack.empty() && !run.too_deep && !run.over()) {
    Pair& top = stack.back();
    if (top.next == top.count) {
      const uint32_t x = top.a.value.size();
      const uint32_t y = top.b.value.size();
      order = x < y ? -1 : x == y ? 0 : 1;
      stack.pop_back();
      continue;
    }
    if (!run.step()) return 0;
    const Val a = next_of(top.a, top);
    const Val b = next_of(top.b, top);
    ++top.next;
    bool is_open = false;
    order = compare_flat(run, a, b, is_open);
    if (is_open) order = open_pair(run, a, b, stack);
  }
  return order;
}

}  // namespace

int compare(Run& run, const Val& a, const Val& b) {
  bool is_open = false;
  const int order = compare_flat(run, a, b, is_open);
  return is_open ? compare_containers(run, a, b) : order;
}

}  // namespace hence::expr

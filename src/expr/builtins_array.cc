// SPDX-License-Identifier: Apache-2.0
// Builtins about arrays: sums, order, groups, search.
#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "expr/builtins.h"
#include "expr/operations.h"

namespace hence::expr {

namespace {

Flow sum(Run& run, Val* a, Val& out) {
  if (!a[0].is_array() && !a[0].is_object()) return cannot_iterate(run, a[0]);
  Val total;
  Flow flow = Flow::value;
  auto add = [&](Val item) {
    Val next;
    flow = binary(run, BinaryOperator::add, total, item, next);
    total = std::move(next);
    return flow == Flow::value && run.step();
  };
  if (a[0].is_array()) {
    each_element(a[0], add);
  } else {
    each_member(a[0], [&](std::string_view, Val item) { return add(std::move(item)); });
  }
  out = std::move(total);
  return flow;
}

void flatten_into(Run& run, const Val& array, double depth, Val& out) {
  struct Level {
    Val array;
    uint32_t next = 0;
  };
  std::vector<Level> stack;
  auto open = [&](Val inner) {
    own_array(run, inner);
    stack.push_back({std::move(inner), 0});
  };
  open(array);
  while (!stack.empty() && run.step()) {
    Level& top = stack.back();
    if (top.next == top.array.size()) {
      stack.pop_back();
      continue;
    }
    Val item = top.array.arr()->items[top.next++];
    if (item.is_array() && static_cast<double>(stack.size()) <= depth) {
      open(std::move(item));
    } else {
      push(run, out, std::move(item));
    }
  }
}

Flow flatten_depth(Run& run, const Val& value, double depth, Val& out) {
  if (depth < 0) return run.fail("flatten depth must not be negative");
  out = make_array(run);
  if (value.is_array()) {
    flatten_into(run, value, depth, out);
    return Flow::value;
  }
  if (!value.is_object()) return cannot_iterate(run, value);
  Val items = make_array(run);
  each_member(value, [&](std::string_view, Val item) {
    push(run, items, std::move(item));
    return !run.over();
  });
  flatten_into(run, items, depth, out);
  return Flow::value;
}
Flow flatten_0(Run& run, Val* a, Val& out) { return flatten_depth(run, a[0], 1e9, out); }
Flow flatten_1(Run& run, Val* a, Val& out) {
  if (a[1].is_null() || a[1].is_bool()) return run.fail("flatten depth must not be negative");
  if (!a[1].is_number()) {
    // Larger than every number, so not negative; it is counted down where there is a list inside.
    bool nested = false;
    if (a[0].is_array()) each_element(a[0], [&](const Val& item) { return !(nested = nested || item.is_array()); });
    if (a[0].is_object()) each_member(a[0], [&](std::string_view, const Val& item) { return !(nested = nested || item.is_array()); });
    Val one(1.0);
    return nested ? binary(run, BinaryOperator::subtract, a[1], one, out) : flatten_depth(run, a[0], 0, out);
  }
  return flatten_depth(run, a[0], a[1].number(), out);
}

/// A number whose binary64 orders it exactly, bare or alone in an array as the keys of the …_by functions are.
bool plain_number(const Val& key, bool in_array, double& out) {
  const Val* value = &key;
  if (in_array) {
    if (key.tag() != Tag::array || key.size() != 1) return false;
    value = &key.arr()->items[0];
  }
  if (value->tag() == Tag::literal) {
    constexpr size_t kExactBytes = 15;
    const std::string_view text = value->view().number_text();
    if (text.size() > kExactBytes || text.find_first_of("eE") != std::string_view::npos) return false;
  } else if (value->tag() != Tag::number) {
    return false;
  }
  out = value->number();
  return out == out;
}

/// How elements stand by the keys beside them.
struct Order {
  std::vector<uint32_t> places;
  std::vector<double> numbers;  ///< of the keys, in order of places, if all of them are plain; else empty

  bool same_key(Run& run, const Arr* keys, size_t i) const {
    if (!numbers.empty()) return numbers[i] == numbers[i - 1];
    return equal(run, keys->items[places[i]], keys->items[places[i - 1]]);
  }
};

/// Sorts keys that are all plain numbers, without comparing values; false: some are not.
bool order_numbers(Run& run, const Arr* keys, Order& order) {
  if (keys->size == 0) return false;
  const bool in_array = keys->items[0].tag() == Tag::array;
  std::vector<std::pair<double, uint32_t>> sorted(keys->size);
  for (uint32_t i = 0; i < keys->size; ++i) {
    if (!plain_number(keys->items[i], in_array, sorted[i].first)) return false;
    sorted[i].second = i;
  }
  run.charge(sorted.size() * 2 * sizeof(sorted[0]));
  // About half of what comparing values one by one would count.
  if (!run.step(uint64_t{keys->size} * static_cast<uint64_t>(std::bit_width(keys->size)) / 2)) return true;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  order.places.reserve(sorted.size());
  order.numbers.reserve(sorted.size());
  for (const auto& [number, place] : sorted) {
    order.places.push_back(place);
    order.numbers.push_back(number);
  }
  return true;
}

/// Order of the elements by the keys beside them, stable.
bool order_by(Run& run, const Val& keys, Order& order) {
  const Arr* arr = keys.arr();
  if (order_numbers(run, arr, order)) return !run.over();
  order.places.resize(keys.size());
  run.charge(order.places.size() * sizeof(uint32_t) * 2);
  for (uint32_t i = 0; i < order.places.size(); ++i) order.places[i] = i;
  std::stable_sort(order.places.begin(), order.places.end(), [&](uint32_t x, uint32_t y) {
    return run.step() && compare(run, arr->items[x], arr->items[y]) < 0;
  });
  return !run.too_deep && !run.over();
}

Flow not_array(Run& run, const Val& value, std::string_view what) {
  return run.fail(described(run, value) + " cannot be " + std::string(what) +
                  ", as it is not an array");
}

Flow finish(Run& run) {
  return run.too_deep ? run.fail_deep("Comparison too deep") : Flow::error;
}

/// Checks the input and keys of the …_by functions and sorts.
Flow sorted(Run& run, Val* a, std::string_view what, Order& order) {
  if (!a[0].is_array()) return not_array(run, a[0], what);
  if (!a[1].is_array() || a[1].size() != a[0].size()) {
    return run.fail(described(run, a[0]) + " and " + described(run, a[1]) + " cannot be " +
                    std::string(what) + ", as they are not both arrays of one length");
  }
  own_array(run, a[0]);
  own_array(run, a[1]);
  if (run.over()) return Flow::error;
  return order_by(run, a[1], order) ? Flow::value : finish(run);
}

Flow sort_by(Run& run, Val* a, Val& out) {
  Order order;
  if (const Flow flow = sorted(run, a, "sorted", order); flow != Flow::value) return flow;
  out = make_array(run, a[0].size());
  for (const uint32_t i : order.places) push(run, out, a[0].arr()->items[i]);
  return Flow::value;
}

Flow sort(Run& run, Val* a, Val& out) {
  if (!a[0].is_array()) return not_array(run, a[0], "sorted");
  own_array(run, a[0]);
  if (run.over()) return Flow::error;
  Arr* arr = a[0].arr();
  Order order;
  if (order_numbers(run, arr, order)) {
    if (run.over()) return finish(run);
    out = make_array(run, arr->size);
    for (const uint32_t i : order.places) push(run, out, std::move(arr->items[i]));
    return Flow::value;
  }
  std::stable_sort(arr->items, arr->items + arr->size, [&](const Val& x, const Val& y) {
    return run.step() && compare(run, x, y) < 0;
  });
  if (run.too_deep || run.over()) return finish(run);
  out = std::move(a[0]);
  return Flow::value;
}

Flow group_by(Run& run, Val* a, Val& out) {
  Order order;
  if (const Flow flow = sorted(run, a, "grouped", order); flow != Flow::value) return flow;
  out = make_array(run);
  Val group;
  for (size_t i = 0; i < order.places.size() && run.step(); ++i) {
    if (i == 0 || !order.same_key(run, a[1].arr(), i)) {
      if (i > 0) push(run, out, std::move(group));
      group = make_array(run);
    }
    push(run, group, a[0].arr()->items[order.places[i]]);
  }
  if (!order.places.empty()) push(run, out, std::move(group));
  return Flow::value;
}

Flow unique_by(Run& run, Val* a, Val& out) {
  Order order;
  if (const Flow flow = sorted(run, a, "grouped", order); flow != Flow::value) return flow;
  out = make_array(run);
  for (size_t i = 0; i < order.places.size() && run.step(); ++i) {
    if (i == 0 || !order.same_key(run, a[1].arr(), i)) push(run, out, a[0].arr()->items[order.places[i]]);
  }
  return Flow::value;
}

Flow unique(Run& run, Val* a, Val& out) {
  Val sorted_items;
  if (const Flow flow = sort(run, a, sorted_items); flow != Flow::value) return flow;
  out = make_array(run, sorted_items.size());
  for (uint32_t i = 0; i < sorted_items.size() && run.step(); ++i) {
    const Arr* arr = sorted_items.arr();
    if (i == 0 || !equal(run, arr->items[i], arr->items[i - 1])) push(run, out, arr->items[i]);
  }
  return run.too_deep ? finish(run) : Flow::value;
}

Flow extreme(Run& run, const Val& items, Val keys, bool largest, Val& out) {
  if (!items.is_array()) return not_array(run, items, "iterated over");
  if (!keys.is_array() || keys.size() != items.size()) return not_array(run, keys, "compared");
  out = Val();
  if (items.size() == 0) return Flow::value;
  own_array(run, keys);
  if (run.over()) return Flow::error;
  uint32_t best = 0;
  for (uint32_t i = 1; i < keys.size(); ++i) {
    if (!run.step()) return Flow::error;
    const int order = compare(run, keys.arr()->items[i], keys.arr()->items[best]);
    if (largest ? order >= 0 : order < 0) best = i;
  }
  if (run.too_deep) return finish(run);
  out = element(items, best);
  return Flow::value;
}
Flow min(Run& run, Val* a, Val& out) { return extreme(run, a[0], a[0], false, out); }
Flow max(Run& run, Val* a, Val& out) { return extreme(run, a[0], a[0], true, out); }
Flow min_by(Run& run, Val* a, Val& out) { return extreme(run, a[0], a[1], false, out); }
Flow max_by(Run& run, Val* a, Val& out) { return extreme(run, a[0], a[1], true, out); }

Flow reverse(Run& run, Val* a, Val& out) {
  if (a[0].is_string()) {
    const std::string_view text = a[0].text();
    std::string turned;
    turned.reserve(text.size());
    for (size_t end = text.size(); end > 0;) {
      size_t begin = end - 1;
      while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
      turned += text.substr(begin, end - begin);
      end = begin;
    }
    run.step(text.size() / 64);
    out = make_string(run, turned);
    return Flow::value;
  }
  if (a[0].is_null()) {
    out = make_array(run);
    return Flow::value;
  }
  if (!a[0].is_array()) return run.fail("Cannot reverse " + described(run, a[0]));
  own_array(run, a[0]);
  if (run.over()) return Flow::error;
  std::reverse(a[0].arr()->items, a[0].arr()->items + a[0].arr()->size);
  run.step(a[0].size() / 8);
  out = std::move(a[0]);
  return Flow::value;
}

Flow transpose(Run& run, Val* a, Val& out) {
  if (!a[0].is_array() && !a[0].is_object()) return cannot_iterate(run, a[0]);
  uint32_t width = 0;
  Val other;  // a row with a length that is no list
  Flow flow = Flow::value;
  std::vector<Val> rows;
  const auto take = [&](Val row) {
    if (row.is_array()) {
      own_array(run, row);
      width = std::max(width, row.size());
    } else {
      Val length;
      flow = native_named("length", 0).function(run, &row, length);
      if (flow == Flow::value && length.number() > 0) other = row;
      row = make_array(run);
    }
    rows.push_back(std::move(row));
    return flow == Flow::value && run.step(4);
  };
  if (a[0].is_array()) each_element(a[0], take);
  else each_member(a[0], [&](std::string_view, Val row) { return take(std::move(row)); });
  if (flow != Flow::value) return flow;
  if (!other.is_null()) return index_value(run, other, Val(0.0), out);
  out = make_array(run, width);
  for (uint32_t i = 0; i < width; ++i) {
    Val column = make_array(run, static_cast<uint32_t>(rows.size()));
    for (const Val& row : rows) {
      if (!run.step()) return Flow::error;
      push(run, column, i < row.size() ? row.arr()->items[i] : Val());
    }
    push(run, out, std::move(column));
  }
  return Flow::value;
}

Flow indices(Run& run, Val* a, Val& out) {
  if (a[0].is_null()) {
    out = Val();
    return Flow::value;
  }
  if (a[0].is_string() && a[1].is_string()) {
    out = string_indices(run, a[0].text(), a[1].text());
    if (a[1].size() == 0) out = Val();
    return Flow::value;
  }
  if (a[0].is_array()) {
    Val part = a[1];
    if (!part.is_array()) {
      part = make_array(run, 1);
      push(run, part, a[1]);
    }
    out = array_indices(run, a[0], part);
    return run.too_deep ? finish(run) : Flow::value;
  }
  return index_value(run, a[0], a[1], out);
}

/// The first or last of indices, without making them all where one element is sought.
Flow index_of(Run& run, Val* a, Val& out, bool last) {
  if (a[0].is_array() && !a[1].is_array()) {
    out = Val();
    double i = 0;
    each_element(a[0], [&](const Val& item) {
      const bool same = equal(run, item, a[1]);
      if (same) out = Val(i);
      i += 1;
      return run.step() && !run.too_deep && (last || !same);
    });
    return run.too_deep ? finish(run) : Flow::value;
  }
  Val all;
  if (const Flow flow = indices(run, a, all); flow != Flow::value) return flow;
  if (all.is_array()) {
    out = all.size() == 0 ? Val() : element(all, last ? all.size() - 1 : 0);
    return Flow::value;
  }
  // What stands under the key of an object is indexed in its turn: .[$i] | .[0]
  if (!last) return index_value(run, all, Val(0.0), out);
  Val tail;
  if (const Flow flow = slice_value(run, all, Val(-1.0), Val(), tail); flow != Flow::value) return flow;
  return index_value(run, tail, Val(0.0), out);
}
Flow index(Run& run, Val* a, Val& out) { return index_of(run, a, out, false); }
Flow rindex(Run& run, Val* a, Val& out) { return index_of(run, a, out, true); }

Flow string_indices_0(Run& run, Val* a, Val& out) {
  if (!a[0].is_string()) {
    return run.fail(described(run, a[0]) + " cannot be searched, as it is not a string");
  }
  if (!a[1].is_string()) return run.fail(described(run, a[1]) + " is not a string");
  out = string_indices(run, a[0].text(), a[1].text());
  return Flow::value;
}

Flow bsearch(Run& run, Val* a, Val& out) {
  if (!a[0].is_array()) return run.fail(described(run, a[0]) + " cannot be searched from");
  own_array(run, a[0]);
  if (run.over()) return Flow::error;
  uint32_t low = 0;
  uint32_t high = a[0].size();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int order = compare(run, a[0].arr()->items[middle], a[1]);
    if (order == 0) {
      out = Val(static_cast<double>(middle));
      return Flow::value;
    }
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  out = Val(-1.0 - low);
  return run.too_deep ? finish(run) : Flow::value;
}

constexpr Native kBuiltins[] = {
    {"add", 0, true, sum},
    {"flatten", 0, true, flatten_0},
    {"flatten", 1, true, flatten_1},
    {"sort", 0, true, sort},
    {"_sort_by", 1, true, sort_by},
    {"_group_by", 1, true, group_by},
    {"_unique_by", 1, true, unique_by},
    {"unique", 0, true, unique},
    {"min", 0, true, min},
    {"max", 0, true, max},
    {"_min_by", 1, true, min_by},
    {"_max_by", 1, true, max_by},
    {"reverse", 0, true, reverse},
    {"transpose", 0, true, transpose},
    {"indices", 1, true, indices},
    {"index", 1, true, index},
    {"rindex", 1, true, rindex},
    {"_strindices", 1, true, string_indices_0},
    {"bsearch", 1, true, bsearch},
};

}  // namespace

std::span<const Native> array_builtins() { return kBuiltins; }

}  // namespace hence::expr

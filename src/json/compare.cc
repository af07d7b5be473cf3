// SPDX-License-Identifier: Apache-2.0

// Equality and order of values, with stacks of their own: values may be deeper than the call stack.

#include <algorithm>
#include <vector>

#include "json/number.h"
#include "json/object_index.h"
#include "json/value.h"

namespace hence::json {
namespace {

int rank(View value) {
  if (value.type() == Type::boolean) return value.as_bool() ? 2 : 1;
  return value.type() == Type::null ? 0 : static_cast<int>(value.type()) + 1;
}

std::strong_ordering compare_strings(std::string_view a, std::string_view b) {
  return a.compare(b) <=> 0;  // the order of UTF-8 bytes is that of code points
}

/// Two values of one type and not containers.
std::strong_ordering compare_scalars(View a, View b) {
  if (a.is_number()) return compare_number_texts(a.number_text(), b.number_text());
  if (a.is_string()) return compare_strings(a.as_string(), b.as_string());
  return std::strong_ordering::equal;
}

using SortedMembers = std::vector<Member>;

SortedMembers sorted_members(View object) {
  SortedMembers members;
  members.reserve(object.size());
  for (const Member& member : object.members()) members.push_back(member);
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.key < b.key; });
  return members;
}

/// Two containers being compared: arrays by iterators, objects by members in key order.
struct Pair {
  Elements::Iterator a;
  Elements::Iterator b;
  uint32_t left_a = 0;
  uint32_t left_b = 0;
  SortedMembers members_a;
  SortedMembers members_b;
  uint32_t next = 0;
};

std::strong_ordering compare_key_sets(const SortedMembers& a, const SortedMembers& b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const auto order = compare_strings(a[i].key, b[i].key);
    if (order != 0) return order;
  }
  return a.size() <=> b.size();
}

/// Compares one step: the outcome, or equal after pushing the containers to go into.
std::strong_ordering step(View a, View b, std::vector<Pair>& open) {
  if (rank(a) != rank(b)) return rank(a) <=> rank(b);
  if (a.is_array()) {
    Pair pair{.a = a.elements().begin(), .b = b.elements().begin(), .left_a = a.size(),
              .left_b = b.size(), .members_a = {}, .members_b = {}};
    open.push_back(std::move(pair));
    return std::strong_ordering::equal;
  }
  if (!a.is_object()) return compare_scalars(a, b);
  Pair pair{.a = {}, .b = {}, .members_a = sorted_members(a), .members_b = sorted_members(b)};
  const auto order = compare_key_sets(pair.members_a, pair.members_b);
  if (order != 0) return order;
  open.push_back(std::move(pair));
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare(View a, View b) {
  std::vector<Pair> open;
  auto order = step(a, b, open);
  while (order == 0 && !open.empty()) {
    Pair& top = open.back();
    if (top.next < top.members_a.size()) {
      const uint32_t i = top.next++;
      order = step(top.members_a[i].value, top.members_b[i].value, open);
    } else if (top.left_a > 0 && top.left_b > 0) {
      --top.left_a;
      --top.left_b;
      const View x = *top.a;
      const View y = *top.b;
      ++top.a;
      ++top.b;
      order = step(x, y, open);
    } else {
      order = top.left_a <=> top.left_b;
      open.pop_back();
    }
  }
  return order;
}

namespace {

/// Two containers of equal size being found equal or not.
struct EqualPair {
  uint32_t a;
  uint32_t b;
  uint32_t left;
  uint32_t object_b;  ///< where keys are looked up if their order differs
  bool is_object;
};

class Equality {
 public:
  Equality(const Buffer* a, const Buffer* b) : a_(a), b_(b) {}

  bool run(uint32_t a, uint32_t b) {
    if (!step(a, b)) return false;
    while (!open_.empty()) {
      EqualPair& top = open_.back();
      if (top.left == 0) {
        open_.pop_back();
        continue;
      }
      --top.left;
      uint32_t x = top.a;
      uint32_t y = top.b;
      if (top.is_object) {
        top.a += 1 + span_of(a_->nodes()[x + 1]);
        top.b += 1 + span_of(b_->nodes()[y + 1]);
        if (!same_member(top.object_b, x, y)) return false;
      } else {
        top.a += span_of(a_->nodes()[x]);
        top.b += span_of(b_->nodes()[y]);
      }
      if (!step(x, y)) return false;
    }
    return true;
  }

 private:
  /// x, y: keys in the same place of both; become the values of a's key in a and in b.
  bool same_member(uint32_t object_b, uint32_t& x, uint32_t& y) const {
    const std::string_view name = text_of(a_, a_->nodes()[x]);
    ++x;
    y = text_of(b_, b_->nodes()[y]) == name ? y + 1 : find_member(b_, object_b, name);
    return y != 0;
  }
  bool step(uint32_t a, uint32_t b);

  const Buffer* a_;
  const Buffer* b_;
  std::vector<EqualPair> open_;
};

bool Equality::step(uint32_t a, uint32_t b) {
  const Node& x = a_->nodes()[a];
  const Node& y = b_->nodes()[b];
  const auto type = static_cast<Type>(x.meta & kTypeMask);
  if (type != static_cast<Type>(y.meta & kTypeMask)) return false;
  switch (type) {
    case Type::null: return true;
    case Type::boolean: return ((x.meta ^ y.meta) & kTrueFlag) == 0;
    case Type::number: return compare_number_texts(text_of(a_, x), text_of(b_, y)) == 0;
    case Type::string: return text_of(a_, x) == text_of(b_, y);
    default: break;
  }
  if (count_of(x) != count_of(y)) return false;
  if (a_ == b_ && a == b) return true;
  open_.push_back({a + 1, b + 1, count_of(x), b, type == Type::object});
  return true;
}

}  // namespace

bool equal(View a, View b) { return Equality(a.buffer(), b.buffer()).run(a.node(), b.node()); }

std::strong_ordering compare_numbers(View a, View b) {
  return compare_number_texts(a.number_text(), b.number_text());
}

double View::as_double() const { return number_to_double(number_text()); }

std::optional<int64_t> View::as_int64() const { return number_to_int64(number_text()); }

}  // namespace hence::json

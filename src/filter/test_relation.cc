// SPDX-License-Identifier: Apache-2.0
#include "filter/test_relation.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "filter/case_fold.h"
#include "filter/condition_table.h"
#include "filter/hashing.h"
#include "json/builder.h"
#include "json/number.h"

namespace hence::filter {

namespace {

bool same(const TestSpec& a, const TestSpec& b) {
  return a.kind == b.kind && a.negated == b.negated && a.low_open == b.low_open &&
         a.high_open == b.high_open && a.truth == b.truth && a.operands == b.operands;
}

/// A test for certain values, none of them excluded.
bool is_values(const TestSpec& test) {
  return !test.negated && (test.kind == TestKind::text || test.kind == TestKind::number ||
                           test.kind == TestKind::truth || test.kind == TestKind::null);
}

/// The values as JSON documents.
std::vector<json::Value> values_of(const TestSpec& test) {
  std::vector<json::Value> out;
  if (test.kind == TestKind::truth) out.push_back(json::Value::boolean(test.truth));
  if (test.kind == TestKind::null) out.emplace_back();
  for (const std::string& operand : test.operands) {
    if (test.kind == TestKind::text) out.push_back(json::Value::string(operand));
    if (test.kind != TestKind::number) continue;
    json::Builder number;
    number.number_text(operand);
    out.push_back(std::move(number).finish());
  }
  return out;
}

/// Asks the compiled form whether values pass a test.
class TestProbe {
 public:
  explicit TestProbe(const TestSpec& test) : table_(paths_) {
    FieldSpec field;
    field.path = {"x"};
    field.any_of = {test};
    id_ = table_.intern(field);
    table_.freeze();
  }

  bool passes(json::View value) const {
    Leaf leaf;
    leaf.value = value;
    leaf.type = value.type();
    std::string lower;
    if (leaf.type == json::Type::string) {
      leaf.text = value.as_string();
      leaf.hash = hash_text(leaf.text);
      fold_case(leaf.text, lower);
      leaf.folded = lower;
    } else if (leaf.type == json::Type::number) {
      leaf.number = value.as_double();
    }
    return table_.passes(table_.condition(id_), leaf);
  }

 private:
  PathTable paths_;
  ConditionTable table_;
  ConditionId id_ = 0;
};

bool is_of_strings(TestKind kind) {
  switch (kind) {
    case TestKind::text:
    case TestKind::prefix:
    case TestKind::suffix:
    case TestKind::ignore_case:
    case TestKind::prefix_ignore_case:
    case TestKind::suffix_ignore_case:
    case TestKind::segments:
    case TestKind::wildcard:
    case TestKind::regexp:
    case TestKind::cidr:
      return true;
    default:
      return false;
  }
}

bool is_of_numbers(TestKind kind) { return kind == TestKind::number || kind == TestKind::range; }

/// The greatest low and the least high end leave nothing between.
bool ranges_exclude(const TestSpec& a, const TestSpec& b) {
  const auto apart = [](const TestSpec& low, const TestSpec& high) {
    if (low.operands[0].empty() || high.operands[1].empty()) return false;
    const auto order = json::compare_number_texts(low.operands[0], high.operands[1]);
    return order > 0 || (order == 0 && (low.low_open || high.high_open));
  };
  return apart(a, b) || apart(b, a);
}

bool range_implies(const TestSpec& a, const TestSpec& b) {
  if (!b.operands[0].empty()) {
    if (a.operands[0].empty()) return false;
    const auto order = json::compare_number_texts(a.operands[0], b.operands[0]);
    if (order < 0 || (order == 0 && b.low_open && !a.low_open)) return false;
  }
  if (!b.operands[1].empty()) {
    if (a.operands[1].empty()) return false;
    const auto order = json::compare_number_texts(a.operands[1], b.operands[1]);
    if (order > 0 || (order == 0 && b.high_open && !a.high_open)) return false;
  }
  return true;
}

/// What every text that passes begins with; nothing where that is not known.
std::optional<std::string_view> front_of(const TestSpec& test) {
  if (test.negated || test.operands.size() != 1) return std::nullopt;
  if (test.kind != TestKind::prefix && test.kind != TestKind::segments) return std::nullopt;
  return test.operands.front();
}

}  // namespace

bool tests_exclude(const TestSpec& a, const TestSpec& b) {
  if (a.kind == TestKind::absent || b.kind == TestKind::absent) return a.kind != b.kind;
  if (is_values(b) && !is_values(a)) return tests_exclude(b, a);
  if (is_values(a)) {
    const TestProbe probe(b);
    const auto values = values_of(a);
    return std::none_of(values.begin(), values.end(),
                        [&](const json::Value& value) { return probe.passes(value); });
  }
  if (a.negated || b.negated) return false;
  if ((is_of_strings(a.kind) && is_of_numbers(b.kind)) ||
      (is_of_numbers(a.kind) && is_of_strings(b.kind))) {
    return true;
  }
  if (a.kind == TestKind::range && b.kind == TestKind::range) return ranges_exclude(a, b);
  const auto front = front_of(a);
  const auto other = front_of(b);
  return front && other && !front->starts_with(*other) && !other->starts_with(*front);
}

bool test_implies(const TestSpec& a, const TestSpec& b) {
  if (same(a, b)) return true;
  if (a.kind == TestKind::absent || b.kind == TestKind::absent) return false;
  if (b.kind == TestKind::present && !b.negated) return true;
  if (is_values(a)) {
    const TestProbe probe(b);
    const auto values = values_of(a);
    return std::all_of(values.begin(), values.end(),
                       [&](const json::Value& value) { return probe.passes(value); });
  }
  if (a.negated && b.negated) {
    // None of more excludes none of fewer.
    return a.kind == b.kind && std::all_of(b.operands.begin(), b.operands.end(), [&](const auto& one) {
             return std::find(a.operands.begin(), a.operands.end(), one) != a.operands.end();
           });
  }
  if (a.negated || b.negated) return false;
  if (a.kind == TestKind::range && b.kind == TestKind::range) return range_implies(a, b);
  const auto front = front_of(a);
  if (!front || b.operands.size() != 1) return false;
  if (b.kind == TestKind::prefix) return front->starts_with(b.operands.front());
  if (b.kind == TestKind::segments) {
    return front->starts_with(b.operands.front()) &&
           (a.kind == TestKind::segments || front->size() > b.operands.front().size());
  }
  return false;
}

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The distinct conditions of a rule set in flat tables. A condition is a path and alternatives
// (tests) of which one value at the path must pass one; rules that ask the same share it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filter/address_range.h"
#include "filter/byte_table.h"
#include "filter/event_fields.h"
#include "filter/hashing.h"
#include "filter/path_table.h"
#include "filter/pattern.h"
#include "filter/regular_expression.h"
#include "filter/wildcard.h"
#include "json/value.h"

namespace hence::filter {

using ConditionId = uint32_t;

/// One alternative: passes if any operand does, or, negated, if none does.
struct Test {
  TestKind kind = TestKind::present;
  bool negated = false;
  bool truth = false;
  uint32_t first = 0;  ///< operand: in texts, numbers, ranges, wildcards or cidrs, by kind
  uint32_t count = 0;
};

using TextOperand = ByteTable::Item;
struct NumberOperand {
  json::View exact;
  double nearest = 0;
};
struct RangeOperand {
  NumberOperand low;
  NumberOperand high;
  bool has_low = false;
  bool has_high = false;
  bool low_open = false;
  bool high_open = false;
};

struct Condition {
  PathId path = kRootPath;
  Test first;               ///< a copy of the first test, which is mostly the only one
  uint32_t first_test = 0;  ///< in tests, all of them
  uint32_t test_count = 0;
  bool shared = false;        ///< several conjunctions ask it: worth remembering within an event
  bool has_absent = false;    ///< holds too where the path has no value
  bool has_positive = false;  ///< has tests that look at values
};

class ConditionTable {
 public:
  explicit ConditionTable(PathTable& paths) : paths_(paths) {}

  /// Makes room for the conditions of so many rules.
  void expect(size_t rules) {
    interned_.expect(2 * rules);
    distinct_texts_.expect(2 * rules);
  }
  /// The id of a condition; equal ones get one id. Only before freeze().
  ConditionId intern(const FieldSpec& field);
  /// Ends building: numbers get their values, what served interning is dropped.
  void freeze();

  const Condition& condition(ConditionId id) const { return conditions_[id]; }
  const Test& test(uint32_t index) const { return tests_[index]; }
  const TextOperand& text_operand(uint32_t index) const { return text_operands_[index]; }
  std::string_view text(uint32_t operand) const {
    const TextOperand& at = text_operands_[operand];
    return std::string_view(texts_).substr(at.offset, at.size);
  }
  /// A text inside all operands' texts, by its offset.
  const char* text_at(uint32_t offset) const { return texts_.data() + offset; }
  const NumberOperand& number(uint32_t operand) const { return numbers_[operand]; }
  const RangeOperand& range(uint32_t operand) const { return ranges_[operand]; }
  const Wildcard& wildcard(uint32_t operand) const { return wildcards_[operand]; }
  const RegularExpression& regexp(uint32_t operand) const { return regexps_[operand]; }
  const AddressRange& cidr(uint32_t operand) const { return cidrs_[operand]; }
  uint32_t size() const { return static_cast<uint32_t>(conditions_.size()); }
  size_t memory_bytes() const;

  /// Whether a value passes the test; `absent` passes none.
  bool passes(const Test& test, const Leaf& leaf) const;
  /// Whether a value passes any test of the condition.
  bool passes(const Condition& condition, const Leaf& leaf) const {
    if (condition.test_count == 0) return false;
    if (condition.first.kind == TestKind::text) {
      if (is_text(condition.first, leaf) != condition.first.negated) return true;
    } else if (passes(condition.first, leaf)) {
      return true;
    }
    for (uint32_t i = 1; i < condition.test_count; ++i) {
      if (passes(tests_[condition.first_test + i], leaf)) return true;
    }
    return false;
  }

 private:
  Test add_test(const TestSpec& spec);
  uint32_t add_text(const std::string& text, bool alone);
  uint32_t add_number_text(const std::string& text);
  bool any_operand(const Test& test, const Leaf& leaf) const;
  /// The test for plain strings, by far the most common.
  bool is_text(const Test& test, const Leaf& leaf) const {
    if (leaf.type != json::Type::string) return false;
    for (uint32_t i = test.first; i < test.first + test.count; ++i) {
      if (text_operands_[i].hash == leaf.hash && equal_text(text(i), leaf.text)) return true;
    }
    return false;
  }
  bool text_operand_passes(const Test& test, uint32_t operand, const Leaf& leaf) const;
  bool in_range(const RangeOperand& range, const Leaf& leaf) const;

  PathTable& paths_;
  std::vector<Condition> conditions_;
  std::vector<Test> tests_;
  std::string texts_;
  std::vector<TextOperand> text_operands_;
  json::Value number_document_;  // an array of all number operands
  std::vector<NumberOperand> numbers_;
  std::vector<RangeOperand> ranges_;
  std::vector<Wildcard> wildcards_;
  std::vector<RegularExpression> regexps_;
  std::vector<AddressRange> cidrs_;

  struct RangeParts {
    uint32_t low = 0;
    uint32_t high = 0;
  };
  // Only while building:
  ByteTable interned_;                  // what each condition asks, by its id
  std::string key_;                     // of the condition being interned
  ByteTable distinct_texts_;            // becomes texts_
  std::vector<uint32_t> first_operand_; // of each distinct text, to be shared
  std::vector<std::string> number_texts_;
  std::vector<uint32_t> number_places_;    // numbers_[i] is number_texts_[number_places_[i]]
  std::vector<RangeParts> range_places_;
};

}  // namespace hence::filter

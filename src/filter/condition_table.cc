// SPDX-License-Identifier: Apache-2.0
#include "filter/condition_table.h"

#include <utility>

#include "base/check.h"
#include "json/builder.h"

namespace hence::filter {

namespace {

void append_word(std::string& key, uint64_t word) {
  for (; word >= 0x80; word >>= 7) key.push_back(static_cast<char>(word | 0x80));
  key.push_back(static_cast<char>(word));
}

/// Bytes that are equal exactly where two conditions ask the same in the same words.
void write_key(PathId path, const FieldSpec& field, std::string& key) {
  key.clear();
  append_word(key, path);
  for (const TestSpec& test : field.any_of) {
    key.push_back(static_cast<char>(test.kind));
    key.push_back(static_cast<char>((test.negated ? 1 : 0) | (test.low_open ? 2 : 0) |
                                    (test.high_open ? 4 : 0) | (test.truth ? 8 : 0)));
    append_word(key, test.operands.size());
    for (const std::string& operand : test.operands) {
      append_word(key, operand.size());
      key += operand;
    }
  }
}

bool folds(TestKind kind) {
  return kind == TestKind::ignore_case || kind == TestKind::prefix_ignore_case ||
         kind == TestKind::suffix_ignore_case;
}

}  // namespace

ConditionId ConditionTable::intern(const FieldSpec& field) {
  const PathId path = field.raw ? paths_.intern_raw(field.path) : paths_.intern(field.path);
  write_key(path, field, key_);
  const auto [id, is_new] = interned_.put(key_);
  if (!is_new) {
    conditions_[id].shared = true;
    return id;
  }
  Condition condition;
  condition.path = path;
  condition.first_test = static_cast<uint32_t>(tests_.size());
  for (const TestSpec& spec : field.any_of) {
    if (spec.kind == TestKind::absent) {
      condition.has_absent = true;
      continue;
    }
    if (folds(spec.kind)) paths_.set_folds(path);
    tests_.push_back(add_test(spec));
    condition.has_positive = true;
  }
  condition.test_count = static_cast<uint32_t>(tests_.size()) - condition.first_test;
  if (condition.test_count > 0) condition.first = tests_[condition.first_test];
  conditions_.push_back(condition);
  return id;
}

/// Operands of one text share one entry, which few rules then keep warm in the cache; those of a
/// list follow each other and share only the bytes.
uint32_t ConditionTable::add_text(const std::string& text, bool alone) {
  const auto next = static_cast<uint32_t>(text_operands_.size());
  const auto [number, is_new] = distinct_texts_.put(text);
  if (is_new) first_operand_.push_back(next);
  if (!is_new && alone) return first_operand_[number];
  text_operands_.push_back(distinct_texts_.item(number));
  return next;
}

uint32_t ConditionTable::add_number_text(const std::string& text) {
  number_texts_.push_back(text);
  return static_cast<uint32_t>(number_texts_.size() - 1);
}

Test ConditionTable::add_test(const TestSpec& spec) {
  Test test;
  test.kind = spec.kind;
  test.negated = spec.negated;
  test.truth = spec.truth;
  test.count = static_cast<uint32_t>(spec.operands.size());
  switch (spec.kind) {
    case TestKind::number:
      test.first = static_cast<uint32_t>(number_places_.size());
      for (const std::string& text : spec.operands) number_places_.push_back(add_number_text(text));
      break;
    case TestKind::range: {
      RangeOperand range;
      RangeParts parts;
      range.has_low = !spec.operands[0].empty();
      range.has_high = !spec.operands[1].empty();
      range.low_open = spec.low_open;
      range.high_open = spec.high_open;
      if (range.has_low) parts.low = add_number_text(spec.operands[0]);
      if (range.has_high) parts.high = add_number_text(spec.operands[1]);
      test.first = static_cast<uint32_t>(ranges_.size());
      test.count = 1;
      ranges_.push_back(range);
      range_places_.push_back(parts);
      break;
    }
    case TestKind::wildcard:
      test.first = static_cast<uint32_t>(wildcards_.size());
      for (const std::string& text : spec.operands) {
        auto parsed = Wildcard::parse(text);
        HENCE_CHECK(parsed.ok());
        wildcards_.push_back(std::move(parsed).value());
      }
      break;
    case TestKind::regexp:
      test.first = static_cast<uint32_t>(regexps_.size());
      for (const std::string& text : spec.operands) {
        auto parsed = RegularExpression::parse(text);
        HENCE_CHECK(parsed.ok());
        regexps_.push_back(std::move(parsed).value());
      }
      break;
    case TestKind::cidr:
      test.first = static_cast<uint32_t>(cidrs_.size());
      for (const std::string& text : spec.operands) {
        auto parsed = AddressRange::parse(text);
        HENCE_CHECK(parsed.ok());
        cidrs_.push_back(parsed.value());
      }
      break;
    default:
      test.first = static_cast<uint32_t>(text_operands_.size());
      if (test.count == 1) {
        test.first = add_text(spec.operands.front(), true);
      } else {
        for (const std::string& text : spec.operands) add_text(text, false);
      }
      break;
  }
  return test;
}

void ConditionTable::freeze() {
  json::Builder builder;
  builder.begin_array();
  for (const std::string& text : number_texts_) builder.number_text(text);
  builder.end_array();
  number_document_ = std::move(builder).finish();
  std::vector<NumberOperand> values;
  values.reserve(number_texts_.size());
  for (const json::View value : number_document_.view().elements()) {
    values.push_back({value, value.as_double()});
  }
  numbers_.reserve(number_places_.size());
  for (const uint32_t place : number_places_) numbers_.push_back(values[place]);
  for (size_t i = 0; i < ranges_.size(); ++i) {
    if (ranges_[i].has_low) ranges_[i].low = values[range_places_[i].low];
    if (ranges_[i].has_high) ranges_[i].high = values[range_places_[i].high];
  }
  texts_ = std::move(distinct_texts_).take_bytes();
  interned_ = {};
  key_ = {};
  distinct_texts_ = {};
  first_operand_ = {};
  number_texts_ = {};
  number_places_ = {};
  range_places_ = {};
  conditions_.shrink_to_fit();
  tests_.shrink_to_fit();
  text_operands_.shrink_to_fit();
  texts_.shrink_to_fit();
}

bool ConditionTable::passes(const Test& test, const Leaf& leaf) const {
  return any_operand(test, leaf) != test.negated;
}

bool ConditionTable::any_operand(const Test& test, const Leaf& leaf) const {
  switch (test.kind) {
    case TestKind::present:
      return true;
    case TestKind::absent:
      return false;
    case TestKind::null:
      return leaf.type == json::Type::null;
    case TestKind::truth:
      return leaf.type == json::Type::boolean && leaf.value.as_bool() == test.truth;
    case TestKind::number:
      if (leaf.type != json::Type::number) return false;
      for (uint32_t i = test.first; i < test.first + test.count; ++i) {
        const NumberOperand& operand = numbers_[i];
        if (operand.nearest == leaf.number && json::compare_numbers(operand.exact, leaf.value) == 0) {
          return true;
        }
      }
      return false;
    case TestKind::range:
      return leaf.type == json::Type::number && in_range(ranges_[test.first], leaf);
    case TestKind::cidr: {
      if (leaf.type != json::Type::string) return false;
      const auto address = IpAddress::parse(leaf.text);
      return address && cidrs_[test.first].contains(*address);
    }
    case TestKind::text:
      return is_text(test, leaf);
    case TestKind::of_type:
      return json::type_name(leaf.type) == text(test.first);
    default:
      if (leaf.type != json::Type::string) return false;
      for (uint32_t i = test.first; i < test.first + test.count; ++i) {
        if (text_operand_passes(test, i, leaf)) return true;
      }
      return false;
  }
}

bool ConditionTable::text_operand_passes(const Test& test, uint32_t operand,
                                         const Leaf& leaf) const {
  switch (test.kind) {
    case TestKind::prefix:
      return leaf.text.starts_with(text(operand));
    case TestKind::suffix:
      return leaf.text.ends_with(text(operand));
    case TestKind::ignore_case:
      return leaf.folded == text(operand);
    case TestKind::prefix_ignore_case:
      return leaf.folded.starts_with(text(operand));
    case TestKind::suffix_ignore_case:
      return leaf.folded.ends_with(text(operand));
    case TestKind::segments:
      return leaf.text.size() > text_operands_[operand].size &&
             leaf.text.starts_with(text(operand));
    case TestKind::wildcard:
      return wildcards_[operand].matches(leaf.text);
    case TestKind::regexp:
      return regexps_[operand].matches(leaf.text);
    default:
      return false;
  }
}

bool ConditionTable::in_range(const RangeOperand& range, const Leaf& leaf) const {
  // Rounding to binary64 keeps the order, so only equal ones need the exact comparison.
  if (range.has_low) {
    if (leaf.number < range.low.nearest) return false;
    if (leaf.number == range.low.nearest) {
      const auto order = json::compare_numbers(leaf.value, range.low.exact);
      if (order < 0 || (order == 0 && range.low_open)) return false;
    }
  }
  if (range.has_high) {
    if (leaf.number > range.high.nearest) return false;
    if (leaf.number == range.high.nearest) {
      const auto order = json::compare_numbers(leaf.value, range.high.exact);
      if (order > 0 || (order == 0 && range.high_open)) return false;
    }
  }
  return true;
}

size_t ConditionTable::memory_bytes() const {
  size_t regexps = 0;
  for (const RegularExpression& one : regexps_) regexps += one.memory_bytes();
  return regexps + conditions_.capacity() * sizeof(Condition) + tests_.capacity() * sizeof(Test) +
         texts_.capacity() + text_operands_.capacity() * sizeof(TextOperand) +
         numbers_.capacity() * sizeof(NumberOperand) + ranges_.capacity() * sizeof(RangeOperand) +
         number_document_.view().source_text().size() + numbers_.size() * 24 +
         wildcards_.capacity() * (sizeof(Wildcard) + 3 * sizeof(std::string)) +
         cidrs_.capacity() * sizeof(AddressRange);
}

}  // namespace hence::filter

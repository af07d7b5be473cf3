// SPDX-License-Identifier: Apache-2.0
#include "filter/condition_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "filter/case_fold.h"
#include "json/parse.h"
#include "json/write.h"

namespace hence::filter {

namespace {

constexpr uint32_t kListedMax = 6;
constexpr size_t kShortBytes = 60;

std::string quoted(std::string_view text) {
  std::string out;
  json::write_string(text, out);
  return out;
}

std::string operand_text(const ConditionTable& table, const Test& test, uint32_t operand) {
  switch (test.kind) {
    case TestKind::number:
      return std::string(table.number(operand).exact.number_text());
    case TestKind::wildcard:
      return quoted(table.wildcard(operand).to_string());
    case TestKind::regexp:
      return quoted(table.regexp(operand).source());
    case TestKind::cidr:
      return quoted(table.cidr(operand).to_string());
    case TestKind::segments:
      return quoted(std::string(table.text(operand)) + "*");
    default:
      return quoted(table.text(operand));
  }
}

std::string operand_list(const ConditionTable& table, const Test& test) {
  std::string out;
  for (uint32_t i = 0; i < test.count && i < kListedMax; ++i) {
    if (i > 0) out += ", ";
    out += operand_text(table, test, test.first + i);
  }
  if (test.count > kListedMax) out += " … " + std::to_string(test.count - kListedMax) + " more";
  return out;
}

std::string range_text(const RangeOperand& range) {
  std::string out = "is a number";
  if (range.has_low) {
    out += std::string(range.low_open ? " > " : " >= ") + std::string(range.low.exact.number_text());
  }
  if (range.has_low && range.has_high) out += " and";
  if (range.has_high) {
    out += std::string(range.high_open ? " < " : " <= ") +
           std::string(range.high.exact.number_text());
  }
  return out;
}

std::string verb_of(const Test& test) {
  const bool not_one = test.negated;
  const bool several = test.count > 1;
  switch (test.kind) {
    case TestKind::text:
    case TestKind::number:
      if (not_one) return several ? "is none of " : "is anything but ";
      return several ? "is one of " : "is ";
    case TestKind::prefix:
      return not_one ? "does not begin with " : "begins with ";
    case TestKind::suffix:
      return not_one ? "does not end with " : "ends with ";
    case TestKind::ignore_case:
      return not_one ? "is, in any case, anything but " : "is, in any case, ";
    case TestKind::prefix_ignore_case:
      return "begins, in any case, with ";
    case TestKind::suffix_ignore_case:
      return "ends, in any case, with ";
    case TestKind::wildcard:
      return not_one ? "is not like " : "is like ";
    case TestKind::segments:
      return "is like ";
    case TestKind::regexp:
      return "matches the expression ";
    case TestKind::cidr:
      return "is an address in ";
    default:
      return "";
  }
}

/// As a pattern writes it.
std::string_view operator_of(const Test& test) {
  if (test.negated) return "anything-but";
  switch (test.kind) {
    case TestKind::text:
    case TestKind::number:
    case TestKind::truth:
    case TestKind::null:
      return "exact";
    case TestKind::prefix:
    case TestKind::prefix_ignore_case:
      return "prefix";
    case TestKind::suffix:
    case TestKind::suffix_ignore_case:
      return "suffix";
    case TestKind::ignore_case:
      return "equals-ignore-case";
    case TestKind::segments:
    case TestKind::wildcard:
      return "wildcard";
    case TestKind::regexp:
      return "regexp";
    case TestKind::range:
      return "numeric";
    case TestKind::cidr:
      return "cidr";
    case TestKind::present:
    case TestKind::absent:
      return "exists";
    case TestKind::of_type:
      break;
  }
  return "";
}

std::string test_text(const ConditionTable& table, const Test& test) {
  switch (test.kind) {
    case TestKind::truth:
      return test.truth ? "is true" : "is false";
    case TestKind::null:
      return "is null";
    case TestKind::present:
      return "is present";
    case TestKind::absent:
      return "is absent";
    case TestKind::range:
      return range_text(table.range(test.first));
    default:
      return verb_of(test) + operand_list(table, test);
  }
}

bool reads_as_number(std::string_view text) {
  const auto value = json::parse(text);
  return value.ok() && value.value()->is_number();
}

std::string text_hint(const ConditionTable& table, const Test& test, const Leaf& leaf, AskedBy asked_by) {
  const std::string lower = folded(leaf.text);
  for (uint32_t i = test.first; i < test.first + test.count; ++i) {
    const std::string_view wanted = table.text(i);
    if (folded(wanted) == lower) {
      return std::string("the same text in other case; ") + (asked_by == AskedBy::pattern
                                                                  ? "{\"equals-ignore-case\": …} would match"
                                                                  : "filters compare attributes with their case");
    }
    if (asked_by == AskedBy::pattern && wanted.find('*') != std::string_view::npos) {
      return "* in a plain value stands for itself; {\"wildcard\": …} is the pattern";
    }
  }
  return "";
}

std::string test_hint(const ConditionTable& table, const Test& test, const Leaf& leaf, AskedBy asked_by) {
  if (test.negated) return "";
  const bool wants_number = test.kind == TestKind::number || test.kind == TestKind::range;
  if (wants_number && leaf.type == json::Type::string && reads_as_number(leaf.text)) {
    return "the event has a number written as a string; the rule asks for a number";
  }
  if (test.kind == TestKind::truth && leaf.type == json::Type::string && leaf.text == (test.truth ? "true" : "false")) {
    return "the event has a boolean written as a string; the rule asks for a boolean";
  }
  if (test.kind != TestKind::text) return "";
  if (leaf.type == json::Type::string) return text_hint(table, test, leaf, asked_by);
  if (leaf.type == json::Type::object || leaf.type == json::Type::array) return "";
  const std::string written = leaf.value.to_text();
  for (uint32_t i = test.first; i < test.first + test.count; ++i) {
    if (table.text(i) == written) {
      return "the rule asks for a string; write " + written + " without quotes";
    }
  }
  return "";
}

}  // namespace

std::string expected_text(const ConditionTable& table, const Condition& condition) {
  std::string out;
  uint32_t count = 0;
  for (uint32_t i = 0; i < condition.test_count; ++i) {
    const Test& test = table.test(condition.first_test + i);
    if (test.kind == TestKind::of_type || ++count > kListedMax) continue;
    if (count > 1) out += ", or ";
    out += test_text(table, test);
  }
  if (count > kListedMax) out += " … " + std::to_string(count - kListedMax) + " more";
  if (condition.has_absent) out += out.empty() ? "is absent" : ", or is absent";
  return out;
}

std::string operator_text(const ConditionTable& table, const Condition& condition) {
  std::vector<std::string_view> words;
  const auto add = [&](std::string_view word) {
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  };
  for (uint32_t i = 0; i < condition.test_count; ++i) add(operator_of(table.test(condition.first_test + i)));
  if (condition.has_absent) add("exists");
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

bool is_left_to_filter(const ConditionTable& table, const Condition& condition, const Leaf& leaf) {
  bool of_type = false;
  for (uint32_t i = 0; i < condition.test_count; ++i) {
    const Test& test = table.test(condition.first_test + i);
    if (!table.passes(test, leaf)) continue;
    if (test.kind != TestKind::of_type) return false;
    of_type = true;
  }
  return of_type;
}

std::string value_hint(const ConditionTable& table, const Condition& condition, const Leaf& leaf, AskedBy asked_by) {
  for (uint32_t i = 0; i < condition.test_count; ++i) {
    std::string hint = test_hint(table, table.test(condition.first_test + i), leaf, asked_by);
    if (!hint.empty()) return hint;
  }
  return "";
}

std::string short_json(json::View value) {
  std::string text = value.to_text();
  if (text.size() <= kShortBytes) return text;
  size_t end = kShortBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace hence::filter

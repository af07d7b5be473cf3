// SPDX-License-Identifier: Apache-2.0
#include "filter/necessary.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "filter/case_fold.h"

namespace hence::filter {

namespace {

const FieldSpec* find_path(const std::vector<FieldSpec>& fields, const FieldSpec& like) {
  const auto at = std::find_if(fields.begin(), fields.end(), [&](const FieldSpec& field) {
    return field.path == like.path && field.raw == like.raw;
  });
  return at == fields.end() ? nullptr : &*at;
}

TestSpec of_type(std::string_view name) {
  TestSpec out;
  out.kind = TestKind::of_type;
  out.operands.emplace_back(name);
  return out;
}

}  // namespace

std::vector<FieldSpec> either(const std::vector<std::vector<FieldSpec>>& alternatives) {
  std::vector<FieldSpec> out;
  if (alternatives.empty()) return out;
  for (const FieldSpec& first : alternatives.front()) {
    if (find_path(out, first) != nullptr) continue;
    FieldSpec both = first;
    bool in_all = true;
    for (size_t i = 1; i < alternatives.size() && in_all; ++i) {
      const FieldSpec* same = find_path(alternatives[i], first);
      in_all = same != nullptr && both.any_of.size() + same->any_of.size() <= kFieldAlternativesMax;
      if (in_all) both.any_of.insert(both.any_of.end(), same->any_of.begin(), same->any_of.end());
    }
    if (in_all) out.push_back(std::move(both));
  }
  return out;
}

FieldSpec attribute_affix(std::string_view name, TestKind kind, std::string_view text) {
  FieldSpec out;
  out.path.emplace_back(name);
  TestSpec test;
  test.kind = kind;
  test.operands.emplace_back(text);
  out.any_of.push_back(std::move(test));
  // An extension may be an integer or a boolean, whose string form is compared.
  out.any_of.push_back(of_type("number"));
  out.any_of.push_back(of_type("boolean"));
  return out;
}

FieldSpec attribute_present(std::string_view name) {
  FieldSpec out;
  out.path.emplace_back(name);
  out.any_of.emplace_back().kind = TestKind::present;
  return out;
}

FieldSpec attribute_integer(std::string_view name, int32_t low, int32_t high) {
  FieldSpec out;
  out.path.emplace_back(name);
  TestSpec test;
  test.kind = low == high ? TestKind::number : TestKind::range;
  test.operands.push_back(std::to_string(low));
  if (low != high) test.operands.push_back(std::to_string(high));
  out.any_of.push_back(std::move(test));
  // A string or a boolean may be cast to an integer.
  out.any_of.push_back(of_type("string"));
  if (low <= 1 && high >= 0) out.any_of.push_back(of_type("boolean"));
  return out;
}

FieldSpec attribute_cast_is(std::string_view name, std::string_view text) {
  FieldSpec out = attribute_is(name, text);
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  int32_t integer = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), integer);
  if (error == std::errc() && end == digits.data() + digits.size()) {
    TestSpec test;
    test.kind = TestKind::number;
    test.operands.push_back(std::to_string(integer));
    out.any_of.push_back(std::move(test));
  }
  const std::string lower = folded(text);
  if (lower == "true" || lower == "false") {
    TestSpec test;
    test.kind = TestKind::truth;
    test.truth = lower == "true";
    out.any_of.push_back(std::move(test));
  }
  return out;
}

}  // namespace hence::filter

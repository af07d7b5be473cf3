// SPDX-License-Identifier: Apache-2.0
#include "filter/when_index.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

namespace hence::filter {

namespace {

using Operator = expr::Comparison::Operator;

TestSpec of_type(json::Type type) {
  TestSpec out;
  out.kind = TestKind::of_type;
  out.operands.emplace_back(json::type_name(type));
  return out;
}

std::string number_text(double number) {
  char text[32];
  snprintf(text, sizeof(text), "%.17g", number);
  return text;
}

/// Numbers that jq may take for equal to the constant or, with open_ended, for greater. One step of
/// binary64 wider, since jq rounds where patterns do not.
std::optional<TestSpec> about(double constant, bool open_ended) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double low = std::nextafter(constant, -kInfinity);
  const double high = std::nextafter(constant, kInfinity);
  if (!std::isfinite(low) || !std::isfinite(high)) return std::nullopt;
  TestSpec out;
  out.kind = TestKind::range;
  out.operands = {number_text(low), open_ended ? "" : number_text(high)};
  return out;
}

/// The tests of one comparison; none where no value could be looked up, as with `<`, which null and
/// so an absent field passes.
std::vector<TestSpec> tests_of(const expr::Comparison& comparison) {
  const json::View constant = comparison.constant;
  const bool greater =
      comparison.op == Operator::greater || comparison.op == Operator::greater_equal;
  std::vector<TestSpec> out;
  if (comparison.op == Operator::equal && constant.is_string()) {
    TestSpec test;
    test.kind = TestKind::text;
    test.operands.emplace_back(constant.as_string());
    out.push_back(std::move(test));
  } else if (comparison.op == Operator::equal && constant.is_bool()) {
    TestSpec test;
    test.kind = TestKind::truth;
    test.truth = constant.as_bool();
    out.push_back(std::move(test));
  } else if (constant.is_number() && (greater || comparison.op == Operator::equal)) {
    auto test = about(constant.as_double(), greater);
    if (!test) return {};
    out.push_back(std::move(*test));
    if (greater) out.push_back(of_type(json::Type::string));
    if (greater) out.push_back(of_type(json::Type::object));
  } else {
    return {};
  }
  out.push_back(of_type(json::Type::array));  // and where the program fails: EventFields::add_broken
  return out;
}

/// Whether a fails only where b does: `.data.x` fails if data is a string, and so does `.data.y.z`.
bool fails_within(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto above = static_cast<std::ptrdiff_t>(a.size()) - 1;
  return b.size() >= a.size() && std::equal(a.begin(), a.begin() + above, b.begin());
}

}  // namespace

std::vector<FieldSpec> necessary_conditions(const expr::Program& program) {
  std::vector<FieldSpec> out;
  const auto& comparisons = program.comparisons();
  for (size_t i = 0; i < comparisons.size(); ++i) {
    // A comparison that runs earlier may fail, which must be told even if this one is false.
    bool tells = true;
    for (size_t j = 0; j < i; ++j) {
      tells = tells && fails_within(comparisons[j].path, comparisons[i].path);
    }
    FieldSpec field;
    field.raw = true;
    field.path = comparisons[i].path;
    if (tells) field.any_of = tests_of(comparisons[i]);
    if (!field.any_of.empty()) out.push_back(std::move(field));
  }
  return out;
}

}  // namespace hence::filter

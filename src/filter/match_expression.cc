// SPDX-License-Identifier: Apache-2.0
#include "filter/match_expression.h"

#include <algorithm>
#include <array>

#include "filter/address_range.h"
#include "filter/case_fold.h"
#include "filter/regular_expression.h"
#include "filter/wildcard.h"
#include "json/yaml.h"

namespace hence::filter {

namespace {

constexpr std::array kReservedNames = {
    std::string_view("exactly"), std::string_view("equals-ignore-case"), std::string_view("prefix"),
    std::string_view("suffix"), std::string_view("anything-but"), std::string_view("exists"),
    std::string_view("wildcard"), std::string_view("numeric"), std::string_view("cidr"),
    std::string_view("="), std::string_view("<"), std::string_view("<="), std::string_view(">"),
    std::string_view(">="), std::string_view("regex"), std::string_view("not-wildcard"),
    std::string_view("not-equals-ignore-case"), std::string_view("date-after"),
    std::string_view("date-on-or-after"), std::string_view("date-before"),
    std::string_view("date-on-or-before"), std::string_view("in-date-range"),
    std::string_view("ip-address-in-range"), std::string_view("ip-address-not-in-range")};
constexpr size_t kUsableNames = 9;  // the first ones of the list

/// Reads one match expression; holds what every step needs.
class ExpressionReader {
 public:
  ExpressionReader(std::string pointer, std::vector<Fault>& faults)
      : pointer_(std::move(pointer)), faults_(faults) {}

  std::optional<TestSpec> read(json::View expression);

 private:
  std::nullopt_t fault(std::string message) {
    faults_.push_back({ErrorCode::PatternInvalid, pointer_, std::move(message)});
    return std::nullopt;
  }
  std::optional<TestSpec> read_text(TestKind kind, std::string_view name, json::View operand);
  std::optional<TestSpec> read_affix(TestKind plain, TestKind folding, std::string_view name,
                                     json::View operand);
  std::optional<TestSpec> read_wildcard(json::View operand);
  std::optional<TestSpec> read_shellstyle(json::View operand);
  std::optional<TestSpec> read_regexp(json::View operand);
  std::optional<TestSpec> read_cidr(json::View operand);
  std::optional<TestSpec> read_exists(json::View operand);
  std::optional<TestSpec> read_numeric(json::View operand);
  std::optional<TestSpec> read_range(const std::vector<json::View>& terms);
  std::optional<TestSpec> read_anything_but(json::View operand);
  std::optional<TestSpec> read_anything_but_list(json::View operand);
  std::optional<TestSpec> read_anything_but_expression(json::View operand);
  bool check_wildcard(std::string_view text);

  std::string pointer_;
  std::vector<Fault>& faults_;
};

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::optional<TestSpec> ExpressionReader::read(json::View expression) {
  if (expression.size() == 0) {
    return fault("an empty match expression; write one such as {\"prefix\": \"a\"}");
  }
  if (expression.size() > 1) {
    return fault("a match expression holds exactly one key; write several as elements of the array");
  }
  const json::Member member = *expression.members().begin();
  const std::string_view name = member.key;
  const json::View operand = member.value;
  json::append_pointer(pointer_, name);
  if (name == "exactly") return read_text(TestKind::text, name, operand);
  if (name == "equals-ignore-case") return read_text(TestKind::ignore_case, name, operand);
  if (name == "prefix") {
    return read_affix(TestKind::prefix, TestKind::prefix_ignore_case, name, operand);
  }
  if (name == "suffix") {
    return read_affix(TestKind::suffix, TestKind::suffix_ignore_case, name, operand);
  }
  if (name == "wildcard") return read_wildcard(operand);
  if (name == "shellstyle") return read_shellstyle(operand);
  if (name == "regexp") return read_regexp(operand);
  if (name == "cidr") return read_cidr(operand);
  if (name == "exists") return read_exists(operand);
  if (name == "numeric") return read_numeric(operand);
  if (name == "anything-but") return read_anything_but(operand);
  if (name == "not" || name.starts_with("not-")) {
    return fault("unknown match expression " + quoted(name) + "; for values that are none of some, write {\"anything-but\": " +
                 (operand.is_object() || operand.is_array() ? "…" : operand.to_text()) + "}");
  }
  std::string names;
  for (size_t i = 0; i < kUsableNames; ++i) {
    if (i > 0) names += ", ";
    names += kReservedNames[i];
  }
  return fault("unknown match expression " + quoted(name) + "; known are " + names +
               ", shellstyle and regexp");
}

std::optional<TestSpec> ExpressionReader::read_text(TestKind kind, std::string_view name,
                                                    json::View operand) {
  if (!operand.is_string()) return fault(std::string(name) + " takes a string");
  TestSpec test;
  test.kind = kind;
  test.operands.push_back(kind == TestKind::ignore_case ? folded(operand.as_string())
                                                        : std::string(operand.as_string()));
  return test;
}

std::optional<TestSpec> ExpressionReader::read_affix(TestKind plain, TestKind folding,
                                                     std::string_view name, json::View operand) {
  if (operand.is_string()) return read_text(plain, name, operand);
  const std::string form =
      std::string(name) + " takes a string or {\"equals-ignore-case\": string}";
  if (!operand.is_object() || operand.size() != 1) return fault(form);
  const json::Member inner = *operand.members().begin();
  if (inner.key != "equals-ignore-case" || !inner.value.is_string()) return fault(form);
  TestSpec test;
  test.kind = folding;
  test.operands.push_back(folded(inner.value.as_string()));
  return test;
}

bool ExpressionReader::check_wildcard(std::string_view text) {
  const auto parsed = Wildcard::parse(text);
  if (!parsed.ok()) fault(parsed.error().message());
  return parsed.ok();
}

std::optional<TestSpec> ExpressionReader::read_wildcard(json::View operand) {
  if (!operand.is_string()) return fault("wildcard takes a string");
  if (!check_wildcard(operand.as_string())) return std::nullopt;
  return read_text(TestKind::wildcard, "wildcard", operand);
}

/// As in quamina: `*` is any run, and no character escapes another.
std::optional<TestSpec> ExpressionReader::read_shellstyle(json::View operand) {
  if (!operand.is_string()) return fault("shellstyle takes a string");
  std::string text;
  for (const char c : operand.as_string()) {
    if (c == '\\') text += '\\';
    text += c;
  }
  if (!check_wildcard(text)) return std::nullopt;
  TestSpec test;
  test.kind = TestKind::wildcard;
  test.operands.push_back(std::move(text));
  return test;
}

std::optional<TestSpec> ExpressionReader::read_regexp(json::View operand) {
  if (!operand.is_string()) return fault("regexp takes a string");
  const auto parsed = RegularExpression::parse(operand.as_string());
  if (!parsed.ok()) return fault(parsed.error().message());
  return read_text(TestKind::regexp, "regexp", operand);
}

std::optional<TestSpec> ExpressionReader::read_cidr(json::View operand) {
  if (!operand.is_string()) return fault("cidr takes a string such as \"10.0.0.0/24\"");
  const auto range = AddressRange::parse(operand.as_string());
  if (!range.ok()) return fault(range.error().message());
  return read_text(TestKind::cidr, "cidr", operand);
}

std::optional<TestSpec> ExpressionReader::read_exists(json::View operand) {
  if (!operand.is_bool()) return fault("exists takes true or false");
  TestSpec test;
  test.kind = operand.as_bool() ? TestKind::present : TestKind::absent;
  return test;
}

std::optional<TestSpec> ExpressionReader::read_numeric(json::View operand) {
  if (!operand.is_array() || (operand.size() != 2 && operand.size() != 4)) {
    return fault("numeric takes [operator, number], or a range such as [\">\", 0, \"<=\", 5]");
  }
  std::vector<json::View> terms;
  for (const json::View term : operand.elements()) terms.push_back(term);
  for (size_t i = 0; i < terms.size(); i += 2) {
    if (!terms[i].is_string()) return fault("numeric needs an operator before each number");
    const std::string_view name = terms[i].as_string();
    if (name != "=" && name != "<" && name != "<=" && name != ">" && name != ">=") {
      return fault("unknown numeric operator " + quoted(name) + "; known are = < <= > >=");
    }
    if (!terms[i + 1].is_number()) return fault("numeric needs a number after " + quoted(name));
  }
  if (terms[0].as_string() == "=") {
    if (terms.size() > 2) return fault("numeric = takes one number and nothing after it");
    TestSpec test;
    test.kind = TestKind::number;
    test.operands.emplace_back(terms[1].number_text());
    return test;
  }
  return read_range(terms);
}

std::optional<TestSpec> ExpressionReader::read_range(const std::vector<json::View>& terms) {
  const bool below = terms[0].as_string().front() == '<';
  const bool two = terms.size() == 4;
  if (two && (below || terms[2].as_string().front() != '<')) {
    return fault("a numeric range is written from low to high: [\">=\", low, \"<\", high]");
  }
  TestSpec test;
  test.kind = TestKind::range;
  test.operands.resize(2);
  const size_t high = below ? 0 : 2;
  if (!below) {
    test.low_open = terms[0].as_string() == ">";
    test.operands[0] = terms[1].number_text();
  }
  if (below || two) {
    test.high_open = terms[high].as_string() == "<";
    test.operands[1] = terms[high + 1].number_text();
  }
  if (two && json::compare_numbers(terms[1], terms[3]) >= 0) {
    return fault("the low end of a numeric range must be less than its high end");
  }
  return test;
}

std::optional<TestSpec> ExpressionReader::read_anything_but(json::View operand) {
  if (operand.is_object()) return read_anything_but_expression(operand);
  return read_anything_but_list(operand);
}

std::optional<TestSpec> ExpressionReader::read_anything_but_list(json::View operand) {
  std::vector<json::View> values;
  if (operand.is_array()) {
    for (const json::View value : operand.elements()) values.push_back(value);
  } else {
    values.push_back(operand);
  }
  if (values.empty()) return fault("anything-but needs at least one value");
  TestSpec test;
  test.negated = true;
  test.kind = values.front().is_number() ? TestKind::number : TestKind::text;
  for (const json::View value : values) {
    if (!value.is_string() && !value.is_number()) {
      return fault("anything-but takes strings or numbers, not " +
                   std::string(json::type_name(value.type())));
    }
    if (value.is_number() != values.front().is_number()) {
      return fault("anything-but takes either strings or numbers, not both in one list");
    }
    test.operands.emplace_back(value.is_number() ? value.number_text() : value.as_string());
  }
  return test;
}

std::optional<TestSpec> ExpressionReader::read_anything_but_expression(json::View operand) {
  if (operand.size() != 1) return fault("anything-but takes exactly one inner expression");
  const json::Member inner = *operand.members().begin();
  TestSpec test;
  test.negated = true;
  if (inner.key == "prefix") {
    test.kind = TestKind::prefix;
  } else if (inner.key == "suffix") {
    test.kind = TestKind::suffix;
  } else if (inner.key == "equals-ignore-case") {
    test.kind = TestKind::ignore_case;
  } else if (inner.key == "wildcard") {
    test.kind = TestKind::wildcard;
  } else {
    return fault("anything-but knows prefix, suffix, equals-ignore-case and wildcard, not " +
                 quoted(inner.key));
  }
  std::vector<json::View> values;
  if (inner.value.is_array()) {
    for (const json::View value : inner.value.elements()) values.push_back(value);
  } else {
    values.push_back(inner.value);
  }
  if (values.empty()) return fault("anything-but needs at least one value");
  const bool affix = test.kind == TestKind::prefix || test.kind == TestKind::suffix;
  for (const json::View value : values) {
    if (!value.is_string()) {
      return fault("anything-but " + std::string(inner.key) + " takes a string or a list of strings");
    }
    const std::string_view text = value.as_string();
    if (affix && text.empty()) {
      return fault("anything-but " + std::string(inner.key) + " takes no empty string");
    }
    if (test.kind == TestKind::wildcard && !check_wildcard(text)) return std::nullopt;
    test.operands.push_back(test.kind == TestKind::ignore_case ? folded(text) : std::string(text));
  }
  return test;
}

}  // namespace

bool is_reserved_name(std::string_view key) {
  return std::find(kReservedNames.begin(), kReservedNames.end(), key) != kReservedNames.end();
}

std::optional<TestSpec> parse_alternative(json::View element, const ElementPlace& place,
                                          std::vector<Fault>& faults) {
  TestSpec test;
  switch (element.type()) {
    case json::Type::object:
      return ExpressionReader(place.pointer(), faults).read(element);
    case json::Type::array:
      faults.push_back({ErrorCode::PatternInvalid, place.pointer(),
                        "an array inside a field's array; list the values in one array"});
      return std::nullopt;
    case json::Type::string:
      test.kind = TestKind::text;
      test.operands.emplace_back(element.as_string());
      return test;
    case json::Type::number:
      test.kind = TestKind::number;
      test.operands.emplace_back(element.number_text());
      return test;
    case json::Type::boolean:
      test.kind = TestKind::truth;
      test.truth = element.as_bool();
      return test;
    case json::Type::null:
      test.kind = TestKind::null;
      return test;
  }
  return std::nullopt;
}

}  // namespace hence::filter

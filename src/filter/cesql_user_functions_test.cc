// SPDX-License-Identifier: Apache-2.0
#include "filter/cesql_user_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/cesql.h"
#include "filter/conditions.h"
#include "filter/filter_test_data.h"
#include "filter/rule_set.h"

namespace hence::filter {
namespace {

using Arguments = std::span<const CesqlArgument>;
constexpr auto kBoolean = CesqlType::boolean;
constexpr auto kInteger = CesqlType::integer;
constexpr auto kString = CesqlType::string;

std::string_view text_of(const CesqlArgument& argument) { return std::get<std::string_view>(argument); }

CesqlAnswer begins_with(json::View, Arguments a) { return text_of(a[0]).starts_with(text_of(a[1])); }

CesqlAnswer glue(json::View, Arguments a) {
  std::string out;
  for (const CesqlArgument& part : a) out += text_of(part);
  return out;
}

CesqlAnswer sum(json::View, Arguments a) {
  int32_t out = 0;
  for (const CesqlArgument& part : a) out += std::get<int32_t>(part);
  return out;
}

CesqlAnswer half(json::View, Arguments a) {
  const int32_t value = std::get<int32_t>(a[0]);
  if (value % 2 != 0) return Error(ErrorCode::ExpressionInvalid, std::to_string(value) + " is odd");
  return value / 2;
}

CesqlAnswer has_data(json::View event, Arguments) { return event.find("data").has_value(); }

CesqlAnswer parts(json::View, Arguments a) { return static_cast<int32_t>(a.size()); }

CesqlAnswer lies(json::View, Arguments) { return std::string("no number"); }

CesqlFunctions functions() {
  auto made = CesqlFunctions::create({
      {"BEGINS_WITH", {kString, kString}, {}, kBoolean, begins_with},
      {"glue", {}, kString, kString, glue},
      {"SUM", {kInteger}, kInteger, kInteger, sum},
      {"HALF", {kInteger}, {}, kInteger, half},
      {"HAS_DATA", {}, {}, kBoolean, has_data},
      {"PARTS", {}, {}, kInteger, parts},
      {"PARTS", {kString}, {}, kInteger, parts},
      {"PARTS", {kString, kString, kBoolean}, kString, kInteger, parts},
      {"LENGTH", {kString, kString}, {}, kInteger, parts},
      {"LIES", {}, {}, kInteger, lies},
  });
  return std::move(made).value();
}

struct Case {
  const char* expression;
  CesqlDatum result;
  const char* fault = "none";
  const char* message = "";
};

TEST(CesqlUserFunctions, AreCalledWithTheirArgumentsCast) {
  const Case cases[] = {
      {"BEGINS_WITH('orders', 'ord')", true},
      {"BEGINS_WITH('orders', 'orders')", true},
      {"BEGINS_WITH('orders', '')", true},
      {"BEGINS_WITH('orders', 'bill')", false},
      {"BEGINS_WITH('orders', 'orders.eu')", false},
      {"begins_with(type, 'com.') AND Begins_With(source, '/')", true},
      {"BEGINS_WITH(1234, 12)", true},
      {"BEGINS_WITH(TRUE, 'tr')", true},
      {"GLUE('a', 'b', 'c')", "abc"},
      {"GLUE()", ""},
      {"GLUE('a')", "a"},
      {"GLUE(1, TRUE, 'x')", "1truex"},
      {"GLUE('1','2','3','4','5','6','7','8','9','10') = '12345678910'", true},
      {"SUM(1)", 1},
      {"SUM('3', TRUE, 4) * 2", 16},
      {"HALF(10) + HALF(4)", 7},
      {"HAS_DATA()", true},
      {"NOT HAS_DATA()", false},
      {"PARTS()", 0},
      {"PARTS('a')", 1},
      {"PARTS('a', 'b', 'true')", 3},
      {"PARTS('a', 'b', FALSE, 'c', 'd')", 5},
      {"LENGTH('abc')", 3},
      {"LENGTH('abc', 'd')", 2},
      {"FALSE AND HALF(3) = 1", false},
      {"TRUE OR HALF(3) = 1", true},
      // What fails gives the zero value of its type.
      {"HALF(3)", 0, "functionEvaluation", "HALF: 3 is odd"},
      {"HALF(3) = 0", false, "functionEvaluation", "HALF: 3 is odd"},
      {"LIES()", 0, "functionEvaluation", "LIES gave a value that is no Integer"},
      {"SUM('x')", 0, "cast", "\"x\" is not of the type asked for"},
      {"GLUE(missing)", "", "missingAttribute", "the event has no attribute missing"},
      {"PARTS('a', 'b', 'perhaps')", 0, "cast", "\"perhaps\" is not of the type asked for"},
      {"SUM()", false, "missingFunction", "there is no function SUM with as many arguments"},
      {"PARTS('a', 'b')", false, "missingFunction", "there is no function PARTS with as many arguments"},
      {"HAS_DATA(1)", false, "missingFunction", "there is no function HAS_DATA with as many arguments"},
      {"NOSUCH(1)", false, "missingFunction", "there is no function NOSUCH with as many arguments"},
  };
  const json::Value event =
      parse_json(R"({"specversion":"1.0","id":"1","source":"/s","type":"com.acme","data":{}})");
  const CesqlFunctions known = functions();
  for (const Case& item : cases) {
    const auto parsed = Cesql::parse(item.expression, known);
    ASSERT_TRUE(parsed.ok()) << item.expression << parsed.error().message();
    const CesqlOutcome outcome = parsed->evaluate(event);
    EXPECT_EQ(outcome.value, item.result) << item.expression;
    EXPECT_EQ(cesql_fault_name(outcome.fault), item.fault) << item.expression;
    EXPECT_EQ(outcome.message, item.message) << item.expression;
    const bool* truth = std::get_if<bool>(&item.result);
    const bool holds = truth != nullptr && *truth && outcome.fault == CesqlFault::none;
    EXPECT_EQ(parsed->passes(event), holds) << item.expression;
  }
}

TEST(CesqlUserFunctions, AreOfTheParseTheyWereGivenTo) {
  const json::Value event = parse_json(R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})");
  EXPECT_EQ(Cesql::parse("HALF(2)")->evaluate(event).fault, CesqlFault::missing_function);
  const Cesql outlives = std::move(Cesql::parse("HALF(2) = 1", functions())).value();
  EXPECT_TRUE(outlives.passes(event));
}

TEST(CesqlUserFunctions, AreRefusedWhereACallCouldMeanTwo) {
  struct Refusal {
    std::vector<CesqlUserFunction> functions;
    const char* why;
  };
  const Refusal refusals[] = {
      {{{"F", {kString}, {}, kBoolean, parts}, {"f", {kInteger}, {}, kBoolean, parts}}, "as many arguments"},
      {{{"F", {kString}, {}, kBoolean, parts}, {"F", {}, kString, kBoolean, parts}}, "as many arguments"},
      {{{"F", {kString}, kString, kBoolean, parts}, {"F", {kString}, {}, kBoolean, parts}}, "as many arguments"},
      {{{"F", {}, kString, kBoolean, parts}, {"F", {kString, kString}, kString, kBoolean, parts}},
       "as many arguments"},
      {{{"length", {kString}, {}, kInteger, parts}}, "as many arguments"},
      {{{"CONCAT", {kString, kString}, {}, kString, glue}}, "as many arguments"},
      {{{"LEFT", {}, kString, kString, glue}}, "as many arguments"},
      {{{"", {}, {}, kBoolean, parts}}, "letters"},
      {{{"1F", {}, {}, kBoolean, parts}}, "letters"},
      {{{"A-B", {}, {}, kBoolean, parts}}, "letters"},
      {{{"ä", {}, {}, kBoolean, parts}}, "letters"},
      {{{"Exists", {}, {}, kBoolean, parts}}, "keyword"},
      {{{"true", {}, {}, kBoolean, parts}}, "keyword"},
      {{{"F", {}, {}, kBoolean, {}}}, "nothing to call"},
  };
  for (const Refusal& refusal : refusals) {
    const auto made = CesqlFunctions::create(refusal.functions);
    ASSERT_FALSE(made.ok()) << refusal.functions.back().name;
    EXPECT_THAT(made.error().message(), ::testing::HasSubstr(refusal.why));
    EXPECT_THAT(made.error().message(), ::testing::HasSubstr("\"" + refusal.functions.back().name + "\""));
  }
}

TEST(CesqlUserFunctions, DecideRules) {
  const json::Value on = parse_json(R"on({"type": "t", "filters": [{"sql": "BEGINS_WITH(subject, 'order-')"}]})on");
  const json::Value event =
      parse_json(R"({"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"order-7"})");
  const auto matches = [&](const CesqlFunctions& known) {
    const RuleSet rules = std::move(RuleSet::build({{7, std::move(*parse_conditions(on, nullptr, known))}})).value();
    MatchScratch scratch;
    std::vector<uint32_t> matched;
    std::vector<MatchError> errors;
    rules.match(event, {}, scratch, matched, errors);
    return matched.size();
  };
  EXPECT_EQ(matches(functions()), 1u);
  EXPECT_EQ(matches({}), 0u);
}

}  // namespace
}  // namespace hence::filter

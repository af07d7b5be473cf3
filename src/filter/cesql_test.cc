// SPDX-License-Identifier: Apache-2.0
#include "filter/cesql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/filter_test_data.h"
#include "json/builder.h"
#include "json/yaml.h"

namespace hence::filter {
namespace {

const char* const kFiles[] = {
    "binary_comparison_operators", "binary_logical_operators", "binary_math_operators",
    "case_sensitivity", "casting_functions", "context_attributes_access", "exists_expression",
    "in_expression", "integer_builtin_functions", "like_expression", "literals", "negate_operator",
    "not_operator", "spec_examples", "string_builtin_functions", "sub_expression"};

std::string written(json::View value) {
  if (value.is_string()) return std::string(value.as_string());
  return value.is_number() ? std::string(value.number_text()) : value.to_text();
}

/// The event of a case: its own, or the default one with what it overrides.
json::Value event_of(json::View test) {
  if (const auto event = test.find("event")) return json::Value(*event);
  json::Builder out;
  out.begin_object();
  out.member("specversion", "1.0").member("id", "1").member("source", "http://localhost/source");
  out.member("type", "t");
  if (const auto overrides = test.find("eventOverrides")) {
    for (const auto [key, value] : overrides->members()) out.member(key, value);
  }
  out.end_object();
  return std::move(out).finish();
}

std::string as_json(const CesqlOutcome& outcome) {
  if (const bool* truth = std::get_if<bool>(&outcome.value)) return *truth ? "true" : "false";
  if (const int32_t* integer = std::get_if<int32_t>(&outcome.value)) return std::to_string(*integer);
  return json::Value::string(std::get<std::string>(outcome.value))->to_text();
}

TEST(CesqlConformance, CasesHaveTheirResultAndError) {
  size_t cases = 0;
  for (const char* name : kFiles) {
    const auto text = read_shared(std::string("conformance/cesql/") + name + ".yaml");
    if (!text) GTEST_SKIP() << "no shared data; the cases come from cloudevents/spec cesql_tck";
    const auto documents = json::parse_yaml(*text);
    ASSERT_TRUE(documents.ok()) << name << documents.error().message();
    for (const json::View test : documents->front().value->find("tests")->elements()) {
      const std::string label = std::string(name) + ": " + std::string(test.string_or("name", ""));
      const std::string expression = written(*test.find("expression"));
      const auto parsed = Cesql::parse(expression);
      ++cases;
      if (test.string_or("error", "") == "parse") {
        EXPECT_FALSE(parsed.ok()) << label;
        continue;
      }
      ASSERT_TRUE(parsed.ok()) << label << ": " << parsed.error().message();
      const CesqlOutcome outcome = parsed->evaluate(event_of(test));
      EXPECT_EQ(as_json(outcome), test.find("result")->to_text()) << label << ": " << expression;
      EXPECT_EQ(cesql_fault_name(outcome.fault), test.string_or("error", "none")) << label;
    }
  }
  EXPECT_GE(cases, 120u);
}

struct Case {
  const char* expression;
  const char* result;
  const char* fault;
};

TEST(Cesql, KeepsTheRulingsTheSuiteLeavesOut) {
  const json::Value event = parse_json(
      R"({"specversion":"1.0","id":"1","source":"/s","type":"t","big":4294967296,"five":5,"yes":true,"data":{},"none":null})");
  const Case cases[] = {
      {"FALSE AND TRUE OR TRUE", "true", "none"},
      {"TRUE OR FALSE XOR TRUE", "false", "none"},
      {"-2147483648 / -1", "0", "math"},
      {"-2147483648 % -1", "0", "none"},
      {"-(-2147483648)", "0", "math"},
      {"2147483647 + 1", "0", "math"},
      {"65536 * 65536", "0", "math"},
      {"1 / 0", "0", "math"},
      {"1 / missing", "0", "missingAttribute"},
      {"missing", "false", "missingAttribute"},
      {"data", "false", "missingAttribute"},
      {"none", "false", "missingAttribute"},
      {"EXISTS none", "false", "none"},
      {"EXISTS ID", "true", "none"},
      {"big = '4294967296'", "true", "none"},
      {"five = '5' AND five = 5", "true", "none"},
      {"yes", "true", "none"},
      {"TRUE = 'true' AND FALSE = 'false'", "true", "none"},
      {"TRUE = 'TRUE' OR FALSE = 'FALSE'", "false", "none"},
      {"NOT 10", "false", "none"},
      {"NOT TRUE LIKE 'f%'", "true", "none"},
      {"NOT EXISTS missing AND TRUE", "true", "none"},
      {"INT('+7')", "7", "none"},
      {"INT('+-7')", "0", "cast"},
      {"INT('7 ')", "0", "cast"},
      {"INT('2147483648')", "0", "cast"},
      {"BOOL('True')", "true", "none"},
      {"IS_INT('x') OR IS_BOOL('FALSE')", "true", "none"},
      {"nosuch(1)", "false", "missingFunction"},
      {"CONCAT_WS()", "false", "missingFunction"},
      {"LENGTH('äöü')", "3", "none"},
      {"UPPER('äσж')", "\"ÄΣЖ\"", "none"},
      {"RIGHT('äöü', 2)", "\"öü\"", "none"},
      {"SUBSTRING('abc', 4)", "\"\"", "functionEvaluation"},
      {"SUBSTRING('abc', 1, -1)", "\"\"", "functionEvaluation"},
      {"SUBSTRING('', 0)", "\"\"", "none"},
      {"TRIM('\u00A0\u2003a\u3000')", "\"a\"", "none"},
      {"'ä' LIKE '_'", "true", "none"},
      {"'abcabd' LIKE '%ab_'", "true", "none"},
      {"'' LIKE '%'", "true", "none"},
      {"'it''s' = \"it's\"", "true", "none"},
      {"'it\\'s' = \"it's\"", "true", "none"},
      {"1 IN ('x', 1)", "false", "cast"},
      {"--10", "10", "none"},
      {"2 + 3 * 4 = 14", "true", "none"},
      {"10 - 3 - 2", "5", "none"},
  };
  for (const Case& item : cases) {
    const auto parsed = Cesql::parse(item.expression);
    ASSERT_TRUE(parsed.ok()) << item.expression << parsed.error().message();
    const CesqlOutcome outcome = parsed->evaluate(event);
    EXPECT_EQ(as_json(outcome), item.result) << item.expression;
    EXPECT_EQ(cesql_fault_name(outcome.fault), item.fault) << item.expression;
    EXPECT_EQ(outcome.message.empty(), outcome.fault == CesqlFault::none) << item.expression;
  }
}

TEST(Cesql, RefusesWhatDoesNotParseWithAColumn) {
  for (const char* source : {"", "4-1", "a b", "'abc", "a LIKE b", "a LIKE 5", "a IN ()", "a IN 5",
                             "(a", "a)", "EXISTS 'a'", "2147483648", "a = ", "AND", "a ! b", "a.b",
                             "a_b = 1", "f(1,", "NOT"}) {
    const auto parsed = Cesql::parse(source);
    ASSERT_FALSE(parsed.ok()) << source;
    EXPECT_THAT(parsed.error().message(), ::testing::HasSubstr("column ")) << source;
  }
}

TEST(Cesql, NamesTheWholeCharacterThatIsNotExpected) {
  EXPECT_THAT(Cesql::parse("sevérity = 'x'").error().message(), ::testing::HasSubstr("unexpected character \"é\""));
  EXPECT_THAT(Cesql::parse("a = 日").error().message(), ::testing::HasSubstr("unexpected character \"日\""));
}

TEST(Cesql, DeepExpressionsAreRefusedNotFollowed) {
  EXPECT_FALSE(Cesql::parse(std::string(30000, '(') + "1" + std::string(30000, ')')).ok());
  std::string minus;
  for (int i = 0; i < 5000; ++i) minus += "- ";
  EXPECT_FALSE(Cesql::parse(minus + "1").ok());
  std::string chain = "a";
  for (int i = 0; i < 5000; ++i) chain += " AND a";
  EXPECT_FALSE(Cesql::parse(chain).ok());
}

TEST(Cesql, LongExpressionsAreRefused) {
  const auto of_size = [](size_t bytes) { return "a = '" + std::string(bytes - 6, 'x') + "'"; };
  EXPECT_TRUE(Cesql::parse(of_size(kCesqlBytesMax)).ok());
  const auto longer = Cesql::parse(of_size(kCesqlBytesMax + 1));
  ASSERT_FALSE(longer.ok());
  EXPECT_THAT(longer.error().message(), ::testing::HasSubstr("longer than 65536 bytes"));
}

}  // namespace
}  // namespace hence::filter

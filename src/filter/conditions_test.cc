// SPDX-License-Identifier: Apache-2.0
#include "filter/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

std::vector<Fault> faults_of(std::string_view on) {
  std::vector<Fault> faults;
  const auto conditions = parse_conditions(parse_json(on), &faults);
  EXPECT_EQ(conditions.ok(), faults.empty()) << on;
  return faults;
}

TEST(PatternRefusals, AllFaultsAreTold) {
  const auto faults = faults_of(R"({"pattern": {"a": 1, "b": [{"x": 1}], "c": []}, "typ": "x"})");
  ASSERT_EQ(faults.size(), 4u);
  EXPECT_EQ(faults[3].pointer, "/typ");
}

TEST(PatternRefusals, AnOrThatMultipliesTooFarIsRefused) {
  std::string pattern = "{";
  for (int i = 0; i < 11; ++i) {
    const std::string n = std::to_string(i);
    pattern += (i == 0 ? "" : ",") + ("\"f" + n + "\":{\"$or\":[{\"a\":[1]},{\"b\":[1]}]}");
  }
  const auto faults = faults_of("{\"pattern\":" + pattern + "}}");
  ASSERT_FALSE(faults.empty());
  EXPECT_THAT(faults[0].message, ::testing::HasSubstr("more than 1000 combinations"));
}

TEST(PatternRefusals, DeepNestingIsRefused) {
  std::string pattern = "[1]";
  for (int i = 0; i < 70; ++i) pattern = "{\"a\":" + pattern + "}";
  const auto faults = faults_of("{\"pattern\":" + pattern + "}");
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(faults[0].message, ::testing::HasSubstr("nested more than 64"));
}

TEST(PatternRefusals, LimitsAreNamed) {
  const auto with_values = [](const std::string& value, size_t count) {
    std::string values;
    for (size_t i = 0; i < count; ++i) values += (i == 0 ? "" : ",") + value;
    return "{\"pattern\":{\"a\":[" + values + "]}}";
  };
  const auto refusal = [](const std::string& on) {
    const auto faults = faults_of(on);
    return faults.empty() ? std::string() : faults[0].message;
  };
  EXPECT_EQ(refusal(with_values(R"({"wildcard":"*a*"})", kFieldWildcardsMax)), "");
  EXPECT_THAT(refusal(with_values(R"({"wildcard":"*a*"})", kFieldWildcardsMax + 1)), ::testing::HasSubstr("more than 1000 wildcards"));
  EXPECT_EQ(refusal(with_values("1", kFieldAlternativesMax)), "");
  EXPECT_THAT(refusal(with_values("1", kFieldAlternativesMax + 1)), ::testing::HasSubstr("more than 10000 values"));
  EXPECT_THAT(refusal(with_values("\"" + std::string(1'000, 'x') + "\"", 1'100)), ::testing::HasSubstr("more than 1048576 bytes"));
  EXPECT_THAT(refusal(with_values(R"({"regexp":")" + std::string(4'097, 'x') + "\"}", 1)), ::testing::HasSubstr("4096"));
  EXPECT_THAT(refusal(with_values(R"({"regexp":"((a{100}){100}){100}"})", 1)), ::testing::HasSubstr("regexp"));
  std::string mixed;
  for (size_t i = 0; i <= kMixedAbsenceMax; ++i) mixed += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + R"(":[1,{"exists":false}])";
  EXPECT_THAT(refusal("{\"pattern\":{" + mixed + "}}"), ::testing::HasSubstr("more than 8 fields"));
}

TEST(Conditions, OnMustAskSomethingKnown) {
  EXPECT_EQ(faults_of("{}").at(0).pointer, "");
  EXPECT_EQ(faults_of("[]").at(0).pointer, "");
  EXPECT_EQ(faults_of(R"({"tpye": "x"})").at(0).pointer, "/tpye");
}

TEST(Conditions, TypesAreRefusedWithTheirPlace) {
  EXPECT_EQ(faults_of(R"({"type": 5})").at(0).pointer, "/type");
  EXPECT_EQ(faults_of(R"({"type": ""})").at(0).pointer, "/type");
  EXPECT_EQ(faults_of(R"({"type": []})").at(0).pointer, "/type");
  EXPECT_EQ(faults_of(R"({"type": ["a", 5]})").at(0).pointer, "/type/1");
  EXPECT_EQ(faults_of(R"({"type": "com.*.x"})").at(0).pointer, "/type");
  EXPECT_EQ(faults_of(R"({"type": "com.acme*"})").at(0).pointer, "/type");
}

TEST(Conditions, AWhenThatDoesNotCompileIsRefused) {
  const auto faults = faults_of(R"({"when": "${ .data. }"})");
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].pointer, "/when");
  EXPECT_EQ(faults[0].code, ErrorCode::ExpressionInvalid);
  EXPECT_EQ(faults_of(R"({"when": 5})").at(0).pointer, "/when");
}

TEST(Conditions, AStarStandsForOneOrMoreFurtherSegments) {
  const std::string on = R"({"type": "com.acme.deployment.*"})";
  EXPECT_TRUE(matches(on, R"({"type": "com.acme.deployment.started"})"));
  EXPECT_TRUE(matches(on, R"({"type": "com.acme.deployment.step.started"})"));
  EXPECT_FALSE(matches(on, R"({"type": "com.acme.deployment"})"));
  EXPECT_FALSE(matches(on, R"({"type": "com.acme.deployment."})"));
  EXPECT_FALSE(matches(on, R"({"type": "com.acme.deployments.started"})"));
  EXPECT_TRUE(matches(R"({"type": "*"})", R"({"type": "x"})"));
  EXPECT_TRUE(matches(R"({"type": ["a", "b.*"]})", R"({"type": "b.c"})"));
  EXPECT_FALSE(matches(R"({"type": ["a", "b.*"]})", R"({"type": "b"})"));
}

TEST(Conditions, TypeAndPatternMustBothHold) {
  const std::string on = R"({"type": ["a", "b"], "pattern": {"type": ["b", "c"], "x": [1]}})";
  EXPECT_TRUE(matches(on, R"({"type": "b", "x": 1})"));
  EXPECT_FALSE(matches(on, R"({"type": "a", "x": 1})"));
  EXPECT_FALSE(matches(on, R"({"type": "c", "x": 1})"));
  EXPECT_FALSE(matches(on, R"({"type": "b", "x": 2})"));
}

}  // namespace
}  // namespace hence::filter

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

struct Refusal {
  const char* pattern;
  const char* pointer;  ///< inside the pattern
  const char* says;
};

TEST(PatternRefusals, EachSaysWhereAndWhy) {
  const Refusal refusals[] = {
      {R"([])", "", "an object of fields"},
      {R"("x")", "", "an object of fields"},
      {R"({})", "", "empty object"},
      {R"({"a": {}})", "/a", "empty object"},
      {R"({"a": "x"})", "/a", R"(write ["x"])"},
      {R"({"a": 1})", "/a", "write [1]"},
      {R"({"a": null})", "/a", "must be an array"},
      {R"({"a": true})", "/a", "must be an array"},
      {R"({"a": []})", "/a", "empty array"},
      {R"({"a": [[1]]})", "/a/0", "array inside"},
      {R"({"a": [1, ["b"]]})", "/a/1", "array inside"},
      {R"({"a": [{}]})", "/a/0", "empty match expression"},
      {R"({"a": [{"prefix": "a", "suffix": "b"}]})", "/a/0", "exactly one key"},
      {R"({"a": [{"prefx": "a"}]})", "/a/0/prefx", "unknown match expression"},
      {R"({"a": [{"Prefix": "a"}]})", "/a/0/Prefix", "unknown match expression"},
      {R"({"a": [{"regex": "a"}]})", "/a/0/regex", "unknown match expression"},
      {R"({"a": [{"exactly": 5}]})", "/a/0/exactly", "takes a string"},
      {R"({"a": [{"exactly": ["x"]}]})", "/a/0/exactly", "takes a string"},
      {R"({"a": [{"prefix": 5}]})", "/a/0/prefix", "takes a string"},
      {R"({"a": [{"prefix": null}]})", "/a/0/prefix", "takes a string"},
      {R"({"a": [{"prefix": ["x"]}]})", "/a/0/prefix", "takes a string"},
      {R"({"a": [{"prefix": {"equals-ignore-case": 5}}]})", "/a/0/prefix", "takes a string"},
      {R"({"a": [{"prefix": {"suffix": "a"}}]})", "/a/0/prefix", "equals-ignore-case"},
      {R"({"a": [{"prefix": {}}]})", "/a/0/prefix", "takes a string"},
      {R"({"a": [{"suffix": true}]})", "/a/0/suffix", "takes a string"},
      {R"({"a": [{"suffix": {"equals-ignore-case": ["a"]}}]})", "/a/0/suffix", "takes a string"},
      {R"({"a": [{"equals-ignore-case": 1}]})", "/a/0/equals-ignore-case", "takes a string"},
      {R"({"a": [{"equals-ignore-case": ["a"]}]})", "/a/0/equals-ignore-case", "takes a string"},
      {R"({"a": [{"wildcard": 1}]})", "/a/0/wildcard", "takes a string"},
      {R"({"a": [{"wildcard": "a**b"}]})", "/a/0/wildcard", "two * in a row at character 2"},
      {R"({"a": [{"wildcard": "a\\b"}]})", "/a/0/wildcard", "before * or \\"},
      {R"({"a": [{"wildcard": "a\\"}]})", "/a/0/wildcard", "at character 2"},
      {R"({"a": [{"numeric": 5}]})", "/a/0/numeric", "[operator, number]"},
      {R"({"a": [{"numeric": []}]})", "/a/0/numeric", "[operator, number]"},
      {R"({"a": [{"numeric": ["<"]}]})", "/a/0/numeric", "[operator, number]"},
      {R"({"a": [{"numeric": ["=", 1, "<"]}]})", "/a/0/numeric", "[operator, number]"},
      {R"({"a": [{"numeric": [1, "<"]}]})", "/a/0/numeric", "operator before each number"},
      {R"({"a": [{"numeric": ["<", "1"]}]})", "/a/0/numeric", "number after"},
      {R"({"a": [{"numeric": ["!=", 1]}]})", "/a/0/numeric", "unknown numeric operator"},
      {R"({"a": [{"numeric": ["=", 1, "<", 2]}]})", "/a/0/numeric", "one number"},
      {R"({"a": [{"numeric": ["<", 1, "<", 2]}]})", "/a/0/numeric", "from low to high"},
      {R"({"a": [{"numeric": ["<", 5, ">", 1]}]})", "/a/0/numeric", "from low to high"},
      {R"({"a": [{"numeric": [">", 1, ">", 2]}]})", "/a/0/numeric", "from low to high"},
      {R"({"a": [{"numeric": [">", 1, "=", 2]}]})", "/a/0/numeric", "from low to high"},
      {R"({"a": [{"numeric": [">", 5, "<", 5]}]})", "/a/0/numeric", "less than its high end"},
      {R"({"a": [{"numeric": [">", 6, "<", 5]}]})", "/a/0/numeric", "less than its high end"},
      {R"({"a": [{"numeric": ["<", 1, ">", 2, "=", 3]}]})", "/a/0/numeric", "[operator, number]"},
      {R"({"a": [{"exists": "yes"}]})", "/a/0/exists", "true or false"},
      {R"({"a": [{"exists": 1}]})", "/a/0/exists", "true or false"},
      {R"({"a": [{"cidr": 1}]})", "/a/0/cidr", "takes a string"},
      {R"({"a": [{"cidr": "10.0.0.0"}]})", "/a/0/cidr", "exactly one /"},
      {R"({"a": [{"cidr": "10.0.0.0/8/9"}]})", "/a/0/cidr", "exactly one /"},
      {R"({"a": [{"cidr": "10.0.0/8"}]})", "/a/0/cidr", "IPv4 or IPv6"},
      {R"({"a": [{"cidr": "host/8"}]})", "/a/0/cidr", "IPv4 or IPv6"},
      {R"({"a": [{"cidr": "10.0.0.0/x"}]})", "/a/0/cidr", "number of bits"},
      {R"({"a": [{"cidr": "10.0.0.0/-1"}]})", "/a/0/cidr", "number of bits"},
      {R"({"a": [{"cidr": "10.0.0.0/"}]})", "/a/0/cidr", "number of bits"},
      {R"({"a": [{"cidr": "10.0.0.0/33"}]})", "/a/0/cidr", "more bits"},
      {R"({"a": [{"cidr": "2001:db8::/129"}]})", "/a/0/cidr", "more bits"},
      {R"({"a": [{"anything-but": []}]})", "/a/0/anything-but", "at least one value"},
      {R"({"a": [{"anything-but": null}]})", "/a/0/anything-but", "not null"},
      {R"({"a": [{"anything-but": true}]})", "/a/0/anything-but", "not boolean"},
      {R"({"a": [{"anything-but": ["a", 1]}]})", "/a/0/anything-but", "not both"},
      {R"({"a": [{"anything-but": ["a", null]}]})", "/a/0/anything-but", "not null"},
      {R"({"a": [{"anything-but": ["a", ["b"]]}]})", "/a/0/anything-but", "not array"},
      {R"({"a": [{"anything-but": {}}]})", "/a/0/anything-but", "one inner expression"},
      {R"({"a": [{"anything-but": {"numeric": ["<", 1]}}]})", "/a/0/anything-but", "anything-but knows"},
      {R"({"a": [{"anything-but": {"prefix": ""}}]})", "/a/0/anything-but", "no empty string"},
      {R"({"a": [{"anything-but": {"suffix": ["a", ""]}}]})", "/a/0/anything-but", "no empty string"},
      {R"({"a": [{"anything-but": {"prefix": []}}]})", "/a/0/anything-but", "at least one value"},
      {R"({"a": [{"anything-but": {"prefix": 1}}]})", "/a/0/anything-but", "a list of strings"},
      {R"({"a": [{"anything-but": {"equals-ignore-case": [1]}}]})", "/a/0/anything-but", "strings"},
      {R"({"a": [{"anything-but": {"wildcard": "a**"}}]})", "/a/0/anything-but", "two *"},
      {R"({"a": [{"anything-but": {"prefix": "a", "suffix": "b"}}]})", "/a/0/anything-but", "one inner"},
      {R"({"$or": [{"a": [1]}]})", "/$or", "at least two objects"},
      {R"({"$or": []})", "/$or", "empty array"},
      {R"({"$or": {"a": 1}})", "/$or/a", "must be an array"},
      {R"({"$or": [{"a": [1]}, {}]})", "/$or/1", "empty object"},
      {R"({"$or": [{"a": [1]}, {"b": 1}]})", "/$or/1/b", "must be an array"},
      {R"({"$or": [{"a": [1]}, {"b": {"prefix": ["x"]}}]})", "/$or/1/b/prefix", "reserved"},
      {R"({"a": {"b/c": 1}})", "/a/b~1c", "must be an array"},
  };
  for (const Refusal& refusal : refusals) {
    const auto faults = faults_of(std::string("{\"pattern\":") + refusal.pattern + "}");
    ASSERT_FALSE(faults.empty()) << refusal.pattern;
    EXPECT_EQ(faults[0].pointer, std::string("/pattern") + refusal.pointer) << refusal.pattern;
    EXPECT_THAT(faults[0].message, ::testing::HasSubstr(refusal.says)) << refusal.pattern;
    EXPECT_EQ(faults[0].code, ErrorCode::PatternInvalid);
  }
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

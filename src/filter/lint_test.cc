// SPDX-License-Identifier: Apache-2.0
#include "filter/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

/// "never", "contained in 0" …, each with its rule's number before; rules are `on`s.
std::vector<std::string> findings(const std::vector<std::string>& ons) {
  std::vector<RuleInput> inputs;
  for (const std::string& on : ons) {
    auto conditions = parse_conditions(parse_json(on));
    EXPECT_TRUE(conditions.ok()) << on;
    inputs.push_back({static_cast<uint32_t>(inputs.size()), std::move(conditions).value()});
  }
  std::vector<std::string> out;
  for (const Finding& finding : lint(inputs)) {
    std::string text = std::to_string(finding.rule) + " " + std::string(finding_name(finding.kind));
    const bool pair = finding.kind == Finding::Kind::equal || finding.kind == Finding::Kind::contained;
    out.push_back(pair ? text + " " + std::to_string(finding.other) : text);
  }
  return out;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Lint, TellsRulesThatNeverMatch) {
  for (const char* on : {
           R"({"type": "a.b", "pattern": {"type": ["c"]}})",
           R"({"type": "a.*", "pattern": {"type": [{"prefix": "b."}, "c"]}})",
           R"({"type": "a", "filters": [{"exact": {"type": "b"}}]})",
           R"j({"filters": [{"sql": "type = 'a' AND type IN ('b', 'c')"}]})j",
           R"({"type": "a", "when": ".data.n > 5 and .data.n < 3"})",
           R"({"type": "a", "when": ".data.n >= 5 and .data.n < 5"})",
           R"({"type": "a", "when": ".data.n == \"x\" and .data.n == \"y\""})",
           R"({"type": "a", "when": "1 > 2"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"numeric": [">", 5]}]}}, "when": ".data.n < 3"})",
           R"({"type": "a", "pattern": {"data": {"n": ["x", {"prefix": "y"}]}}, "when": ".data.n == \"z\""})",
           R"({"type": "a", "filters": [{"sql": "n = 'x'"}], "when": ".n == \"y\""})",
           R"({"type": "a", "pattern": {"data": {"n": [7]}}, "when": ".data.n == 8 and .data.m > 1"})",
           R"({"type": "com.*", "when": ".type == \"org.x\""})",
           R"j({"filters": [{"sql": "hop > 5 AND hop < 3"}]})j",
           R"j({"filters": [{"sql": "x = 'y' AND hop = 5 AND hop <> 7 AND hop > 5"}]})j",
           R"({"filters": [{"sql": "FALSE"}]})",
           R"({"filters": [{"sql": "1"}]})",
           R"({"filters": [{"sql": "1 / 0 = 1"}]})",
           R"({"filters": [{"not": {"any": [{"sql": "TRUE"}, {"exact": {"id": "1"}}]}}]})",
           R"({"filters": [{"prefix": {"type": "a"}}, {"prefix": {"type": "b"}}]})",
           R"({"filters": [{"exact": {"type": "a"}}, {"not": {"exact": {"type": "a"}}}]})",
           R"({"pattern": {"data": {"x": [{"exists": false}]}}, "when": ".data.x == 5"})",
           R"({"pattern": {"data": {"x": ["a"]}}, "when": ".data.x == true"})",
           R"({"pattern": {"source": [{"exists": false}]}})",
           R"({"type": "a", "pattern": {"$or": [{"type": ["b"]}, {"type": [{"suffix": "c"}]}]}})"}) {
    EXPECT_THAT(findings({on}), ElementsAre("0 never")) << on;
  }
}

TEST(Lint, ComparesNoPairsOfTooManyRules) {
  std::vector<std::string> rules(kComparedRulesMax, R"({"type": "a"})");
  EXPECT_FALSE(findings(rules).empty()) << "equal to another";
  rules.push_back(R"({"type": "a"})");
  EXPECT_THAT(findings(rules), IsEmpty());
}

TEST(Lint, TellsTypesThatTheCatalogueDoesNotHave) {
  const auto kinds = [](const std::string& on) {
    std::vector<RuleInput> inputs;
    inputs.push_back({0, std::move(parse_conditions(parse_json(on))).value()});
    std::string out;
    for (const Finding& finding : lint(inputs, {"com.acme.paid", "com.acme.sent", "com.beta.*"})) out += finding_name(finding.kind);
    return out;
  };
  EXPECT_EQ(kinds(R"({"type": "com.acme.payed"})"), "unknown type");
  EXPECT_EQ(kinds(R"({"type": "org.*"})"), "unknown type");
  EXPECT_EQ(kinds(R"({"pattern": {"type": [{"prefix": "com.acme.g"}]}})"), "unknown type");
  EXPECT_EQ(kinds(R"({"pattern": {"type": [{"suffix": ".gone"}]}})"), "") << "com.beta.x.gone may come";
  EXPECT_EQ(kinds(R"({"type": ["com.acme.payed", "com.acme.sent"]})"), "");
  EXPECT_EQ(kinds(R"({"type": "com.acme.*"})"), "");
  EXPECT_EQ(kinds(R"({"pattern": {"data": {"n": [1]}}})"), "");
  EXPECT_EQ(kinds(R"({"when": ".type == \"com.acme.payed\""})"), "unknown type");
  EXPECT_EQ(kinds(R"({"when": ".type == \"com.acme.paid\""})"), "");
  EXPECT_EQ(kinds(R"({"filters": [{"prefix": {"type": "com.acme.g"}}]})"), "unknown type");
  EXPECT_EQ(kinds(R"({"type": "com.acme.paid.twice"})"), "unknown type");
  EXPECT_EQ(kinds(R"({"type": "com.beta.x"})"), "") << "declared by a pattern";
  EXPECT_EQ(findings({R"({"type": "com.acme.payed"})"}), std::vector<std::string>()) << "no catalogue, nothing to tell";
}

TEST(Lint, IsSilentWhereARuleMayMatch) {
  for (const char* on : {
           R"({"type": "a.b", "pattern": {"type": [{"prefix": "a."}]}})",
           R"({"type": "a.*", "pattern": {"type": [{"prefix": "a.b"}]}})",
           R"({"type": "a", "when": ".data.n >= 5 and .data.n <= 5"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"numeric": [">", 5]}]}}, "when": ".data.n > 3"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"numeric": ["<", 5]}]}}, "when": ".data.n > 8"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"numeric": [">", 5]}, null]}}, "when": ".data.n < 3"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"exists": false}]}}, "when": ".data.n < 3"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"numeric": [">=", 3]}]}}, "when": ".data.n <= 3"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"exists": false}, 5]}}, "when": ".data.n == 5"})",
           R"({"type": "a", "pattern": {"data": {"n": [{"exists": false}]}}, "when": ".data.n == null"})",
           R"({"type": "a", "pattern": {"subject": [{"exists": false}]}})",
           R"({"type": "a", "filters": [{"sql": "hop > 2 AND hop < 4"}]})",
           R"({"type": "a", "filters": [{"sql": "hop > 5 OR hop < 3"}]})",
           R"({"type": "a", "filters": [{"sql": "hop > 5 AND hops < 3"}]})",
           R"({"type": "a", "filters": [{"prefix": {"hop": "1"}}, {"prefix": {"hop": "12"}}]})",
           R"({"type": "a", "filters": [{"exact": {"id": "1"}}, {"not": {"exact": {"id": "2"}}}]})",
           R"({"type": "a", "filters": [{"any": [{"exact": {"type": "a"}}, {"exact": {"type": "b"}}]}]})",
           R"({"type": ["a", "b"], "pattern": {"$or": [{"type": ["c"]}, {"type": ["b"]}]}})"}) {
    EXPECT_THAT(findings({on}), IsEmpty()) << on;
  }
}

TEST(Lint, TellsRulesThatMatchEverything) {
  for (const char* on : {R"({"type": "*"})", R"({"filters": []})", R"({"when": "true"})",
                         R"({"pattern": {"type": [{"exists": true}]}})",
                         R"({"filters": [{"sql": "TRUE"}]})",
                         R"({"filters": [{"not": {"sql": "FALSE"}}]})",
                         R"({"pattern": {"data": {"x": [{"exists": true}, {"exists": false}]}}})",
                         R"({"pattern": {"x": [{"exists": true}, {"exists": false}], "y": [{"exists": false}, {"exists": true}]}})",
                         R"({"pattern": {"source": [{"wildcard": "*"}]}})"}) {
    EXPECT_THAT(findings({on}), ElementsAre("0 everything")) << on;
  }
}

TEST(Lint, TellsRulesEqualToOrContainedInOthers) {
  const std::string a = R"({"type": "a.*"})";
  EXPECT_THAT(findings({a, R"({"type": "a.b"})"}), ElementsAre("1 contained 0"));
  EXPECT_THAT(findings({R"({"pattern": {"type": ["x", "y"]}})", R"({"type": ["y", "x"]})"}),
              ElementsAre("1 equal 0"));
  EXPECT_THAT(findings({R"({"type": "x", "pattern": {"data": {"n": [{"numeric": [">", 5, "<", 8]}]}}})",
                        R"({"pattern": {"data": {"n": [{"numeric": [">=", 5]}]}}})"}),
              ElementsAre("0 contained 1"));
  EXPECT_THAT(findings({R"({"type": "x", "when": ".data.n > 1"})", R"({"type": "x"})"}),
              ElementsAre("0 contained 1"));
  EXPECT_THAT(findings({R"({"type": "x", "when": ".data.n > 1"})", R"({"type": "x", "when": ".data.n > 2"})"}),
              IsEmpty());
  EXPECT_THAT(findings({a, R"({"type": "b.*"})"}), IsEmpty());
  EXPECT_THAT(findings({R"({"type": "t.u"})", R"({"when": ".type == \"t.u\""})"}), ElementsAre("1 contained 0"));
  EXPECT_THAT(findings({R"({"type": "t.u"})", R"({"when": ".type == \"t.v\""})"}), IsEmpty());
  EXPECT_THAT(findings({R"({"when": ".type == \"t.u\""})", R"({"type": "t.u", "filters": [{"exact": {"id": "1"}}]})"}), IsEmpty());
}

TEST(Lint, DoesNotCallARuleContainedOnAbsenceWithOtherFields) {
  EXPECT_THAT(findings({R"({"pattern": {"l": {"x": ["a"], "y": [{"exists": false}]}}})",
                        R"({"pattern": {"l": {"y": [{"exists": false}]}}})"}),
              ElementsAre("1 slow"));
}

TEST(Lint, TellsSlowRules) {
  for (const char* on : {R"({"when": ".data.n < 3"})", R"({"pattern": {"a": [{"wildcard": "*x*"}]}})",
                         R"({"pattern": {"a": [{"regexp": ".*x"}]}})",
                         R"({"pattern": {"a": [{"anything-but": "x"}]}})",
                         R"j({"filters": [{"sql": "NOT EXISTS x"}]})j"}) {
    EXPECT_THAT(findings({on}), ElementsAre("0 slow")) << on;
  }
}

}  // namespace
}  // namespace hence::filter

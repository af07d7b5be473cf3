// SPDX-License-Identifier: Apache-2.0

// Filters and whens are found by index and decided by evaluation: the set must answer as the
// evaluation alone does, errors included, whatever fields the event has.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "filter/filter_test_data.h"
#include "filter/regular_expression.h"

namespace hence::filter {
namespace {

const std::vector<std::string> kValues = {
    "null", "true", "false", "0", "5", "5.0", "6", "5.00000000000000000001", "-1", "\"5\"", "\"x\"",
    "\"xy\"", "\"\"", "[]", "[5]", "[\"x\"]", "[{\"b\":\"x\"}]", "{}", "{\"b\":5}", "{\"b\":\"x\"}",
    "{\"b\":[6]}", "{\"b\":null}", "{\"b\":{\"c\":5}}", "1e400"};

std::vector<json::Value> small_events() {
  std::vector<json::Value> out = {parse_json("{}")};
  for (const auto& a : kValues) {
    out.push_back(parse_json("{\"a\":" + a + "}"));
    for (const auto& t : kValues) out.push_back(parse_json("{\"t\":" + t + ",\"a\":" + a + "}"));
  }
  return out;
}

TEST(WhenIndex, AnswersAndErrorsAreThoseOfTheProgram) {
  std::vector<std::string> programs = {
      ".a == \"x\" and .t == 5", ".a.b == \"x\" and .t > 4", ".t == \"x\" and .a.b == 5",
      ".a.b == \"x\" and .a.c == 5", ".a.b.c == 5 and .a.b > 4", ".a.b >= 5 and .t.b == \"x\"",
      "5 < .a", "\"x\" == .a.b", ".a == 1e400", ".a > 1e308"};
  for (const char* path : {".a", ".a.b", ".a.b.c", ".t"}) {
    for (const char* op : {"==", "!=", "<", "<=", ">", ">="}) {
      for (const char* constant : {"5", "\"x\"", "true", "false", "null", "-1"}) {
        programs.push_back(std::string(path) + " " + op + " " + constant);
      }
    }
  }
  std::vector<RuleInput> inputs;
  std::vector<expr::Program> alone;
  for (const std::string& program : programs) {
    auto conditions = parse_conditions(parse_json("{\"when\":" + json::Value::string(program)->to_text() + "}"));
    ASSERT_TRUE(conditions.ok()) << program;
    inputs.push_back({static_cast<uint32_t>(inputs.size()), std::move(conditions).value()});
    alone.push_back(std::move(expr::Program::compile(program)).value());
  }
  const RuleSet rules = std::move(RuleSet::build(std::move(inputs))).value();
  MatchScratch scratch;
  std::vector<uint32_t> ids;
  std::vector<MatchError> errors;
  for (const json::Value& event : small_events()) {
    rules.match(event, {}, scratch, ids, errors);
    for (uint32_t i = 0; i < programs.size(); ++i) {
      expr::Budget budget = expr::kWhenBudget;
      const auto expected = alone[i].evaluate_condition(event, {}, {}, budget);
      const bool found = std::binary_search(ids.begin(), ids.end(), i);
      const auto failed = std::find_if(errors.begin(), errors.end(),
                                       [&](const MatchError& error) { return error.rule == i; });
      ASSERT_EQ(failed != errors.end(), !expected.ok()) << programs[i] << event->to_text();
      ASSERT_EQ(found, expected.ok() && *expected) << programs[i] << event->to_text();
      const auto why = rules.why(i, event, {});
      ASSERT_EQ(why->verdict == Verdict::holds, found) << programs[i] << event->to_text();
      ASSERT_EQ(why->verdict == Verdict::error, !expected.ok()) << programs[i];
    }
  }
}

TEST(WhenIndex, ARuleWhoseComparisonCannotHoldIsNotEvaluated) {
  const auto conditions = parse_conditions(parse_json(R"({"when": ".type == \"a\" and .data.n >= 3"})"));
  ASSERT_EQ(conditions->any_of.size(), 1u);
  EXPECT_EQ(conditions->any_of[0].size(), 2u);
  EXPECT_TRUE(parse_conditions(parse_json(R"({"when": ".data.n < 3"})"))->any_of[0].empty());
}

TEST(FilterIndex, AnswersAreThoseOfTheFilters) {
  const std::vector<std::string> filters = {
      R"([{"exact":{"t":"5"}}])", R"([{"prefix":{"t":"5"}}])", R"([{"suffix":{"t":"y"}}])",
      R"([{"prefix":{"t":"tr"}}])", R"([{"any":[{"exact":{"t":"x"}},{"exact":{"t":"5"}}]}])",
      R"([{"any":[{"exact":{"t":"x","a":"5"}},{"exact":{"t":"5"}}]}])",
      R"j([{"any":[{"exact":{"t":"x"}},{"prefix":{"t":"x"}},{"sql":"t = 'true'"}]}])j",
      R"([{"any":[{"exact":{"t":"x"}},{"not":{"exact":{"t":"5"}}}]}])",
      R"([{"all":[{"exact":{"t":"x"}},{"any":[{"exact":{"a":"5"}},{"exact":{"a":"x"}}]}]}])",
      R"j([{"sql":"t IN ('x', '05', 'TRUE')"}])j", R"j([{"sql":"t IN ('x', 5)"}])j",
      R"j([{"sql":"t NOT IN ('x', '5')"}])j", R"j([{"sql":"t = 'x' OR t = '5'"}])j",
      R"j([{"sql":"t = 'x' OR a = '5'"}])j", R"j([{"sql":"t = 'x' AND a = '5' OR t = '5'"}])j",
      R"j([{"sql":"t LIKE 'x%'"}])j", R"j([{"sql":"t LIKE '5%'"}])j", R"j([{"sql":"t NOT LIKE 'x%'"}])j",
      R"j([{"sql":"NOT (t = 'x')"}])j", R"j([{"sql":"t = 5"}])j", R"j([{"sql":"t = '+5' OR t IN ('+5')"}])j",
      R"j([{"sql":"t = 1"}])j", R"j([{"sql":"t = 0"}])j", R"j([{"sql":"t = -1"}])j", R"j([{"sql":"t <> 5"}])j", R"j([{"sql":"t < 1"}])j",
      R"j([{"sql":"t <= 0"}])j", R"j([{"sql":"t > 0"}])j", R"j([{"sql":"t >= 5"}])j", R"j([{"sql":"t > 5"}])j", R"j([{"sql":"5 < t"}])j",
      R"j([{"sql":"t < -2147483648"}])j", R"j([{"sql":"t >= -2147483648"}])j", R"j([{"sql":"t > 4 AND t < 6"}])j",
      R"j([{"sql":"t = 5 OR t = 6"}])j", R"j([{"sql":"t = 5 OR EXISTS a"}])j", R"j([{"sql":"EXISTS t"}])j", R"j([{"sql":"EXISTS id"}])j",
      R"j([{"sql":"EXISTS data"}])j", R"j([{"sql":"NOT EXISTS t"}])j", R"j([{"sql":"EXISTS t AND NOT EXISTS a"}])j",
      R"j([{"sql":"t LIKE '%y'"}])j", R"j([{"sql":"t LIKE '%5'"}])j", R"j([{"sql":"t LIKE '%e'"}])j", R"j([{"sql":"t LIKE '_y'"}])j",
      R"j([{"sql":"t LIKE '%'"}])j", R"j([{"sql":"t LIKE ''"}])j", R"j([{"sql":"t LIKE '%0'"}])j", R"j([{"sql":"t NOT LIKE '%y'"}])j",
      R"j([{"sql":"NOT t"}])j", R"j([{"sql":"t XOR a"}])j", R"j([{"sql":"-t = -5"}])j", R"j([{"sql":"t + 1 = 6"}])j",
      R"j([{"sql":"UPPER(t) = 'X'"}])j", R"j([{"sql":"t IN (5, 6)"}])j", R"j([{"sql":"t"}])j"};
  std::vector<std::string> ons;
  std::vector<DialectFilters> alone;
  for (const std::string& text : filters) {
    ons.push_back("{\"filters\":" + text + "}");
    std::vector<Fault> faults;
    alone.push_back(*DialectFilters::parse(parse_json(text), "", faults));
  }
  const RuleSet rules = build_rules(ons);
  for (const json::Value& event : small_events()) {
    const auto ids = matching(rules, event);
    for (uint32_t i = 0; i < filters.size(); ++i) {
      ASSERT_EQ(std::binary_search(ids.begin(), ids.end(), i), alone[i].passes(event))
          << filters[i] << event->to_text();
      ASSERT_EQ(rules.why(i, event, {})->verdict == Verdict::holds, alone[i].passes(event)) << filters[i] << event->to_text();
    }
  }
}

TEST(FilterIndex, AlternativesOfOneAttributeAreIndexed) {
  for (const char* on : {R"({"filters": [{"any": [{"exact": {"type": "a"}}, {"exact": {"type": "b"}}]}]})",
                         R"j({"filters": [{"sql": "type IN ('a', 'b')"}]})j",
                         R"j({"filters": [{"sql": "type = 'a' OR type = 'b'"}]})j"}) {
    const auto conditions = parse_conditions(parse_json(on));
    ASSERT_EQ(conditions->any_of[0].size(), 1u) << on;
    EXPECT_EQ(conditions->any_of[0][0].path, std::vector<std::string>{"type"});
  }
}

TEST(FilterIndex, WhatCesqlAsksOfAnAttributeIsIndexed) {
  const struct {
    const char* sql;
    TestKind kind;
  } cases[] = {{"subject LIKE '%eu'", TestKind::suffix}, {"subject LIKE 'eu%'", TestKind::prefix},
               {"subject LIKE '%e%'", TestKind::present}, {"hop = 5", TestKind::number},
               {"hop < 5", TestKind::range},             {"hop >= 5", TestKind::range},
               {"hop <> 5", TestKind::present},          {"EXISTS hop", TestKind::present}};
  for (const auto& item : cases) {
    const auto conditions = parse_conditions(parse_json(std::string(R"({"filters": [{"sql": ")") + item.sql + "\"}]}"));
    ASSERT_EQ(conditions->any_of[0].size(), 1u) << item.sql;
    EXPECT_EQ(conditions->any_of[0][0].any_of[0].kind, item.kind) << item.sql;
  }
  EXPECT_TRUE(parse_conditions(parse_json(R"({"filters": [{"sql": "EXISTS id"}]})"))->any_of[0].empty()) << "true without it";
}

TEST(FilterIndex, TextsThatAreNearlyNumbersAreTexts) {
  const std::string on = R"({"filters": [{"exact": {"t": " 5"}}]})";
  EXPECT_TRUE(matches(on, R"({"t": " 5"})"));
  EXPECT_FALSE(matches(on, R"({"t": 5})"));
}

TEST(WhyOfOddEvents, AnEventThatIsNoObjectIsExplained) {
  const RuleSet rules = build_rules({R"({"pattern": {"a": {"b": [1]}}})"});
  for (const char* event : {"5", "null", "\"x\"", "[]", "[{\"a\":1}]"}) {
    EXPECT_EQ(rules.why(0, parse_json(event), {})->verdict, Verdict::fails) << event;
  }
}

TEST(Extensions, ShellstyleHasNoEscapes) {
  EXPECT_TRUE(matches(R"({"pattern": {"a": [{"shellstyle": "x*\\z"}]}})", R"({"a": "xy\\z"})"));
  EXPECT_TRUE(matches(R"({"pattern": {"a": [{"shellstyle": "*"}]}})", R"({"a": ""})"));
  EXPECT_FALSE(matches(R"({"pattern": {"a": [{"shellstyle": "x*"}]}})", R"({"a": "ax"})"));
}

TEST(Extensions, RegexpMatchesTheWholeText) {
  const std::string on = R"({"pattern": {"a": [{"regexp": "svc-[0-9]+|db"}]}})";
  EXPECT_TRUE(matches(on, R"({"a": "svc-12"})"));
  EXPECT_TRUE(matches(on, R"({"a": ["x", "db"]})"));
  EXPECT_FALSE(matches(on, R"({"a": "svc-12x"})"));
  EXPECT_FALSE(matches(on, R"({"a": "xdb"})"));
  EXPECT_FALSE(matches(on, R"({"a": 12})"));
  EXPECT_FALSE(matches(on, R"({"a": "db\n"})"));
}

TEST(Extensions, RegexpsThatCostTooMuchOrDoNotParseAreRefused) {
  for (const char* bad : {"(", "a)(b", "(?=x)", "\\\\1", "((a{100}){100})", "[z-a]"}) {
    std::vector<Fault> faults;
    const auto on = parse_json(std::string(R"({"pattern": {"a": [{"regexp": ")") + bad + "\"}]}}");
    EXPECT_FALSE(parse_conditions(on, &faults).ok()) << bad;
    ASSERT_EQ(faults.size(), 1u) << bad;
    EXPECT_EQ(faults[0].pointer, "/pattern/a/0/regexp");
  }
}

TEST(Extensions, LongRegexpsAreRefused) {
  const auto of_size = [](size_t bytes) {
    return parse_conditions(parse_json(R"({"pattern": {"a": [{"regexp": ")" + std::string(bytes, 'x') + "\"}]}}"));
  };
  EXPECT_TRUE(of_size(kRegexBytesMax).ok());
  const auto longer = of_size(kRegexBytesMax + 1);
  ASSERT_FALSE(longer.ok());
  EXPECT_THAT(longer.error().message(), ::testing::HasSubstr("longer than 4096 bytes"));
}

}  // namespace
}  // namespace hence::filter

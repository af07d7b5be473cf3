// SPDX-License-Identifier: Apache-2.0
// `hence filter test`, `hence rule lint` and `hence bench match` as users type them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_cli.h"

namespace hence::cli {
namespace {

using testing::HasSubstr;

class FilterCommands : public testing::Test, public TestCli {
 protected:
  TestFolder folder;
};

TEST_F(FilterCommands, ABareFilterAnswersByItsExitCode) {
  input = R"({"a": "x", "n": 5})";
  EXPECT_EQ(run({"filter", "test", "--pattern", R"({"a": ["x"]})"}).code, kExitOk);
  EXPECT_EQ(run({"filter", "test", "--pattern", R"({"a": ["y"]})"}).code, kExitNo);
  EXPECT_EQ(run({"filter", "test", "--cesql", "n = 5 AND a = 'x'"}).code, kExitOk);
  EXPECT_EQ(run({"filter", "test", "--when", ".n > 5"}).code, kExitNo);
  EXPECT_EQ(run({"filter", "test", "--filters", R"([{"exact": {"a": "x"}}])"}).code, kExitOk);
  EXPECT_EQ(run({"filter", "test", "--pattern", R"({"a": "y"})"}).code, kExitWrongUse);
  EXPECT_EQ(run({"filter", "test"}).code, kExitWrongUse);
}

TEST_F(FilterCommands, ACesqlExpressionIsShownWithWhatItRead) {
  input = R"({"severity": "Critical", "dup": 1})";
  const Ran ran = run({"filter", "test", "--cesql", "severity = 'Critical' AND EXISTS foo"});
  EXPECT_EQ(ran.code, kExitNo);
  EXPECT_THAT(ran.out, HasSubstr("✗ filter {\"cesql\":\"severity = 'Critical' AND EXISTS foo\"}"));
  EXPECT_THAT(ran.out, HasSubstr("found:  severity = \"Critical\", foo is missing; EXISTS foo is false\n"));
  const Ran both = run({"filter", "test", "--cesql", "dup = 2", "--when", ".dup == 1"});
  EXPECT_THAT(both.out, HasSubstr("✗ filter {\"cesql\":\"dup = 2\"}   <- decides\n"));
  EXPECT_THAT(both.out, HasSubstr("found:  dup = 1; false\n"));
  EXPECT_THAT(run({"filter", "test", "--cesql", "dup = 2", "-o", "json"}).out, HasSubstr("\"why\""));
}

TEST_F(FilterCommands, ARefusedPatternIsSaidWithItsPlaceInTheText) {
  input = "{}";
  EXPECT_THAT(run({"filter", "test", "--pattern", R"({"b": [1],
 "a": [{"prefix": 5}]})"}).err, HasSubstr("(at /pattern/a/0/prefix, line 2, column "));
  EXPECT_THAT(run({"filter", "test", "--filters", R"([{"exact": {"type": 5}}])"}).err,
              HasSubstr("(at /filters/0/exact/type, line 1, column 21)"));
  input = R"({"pattern": {"a": [{"prefix": 5}]}, "event": {}})";
  EXPECT_THAT(run({"filter", "test", "--jsonl"}).out, HasSubstr("(at /pattern/a/0/prefix, line 1, column "));
}

TEST_F(FilterCommands, SeveralEventsAreToldApart) {
  input = "{\"id\": \"e1\", \"a\": \"x\"}\n{\"a\": \"y\"}\n";
  const Ran ran = run({"filter", "test", "--pattern", R"({"a": ["x"]})"});
  EXPECT_THAT(ran.out, HasSubstr("✓ event 1 (id e1) matches\n"));
  EXPECT_THAT(ran.out, HasSubstr("✗ event 2 does not match\n"));
}

TEST_F(FilterCommands, LinesAreAnsweredOneByOne) {
  input = "{\"cesql\": \"1/0 = 1\", \"event\": {}}\n\nnothing\n{\"pattern\": {\"a\": [1]}, \"event\": {\"a\": 1.0}}\n";
  const Ran ran = run({"filter", "test", "--jsonl"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr(R"({"match":false,"error":"math")"));
  EXPECT_THAT(ran.out, HasSubstr(R"("error":"json-invalid")"));
  EXPECT_THAT(ran.out, HasSubstr(R"({"match":true,"error":null})"));
}

TEST_F(FilterCommands, LinesSayWhichErrorAWhenEndsIn) {
  input = R"({"when": "[range(1e9)] | length > 1", "event": {}})" "\n" R"({"when": ".a + 1 > 1", "event": {"a": "x"}})" "\n";
  const Ran ran = run({"filter", "test", "--jsonl"});
  EXPECT_THAT(ran.out, HasSubstr(R"({"match":false,"error":"budget-exceeded","message":"the expression used up its budget of )"));
  EXPECT_THAT(ran.out, HasSubstr(R"({"match":false,"error":"expression-failed","message":"string (\"x\") and number (1) cannot be added)"));
}

TEST_F(FilterCommands, LinesWithoutAFilterAndFlagsThatWouldBeIgnoredAreRefused) {
  input = R"({"id": 7, "pattern": {"a": [1]}, "when": ".b", "event": {"a": 1, "b": true}})" "\n"
          R"({"cesql": 1, "event": {}})" "\n" R"({"patern": {"a": [1]}, "event": {}})" "\n";
  const Ran ran = run({"filter", "test", "--jsonl"});
  EXPECT_EQ(ran.code, kExitOk);
  const std::string refused = R"({"match":false,"error":"request-invalid","message":")";
  EXPECT_THAT(ran.out, testing::StartsWith(R"({"match":true,"error":null})"));  // all filters of a line; others are notes
  EXPECT_THAT(ran.out, HasSubstr(refused + R"(cesql must be a text"})"));
  EXPECT_THAT(ran.out, HasSubstr(refused + R"(the line has none of pattern, cesql, filters and when"})"));
  const Ran flag = run({"filter", "test", "--jsonl", "--pattern", "{}"});
  EXPECT_EQ(flag.code, kExitWrongUse);
  EXPECT_THAT(flag.err, HasSubstr("with --jsonl each line has its own filter; leave out --pattern"));
  for (const char* name : {"--pattern", "--cesql", "--filters", "--when"}) {
    const Ran empty = run({"filter", "test", name, ""});
    EXPECT_EQ(empty.code, kExitWrongUse) << name;
    EXPECT_THAT(empty.err, HasSubstr(std::string(name) + " is empty")) << name;
  }
}

TEST_F(FilterCommands, AFaultOfCesqlIsNamedOnce) {
  input = R"({"a": "x"})";
  const Ran ran = run({"filter", "test", "--cesql", "1 / 0 = 1", "-o", "table"});
  EXPECT_EQ(ran.code, kExitNo);
  EXPECT_THAT(ran.out, HasSubstr("  math: division by zero\n"));
}

TEST_F(FilterCommands, LintNamesTheRules) {
  const auto rule = [](const std::string& name, const std::string& on) {
    return "---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: " + name + "}\nspec: {on: " + on +
           ", do: [{emit: {type: x.y}}]}\n";
  };
  const std::string file = folder.write("rules.yaml", rule("wide", "{type: com.a.*}") + rule("narrow", "{type: com.a.b}"));
  const Ran ran = run({"rule", "lint", file});
  EXPECT_EQ(ran.code, kExitNo);
  EXPECT_THAT(ran.out, HasSubstr("narrow: contained: matches only events that are matched too by wide"));
}

TEST_F(FilterCommands, LintKnowsTheEventTypesOfTheFiles) {
  const std::string file = folder.write("rules.yaml",
      "apiVersion: hence/v1\nkind: EventType\nmetadata: {name: paid}\nspec: {type: com.acme.paid, schema: {type: object}}\n"
      "---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: typo}\nspec: {on: {type: com.acme.payed}, do: [{emit: {type: x.y}}]}\n");
  const Ran ran = run({"rule", "lint", file});
  EXPECT_EQ(ran.code, kExitNo) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("typo: unknown type: asks for types that no EventType here declares"));
}

TEST_F(FilterCommands, TheBenchCountsMatches) {
  const std::string rules = folder.write("rules.jsonl", "{\"id\":\"a\",\"pattern\":{\"a\":[1]}}\n{\"id\":\"b\",\"pattern\":{\"a\":1}}\n");
  const std::string events = folder.write("events.jsonl", "{\"a\":1}\n{\"a\":2}\n");
  const Ran ran = run({"bench", "match", "--rules", rules, "--events", events, "-o", "jsonl"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(R"("rules":1,"refused":1)"));
  EXPECT_THAT(ran.out, HasSubstr(R"("matches":1)"));
}

TEST_F(FilterCommands, TheBenchOfOneEventGivesAFigureOrSaysWhyNot) {
  const std::string rules = folder.write("rules.jsonl", "{\"id\":\"a\",\"pattern\":{\"a\":[1]}}\n");
  const std::string events = folder.write("events.jsonl", "{\"a\":1}\n");
  const Ran ran = run({"bench", "match", "--parsed", "--rules", rules, "--events", events, "-o", "jsonl"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, testing::Not(HasSubstr(R"("eventsPerSecond":-)")));
  EXPECT_THAT(ran.out, testing::AnyOf(HasSubstr(R"("nsPerEvent":)"), HasSubstr("give more of them")));
}

}  // namespace
}  // namespace hence::cli

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

TEST_F(FilterCommands, LinesAreAnsweredOneByOne) {
  input = "{\"cesql\": \"1/0 = 1\", \"event\": {}}\n\nnothing\n{\"pattern\": {\"a\": [1]}, \"event\": {\"a\": 1.0}}\n";
  const Ran ran = run({"filter", "test", "--jsonl"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr(R"({"match":false,"error":"math")"));
  EXPECT_THAT(ran.out, HasSubstr(R"("error":"json-invalid")"));
  EXPECT_THAT(ran.out, HasSubstr(R"({"match":true,"error":null})"));
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

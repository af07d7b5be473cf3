// SPDX-License-Identifier: Apache-2.0
// What users type: words, flags, and the commands that need no server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_cli.h"

namespace hence::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRule = R"(apiVersion: hence/v1
kind: Rule
metadata: {name: scan}
spec:
  on: {type: com.acme.deployment.*, pattern: {data: {environment: [production]}}}
  do: [{emit: {type: com.acme.scan.requested}}]
)";
std::string event_in(const std::string& environment) {
  return R"({"specversion":"1.0","id":"1","source":"/d","type":"com.acme.deployment.ok","data":{"environment":")" +
         environment + "\"}}";
}

class Commands : public testing::Test, public TestCli {
 protected:
  TestFolder folder;
};

TEST_F(Commands, NothingTypedShowsTheOverviewAndIsWrongUse) {
  const Ran ran = run({});
  EXPECT_EQ(ran.code, kExitWrongUse);
  EXPECT_THAT(ran.err, HasSubstr("hence explain"));
  EXPECT_EQ(run({"--help"}).code, kExitOk);
}

TEST_F(Commands, NounsArePluralOrSingular) {
  for (const char* noun : {"event", "events"})
    EXPECT_EQ(run({noun, "list", "--help"}).code, kExitOk) << noun;
  for (const char* noun : {"delivery", "deliveries"})
    EXPECT_EQ(run({noun, "list", "--help"}).code, kExitOk) << noun;
}

TEST_F(Commands, UnknownWordsNameTheNearest) {
  EXPECT_EQ(run({"evnt"}).err,
            "hence: there is no command \"evnt\"; did you mean `hence event`?\n");
  EXPECT_THAT(run({"event", "lst"}).err, HasSubstr("did you mean \"list\"?"));
  EXPECT_THAT(run({"event", "list", "--limt", "3"}).err,
              HasSubstr("no flag --limt; did you mean --limit?"));
  EXPECT_THAT(run({"version", "now"}).err, HasSubstr("one argument too many"));
  for (const auto& words : {std::vector<std::string>{"evnt"},
                            {"event", "lst"},
                            {"event"},
                            {"event", "list", "--limt", "3"},
                            {"version", "now"}}) {
    EXPECT_EQ(run(words).code, kExitWrongUse);
  }
}

TEST_F(Commands, WhatThisVersionDoesNotHaveIsSaid) {
  for (const auto& words : {std::vector<std::string>{"policy", "list"},
                            {"event", "replay"},
                            {"backtest"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.code, kExitWrongUse);
    EXPECT_THAT(ran.err, StartsWith("hence: this version does not have `hence " + words.front()));
  }
}

TEST_F(Commands, FormatsAreChecked) {
  const Ran ran = run({"version", "-o", "xml"});
  EXPECT_EQ(ran.code, kExitWrongUse);
  EXPECT_THAT(ran.err, HasSubstr("expected table, json, jsonl or yaml"));
  EXPECT_EQ(run({"version", "-o", "jsonl"}).out, "{\"version\":\"0.1.0\"}\n");
  EXPECT_EQ(run({"-o", "jsonl", "version"}).out, "{\"version\":\"0.1.0\"}\n");
}

TEST_F(Commands, TwoDashesBeforeTheCommandAreNoFlag) {
  const Ran alone = run({"--", "version"});
  EXPECT_EQ(alone.code, kExitWrongUse);
  EXPECT_THAT(alone.err, StartsWith("hence: there is no command \"--\""));
  const Ran behind = run({"-n", "x", "--", "event", "list"});
  EXPECT_EQ(behind.code, kExitWrongUse);
  EXPECT_THAT(behind.err, StartsWith("hence: there is no command \"-n\""));
  EXPECT_EQ(run({"-o", "--", "version"}).code, kExitWrongUse);
}

TEST_F(Commands, ServeAndDevGetTheirFlags) {
  ServeArguments served;
  DevArguments developed;
  programs.serve = [&](const ServeArguments& arguments) { return served = arguments, 7; };
  programs.dev = [&](const DevArguments& arguments) { return developed = arguments, 8; };
  EXPECT_EQ(run({"serve", "--data-dir", "d", "--listen", "127.0.0.1:0", "--config", "c.yaml"}).code,
            7);
  EXPECT_EQ(served.data_dir + served.listen + served.config_file, "d127.0.0.1:0c.yaml");
  EXPECT_EQ(run({"dev", "a.yaml", "b", "--listen", "127.0.0.1:0"}).code, 8);
  EXPECT_EQ(developed.files, (std::vector<std::string>{"a.yaml", "b"}));
  EXPECT_EQ(run({"serve"}).code, kExitWrongUse);
}

TEST_F(Commands, EvalPrintsAResultALine) {
  input = "{\"a\":1}\n{\"a\":\"x\"} [1,2]";
  const Ran ran = run({"expr", "eval", ".a?, length"});
  EXPECT_EQ(ran.out, "1\n1\n\"x\"\n1\n2\n");
  EXPECT_EQ(ran.code, kExitOk);
}

TEST_F(Commands, EvalTakesProgramsThatBeginWithADash) {
  EXPECT_EQ(run({"expr", "eval", "-1", "--null-input"}).out, "-1\n");
  EXPECT_EQ(run({"expr", "eval", "-n", "-(1+2)"}).out, "-3\n");
  EXPECT_EQ(run({"expr", "eval", "-n", "--", "-2"}).out, "-2\n");
}

TEST_F(Commands, EvalGivesVariablesAndRawText) {
  EXPECT_EQ(
      run({"expr", "eval", "-n", "-r", "--arg", "a", "x", "--argjson", "b", "[1]", "$a, $b"}).out,
      "x\n[1]\n");
}

TEST_F(Commands, EvalRawPrintsTextsAsTheyAreAndAllElseAsJson) {
  input = R"({"a": "zwei\nZeilen \"é\"", "b": ["x"], "c": null})";
  EXPECT_EQ(run({"expr", "eval", "--raw", ".a, .b, .c, (.b | tojson)"}).out,
            "zwei\nZeilen \"é\"\n[\"x\"]\nnull\n[\"x\"]\n");
  EXPECT_EQ(run({"expr", "eval", ".a"}).out, "\"zwei\\nZeilen \\\"é\\\"\"\n");
}

TEST_F(Commands, EvalPrintsNumbersAsTojsonDoes) {
  for (const char* number : {"pow(10;20)", "1e-7*1", "0.00001*1", "infinite", "1e-19 + 1e-20 - 5e-21", "1e1000", "1e-7", "0.00001",
                             "100000000000000000000", "100000000000000000000 + 1", "3.0", "3.0 + 0", "[pow(10;20), 1e20]", "{a: (1e17 * 1)}"}) {
    const std::string program = number;
    const Ran plain = run({"expr", "eval", "-n", program});
    EXPECT_EQ(plain.code, kExitOk) << number << plain.err;
    EXPECT_EQ(plain.out, run({"expr", "eval", "-n", "-r", "(" + program + ") | tojson"}).out) << number;
  }
  EXPECT_EQ(run({"expr", "eval", "-n", "1e-19 + 1e-20 - 5e-21"}).out, "1.05e-19\n");
  input = "1e20";
  EXPECT_EQ(run({"expr", "eval", "., . * 1"}).out, "1E+20\n1e+20\n");
}

TEST_F(Commands, EvalTellsFailuresFromFaults) {
  input = "1 \"x\" 2";
  const Ran failed = run({"expr", "eval", ". + 1"});
  EXPECT_EQ(failed.code, kExitExpression);
  EXPECT_EQ(failed.out, "2\n3\n");
  EXPECT_THAT(failed.err, HasSubstr("column 1: string (\"x\") and number (1) cannot be added"));
  const Ran over = run({"expr", "eval", "-n", "null | \"x\" * 2e9 | length"});
  EXPECT_EQ(over.code, kExitExpression);
  EXPECT_THAT(over.err, HasSubstr("column 8: the expression used up its budget of bytes; make it do less: the limit is fixed here"));
  EXPECT_EQ(run({"expr", "eval", "-n", "1 +"}).code, kExitWrongUse);
  input = "{";
  EXPECT_EQ(run({"expr", "eval", "."}).code, kExitWrongUse);
}

TEST_F(Commands, ValidateMarksEachFileAndPlacesFaults) {
  const std::string good = folder.write("a/good.yaml", kRule);
  const std::string bad = folder.write(
      "a/b/bad.yml",
      "apiVersion: hence/v1\nkind: Rule\nmetadata: {name: x}\nspec:\n  on: {typ: a}\n  do: []\n");
  folder.write("a/some.test.yaml", "name: not a resource\n");
  const Ran ran = run({"validate", folder.path()});
  EXPECT_EQ(ran.code, kExitNo);
  EXPECT_THAT(ran.out, HasSubstr("✓ " + good + "  1 resource\n"));
  EXPECT_THAT(ran.out,
              HasSubstr("✗ " + bad + "\n  " + bad +
                        ":5:8: /spec/on/typ: unknown key \"typ\"; did you mean \"type\"?\n"));
  EXPECT_EQ(run({"validate", good}).code, kExitOk);
  const std::string broken = folder.write("broken.yaml", "document: {dsl: 1.0.3\ndo:\n  - a\n");
  EXPECT_THAT(run({"validate", broken}).out, HasSubstr("  " + broken + ":2:"));
  EXPECT_THAT(run({"validate", "-o", "json", broken}).out, HasSubstr("\"line\": 2,"));
  const std::string cut = folder.write("cut.json", "{\"document\": {\"dsl\": \"1.0.3\"}, \"do\": [");
  EXPECT_EQ(run({"validate", cut}).out,
            "✗ " + cut + "\n  " + cut + ":1:39: expected a JSON value, but the text ends here\n");
  const std::string doubtful = folder.write("doubtful.yaml",
      "document: {dsl: 1.0.3, namespace: t, name: w, version: 1.0.0}\n"
      "do:\n  - a: {set: {x: 1}, then: end}\n  - b: {set: {x: 1}}\n");
  const Ran warned = run({"validate", "-o", "json", doubtful});
  EXPECT_EQ(warned.code, kExitOk);
  EXPECT_THAT(warned.out, HasSubstr("\"warnings\": [\n        {\n          \"line\": 4,\n          \"column\": 5,"));
  EXPECT_EQ(run({"validate", folder.path() + "/absent"}).code, kExitWrongUse);
}

TEST_F(Commands, RuleTestAnswersByExitCode) {
  const std::string rule = folder.write("rule.yaml", kRule);
  const Ran match =
      run({"rule", "test", "-r", rule, "-e", folder.write("e1.json", event_in("production"))});
  EXPECT_EQ(match.code, kExitOk);
  EXPECT_THAT(match.out, HasSubstr("✓ scan  matches\n"));
  const Ran none =
      run({"rule", "test", "-r", rule, "-e", folder.write("e2.json", event_in("staging"))});
  EXPECT_EQ(none.code, kExitNo);
  EXPECT_EQ(none.out,
            "com.acme.deployment.ok from /d  (id 1)\n"
            "✗ scan  does not match\n"
            "  ✓ type is like \"com.acme.deployment.*\"\n"
            "  ✗ data.environment is \"production\"   <- decides\n"
            "      found:  \"staging\"\n");
  const Ran as_json = run({"rule", "test", "-r", rule, "-e", folder.path() + "/e2.json", "-o", "jsonl"});
  EXPECT_THAT(as_json.out, HasSubstr(R"("why":{"rule":"scan",)"));
  EXPECT_THAT(as_json.out, HasSubstr("rule scan does not match"));
  EXPECT_EQ(run({"rule", "test", "-r", rule, "-e", folder.write("e3.json", "{}")}).code,
            kExitWrongUse);
}

TEST_F(Commands, LogVerifyWantsADataFolder) {
  const Ran ran = run({"log", "verify", "--data-dir", folder.path()});
  EXPECT_EQ(ran.code, kExitWrongUse);
  EXPECT_THAT(ran.err, HasSubstr("there is no log in"));
}

TEST_F(Commands, SinkListenRefusesWrongAnswers) {
  EXPECT_EQ(run({"sink", "listen", "--port", "0", "--answer", "503,2x0"}).code, kExitWrongUse);
  const Ran ran = run({"sink", "listen", "--port", "0"});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, StartsWith("listening on http://127.0.0.1:"));
}

}  // namespace
}  // namespace hence::cli

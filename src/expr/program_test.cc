// SPDX-License-Identifier: Apache-2.0
#include "expr/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

json::Value document(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *value : json::Value();
}

/// All results as compact JSON, one a line; "error: …" at the end if it fails.
std::string results(std::string_view program, std::string_view input = "null",
                    Budget budget = kWorkflowBudget) {
  auto compiled = Program::compile(program);
  if (!compiled.ok()) return "compile: " + compiled.error().message();
  std::string out;
  const Status status = compiled->evaluate_each(document(input), {}, {}, budget, [&](json::Value value) {
    out += (out.empty() ? "" : "\n") + value->to_text();
    return true;
  });
  if (!status.ok()) out += (out.empty() ? "error: " : "\nerror: ") + status.error().message();
  return out;
}

std::string compile_error(std::string_view program, std::vector<std::string> variables = {}) {
  auto compiled = Program::compile(program, {.variables = std::move(variables)});
  return compiled.ok() ? "compiles" : compiled.error().message();
}

TEST(Program, KeepsTheTextOfNumbersNobodyComputedWith) {
  EXPECT_EQ(results(".", "12345678901234567890.10"), "12345678901234567890.10");
  EXPECT_EQ(results("[.[] | .]", "[1.00, 1e2, 100000000000000000001]"),
            "[1.00,1e2,100000000000000000001]");
  EXPECT_EQ(results(". + 1", "100000000000000000001"), "1e+20");
  EXPECT_EQ(results("{a: .}", "9007199254740993"), R"({"a":9007199254740993})");
}

TEST(Program, ComparesLiteralsExactlyAndComputedNumbersAsBinary64) {
  EXPECT_EQ(results(". == 9007199254740993", "9007199254740992"), "false");
  EXPECT_EQ(results(". == (. + 0)", "9007199254740993"), "true");
}

TEST(Program, KeepsKeysInTheOrderOfInsertion) {
  EXPECT_EQ(results("{b: 1, a: 2} + {c: 0, b: 3}"), R"({"b":3,"a":2,"c":0})");
  EXPECT_EQ(results(".b = 1 | del(.a) | .a = 2", R"({"a":1})"), R"({"b":1,"a":2})");
  EXPECT_EQ(results("keys", R"({"b":1,"a":2})"), R"(["a","b"])");
}

TEST(Program, OrdersCartesianProductsAsJq) {
  EXPECT_EQ(results("[(1,2) + (10,20)]"), "[11,12,21,22]");
  EXPECT_EQ(results("{x: (1,2), y: (3,4)}"),
            "{\"x\":1,\"y\":3}\n{\"x\":1,\"y\":4}\n{\"x\":2,\"y\":3}\n{\"x\":2,\"y\":4}");
  EXPECT_EQ(results("\"\\(1,2)-\\(3,4)\""), "\"1-3\"\n\"2-3\"\n\"1-4\"\n\"2-4\"");
}

TEST(Program, SaysWhereAndWhatWhenItDoesNotCompile) {
  EXPECT_EQ(compile_error(".a > $limt", {"limit"}),
            "column 6: unknown variable $limt; did you mean $limit?");
  EXPECT_EQ(compile_error(".a |\n  mpa(.)"), "line 2, column 3: mpa/1 is not defined; did you mean map?");
  EXPECT_THAT(compile_error("(1"), HasSubstr("expecting \")\""));
  EXPECT_THAT(compile_error("\"abc"), HasSubstr("no closing quote"));
  EXPECT_THAT(compile_error("map(.; .)"), HasSubstr("takes another number of arguments"));
}

TEST(Program, SaysWhereItFailsIfAsked) {
  const auto place = [](std::string_view source, std::string_view input = "{}") {
    CompileOptions options;
    options.locate_errors = true;
    auto program = Program::compile(source, options);
    EXPECT_TRUE(program.ok()) << source;
    Budget budget;
    const auto made = program->evaluate(*json::parse(input), {}, {}, budget);
    EXPECT_FALSE(made.ok()) << source;
    const std::string& message = made.error().message();
    return message.substr(0, message.find(": "));
  };
  // What gives at most one result, what gives many, and what needs the machine.
  EXPECT_EQ(place(".a | .b.c", R"({"a":{"b":1}})"), "column 8");
  EXPECT_EQ(place("1 + {}"), "column 1");
  EXPECT_EQ(place("[1, -{}]"), "column 5");
  EXPECT_EQ(place("{a: 1} | {(.a): 2}"), "column 12");
  EXPECT_EQ(place("\"x\" | @csv"), "column 7");
  EXPECT_EQ(place("\"a\" | test(1)"), "column 7");
  EXPECT_EQ(place(".a = 1", "[]"), "column 1");
  EXPECT_EQ(place("[.[] | .a]", "[1]"), "column 8");
  EXPECT_EQ(place("3 | .[]"), "column 6");
  EXPECT_EQ(place("[range(1; \"a\")]"), "column 2");
  EXPECT_EQ(place("[limit(-1; .)]"), "column 2");
  EXPECT_EQ(place("def f: if . > 2 then error(\"x\") else . + 1 | f end; 0 | f"), "column 22");
  EXPECT_EQ(place("[path(1 | .a)]"), "column 11");
  EXPECT_EQ(place("[(1, 2) + (3, \"a\")]"), "column 3");
  EXPECT_EQ(place(". as [$a] |\n  $a.b", "[1]"), "line 2, column 5");
  // A builtin written in jq fails where it is called; an error that was caught leaves no trace.
  EXPECT_EQ(place("1 | map(.)"), "column 5");
  EXPECT_EQ(place("(try error(1) catch .) | .x"), "column 26");
  EXPECT_EQ(place("try error(1) catch error(2)"), "column 20");
}

TEST(Program, SaysWhereTheBudgetEndedAndWhichSettingItIs) {
  const auto message = [](std::string_view source, Budget budget) {
    CompileOptions options;
    options.locate_errors = true;
    const auto program = Program::compile(source, options);
    EXPECT_TRUE(program.ok()) << source;
    const auto made = program->evaluate({}, {}, {}, budget);
    EXPECT_FALSE(made.ok()) << source;
    if (made.ok()) return std::string();
    EXPECT_EQ(made.error().code(), ErrorCode::BudgetExceeded) << source;
    return made.error().message();
  };
  EXPECT_EQ(message(". | \"x\" * 2e8 | length", kWhenBudget),
            "column 5: the expression used up its budget of bytes; make it do less, or raise expressions.when.bytes");
  EXPECT_EQ(message(". | \"x\" * 2e8 | length", Budget{}),
            "column 5: the expression used up its budget of bytes; make it do less: the limit is fixed here");
  // By instructions; and after an error that was caught somewhere else.
  EXPECT_THAT(message("def f: if . == 0 then 0 else . - 1 | f + 1 end; 1000000 | f", kWorkflowBudget),
              ::testing::AllOf(::testing::StartsWith("column "), HasSubstr(": the expression used up its budget of ")));
  EXPECT_THAT(message("(try error(1) catch .) | last(range(1e18))", kWorkflowBudget),
              ::testing::AllOf(HasSubstr(": the expression used up its budget of steps; make it do less, or raise expressions.workflow.steps"),
                               ::testing::Not(::testing::StartsWith("column 6:"))));
  // What is too much of all results is of no step.
  EXPECT_EQ(message("[range(100)]", Budget{.output_bytes = 100, .settings = "expressions.workflow"}),
            "the expression used up its budget of output bytes; make it do less, or raise expressions.workflow.outputBytes");
}

TEST(Program, PrintsNumbersAsTojsonGivesThem) {
  const auto printed = [](std::string_view source, Texts texts) {
    const auto program = Program::compile(source);
    EXPECT_TRUE(program.ok()) << source;
    Budget budget;
    std::string out;
    EXPECT_TRUE(program->print_each({}, {}, {}, budget, texts, [&](const std::string& text) {
      out += text + "\n";
      return true;
    }).ok());
    return out;
  };
  EXPECT_EQ(printed("pow(10; 20), 1e-7 * 1, 0.00001 * 1, infinite, nan, -0", Texts::quoted),
            "1e+20\n1e-07\n1e-05\n1.7976931348623157e+308\nnull\n-0\n");
  EXPECT_EQ(printed("1e20, 100000000000000000000, 1.10, [1e-7, 1e-7 * 1]", Texts::quoted),
            "1E+20\n100000000000000000000\n1.10\n[1E-7,1e-07]\n");
  EXPECT_EQ(printed("\"a\", [\"a\"]", Texts::raw), "a\n[\"a\"]\n");
}

TEST(Program, NamesWhatIsKeptOut) {
  for (const char* program : {"env", "$ENV", "input", "inputs", "import \"a\" as a; .",
                              "include \"a\"; .", "halt", "halt_error", "input_filename", "stderr",
                              "input_line_number", "modulemeta"}) {
    EXPECT_THAT(compile_error(program), HasSubstr("kept out")) << program;
  }
}

TEST(Program, TellsTheTimeOnlyIfItIsGivenOne) {
  EXPECT_THAT(results("now"), HasSubstr("without a clock"));
  auto program = Program::compile("now | todate");
  ASSERT_TRUE(program.ok());
  Budget budget;
  auto value = program->evaluate_one({}, {}, {.now = UtcTime{1'425'599'507'000'000}}, budget);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->view().as_string(), "2015-03-05T23:51:47Z");
}

/// What asking `secrets` comes to, with the names of the input.
std::string asked(std::string_view source, const char* input = R"({"which":"b"})") {
  auto program = Program::compile(source, {.variables = {"secrets"}});
  if (!program.ok()) return program.error().message();
  const json::Value secrets = document(R"({"a":{"key":"k"},"t":"text"})");
  const json::View values[] = {secrets};
  Environment environment;
  environment.secrets = secrets;
  Budget budget;
  const auto value = program->evaluate_one(document(input), values, environment, budget);
  if (value.ok()) return value->view().to_text();
  return (value.error().code() == ErrorCode::SecretUnavailable ? "denied: " : "") + value.error().message();
}

TEST(Program, EndsWhereASecretIsAskedForThatIsNotThere) {
  for (const char* source : {"$secrets.b", "$secrets | .b", "$secrets | .b.c?", "$secrets as {$b} | $b",
                             "reduce (1, 2) as $n (0; $secrets[\"b\"])", "[limit(1; $secrets | .b)]"}) {
    EXPECT_THAT(asked(source), HasSubstr("denied: there is no secret \"b\"")) << source;
  }
  for (const char* source : {"$secrets[.which]", "$secrets[.which].key", "$secrets[.which]?",
                             "try $secrets[.which] catch \"none\"", "$secrets[.which] // \"none\"",
                             "$secrets | getpath([\"b\", \"c\"])", ". as {$which} | $secrets[$which]",
                             "[.which, \"a\"] | map($secrets[.])", "first($secrets[.which, \"a\"])",
                             "def f: $secrets[.which]; [f]"}) {
    EXPECT_THAT(asked(source), HasSubstr("denied: there is no secret of the name asked for here")) << source;
  }
}

TEST(Program, ShowsNoSecretWhereItIsTakenForTheNameOfOne) {
  for (const char* source : {"$secrets[$secrets.t]", "$secrets as {t: $t} | $secrets[$t]", "$secrets | getpath([.t])",
                             "$secrets as {($secrets.t): $x} | $x", "$secrets | .[.t]", "first($secrets | .[.t, \"a\"])"}) {
    EXPECT_THAT(asked(source), ::testing::AllOf(HasSubstr("denied: "), ::testing::Not(HasSubstr("text")))) << source;
  }
}

TEST(Program, GivesOfSecretsWhatIsThere) {
  EXPECT_EQ(asked("$secrets[.which].key", R"({"which":"a"})"), R"("k")");
  EXPECT_EQ(asked("$secrets.a.none"), "null") << "only the names are secrets";
  EXPECT_EQ(asked("$secrets.a | .none"), "null");
  EXPECT_EQ(asked(".none"), "null");
  EXPECT_EQ(asked("$secrets | has(\"b\"), keys"), R"([false,["a","t"]])");
}

TEST(Program, BindsArgumentsByPosition) {
  auto program = Program::compile("[$b, $a, .]", {.variables = {"a", "b"}});
  ASSERT_TRUE(program.ok());
  const json::Value a = json::Value::number(int64_t{1});
  const json::Value b = json::Value::string("two");
  const json::View values[] = {a, b};
  Budget budget;
  auto value = program->evaluate_one(json::Value(), values, {}, budget);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->view().to_text(), R"(["two",1,null])");
}

TEST(Program, GivesNullForNoneAndAnArrayForSeveralResults) {
  auto one = [](std::string_view source) {
    Budget budget;
    auto program = Program::compile(source);
    return program->evaluate_one(json::Value(), {}, {}, budget)->view().to_text();
  };
  EXPECT_EQ(one("empty"), "null");
  EXPECT_EQ(one("3"), "3");
  EXPECT_EQ(one("1, 2"), "[1,2]");
}

TEST(Program, AConditionNeedsExactlyOneResult) {
  auto condition = [](std::string_view source) {
    Budget budget;
    auto program = Program::compile(source);
    auto truth = program->evaluate_condition(json::Value(), {}, {}, budget);
    return truth.ok() ? (*truth ? "true" : "false") : truth.error().message();
  };
  EXPECT_EQ(condition("1"), "true");
  EXPECT_EQ(condition("null"), "false");
  EXPECT_THAT(condition("empty"), HasSubstr("none"));
  EXPECT_THAT(condition("true, true"), HasSubstr("several"));
}

TEST(Program, TellsWhatItReads) {
  auto reads = [](std::string_view source) {
    return Program::compile(source, {.variables = {"input", "context"}})->reads();
  };
  EXPECT_THAT(reads(".data.a > $input.x").paths, ElementsAre("/data/a"));
  EXPECT_THAT(reads(".data.a > $input.x").variables, ElementsAre("input"));
  EXPECT_FALSE(reads(".data.a > 1").whole_input);
  EXPECT_TRUE(reads(". == 1").whole_input);
  EXPECT_TRUE(reads("[1, 2] | map(. + 1)").constant);
  EXPECT_FALSE(reads("now").constant);
  EXPECT_THAT(reads(".a as $x | $x.b, (.c | .d)").paths, ElementsAre("/a/b", "/c/d"));
  EXPECT_THAT(reads("def f: if . > 9 then $context else (. + 1 | f) end; .a | f").variables,
              ElementsAre("context"));
  EXPECT_THAT(reads("$input.a.b, $input[\"c\"]?, ($context | .d), ($input as $i | $i.e)").members,
              ElementsAre(Pair("context", "d"), Pair("input", "a"), Pair("input", "c"), Pair("input", "e")));
  EXPECT_THAT(reads("def f: $input.a; map(f), .b.c").members, ElementsAre(Pair("input", "a")));
  EXPECT_TRUE(reads("$input[.x], ($input | keys), .input.y").members.empty());
  EXPECT_THAT(reads("$input.a | . == 1").paths, ::testing::IsEmpty());
  EXPECT_FALSE(reads("$input | . == 1").whole_input);
}

TEST(Program, TellsWhatSettledACondition) {
  const auto paths = [](std::string_view source, uint64_t steps = 1'000) {
    const auto program = Program::compile(source);
    Budget budget{steps, 1 << 20, 100, 1 << 20};
    const auto input = json::parse(R"({"a":1,"b":2,"c":3})");
    return program->deciding_paths(*input, {}, {}, budget);
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(paths(".a == 1 and .b == 3 and .c == 3"), ElementsAre("/b"));
  EXPECT_THAT(paths(".a == 1 and .b == 2"), ElementsAre("/a", "/b"));
  EXPECT_THAT(paths(".a == 2 or .b == 2 or .c == 3"), ElementsAre("/b"));
  EXPECT_THAT(paths(".a == 2 or .b == 3"), ElementsAre("/a", "/b"));
  EXPECT_THAT(paths("(.a == 2 and .b == 2 | not) and (.c > 5)"), ElementsAre("/c"));
  EXPECT_THAT(paths("(.a == 2 and .b == 2) | not"), ElementsAre("/a"));
  EXPECT_THAT(paths("if .a == 1 then .b == 2 else .c == 3 end"), ElementsAre("/a", "/b"));
  EXPECT_THAT(paths("(.a.x == 1) and .b == 2"), ElementsAre("/a/x"));
  EXPECT_THAT(paths(".a == 1 and .b == 3", 2), ElementsAre("/a", "/b"));
}

TEST(Program, KnowsPlainComparisons) {
  auto program = Program::compile(".data.a > 100 and \"x\" == .type");
  ASSERT_TRUE(program.ok());
  ASSERT_EQ(program->comparisons().size(), 2u);
  EXPECT_THAT(program->comparisons()[0].path, ElementsAre("data", "a"));
  EXPECT_EQ(program->comparisons()[0].op, Comparison::Operator::greater);
  EXPECT_EQ(program->comparisons()[1].constant.view().as_string(), "x");
  EXPECT_TRUE(Program::compile(".a > .b")->comparisons().empty());
  EXPECT_TRUE(Program::compile(".a > 1 or .b > 1")->comparisons().empty());
}

TEST(Program, FollowsPathsThroughGenerators) {
  EXPECT_EQ(results("[path(limit(2; .[]))]", "[7,8,9]"), "[[0],[1]]");
  EXPECT_EQ(results("path(first(.a, .b))"), R"(["a"])");
  EXPECT_EQ(results("(.[] | select(. > 1)) |= . * 2", "[1,2,3]"), "[1,4,6]");
  EXPECT_EQ(results("[paths]", R"({"a":[1]})"), R"([["a"],["a",0]])");
  EXPECT_EQ(results("path(getpath([\"a\",0]) | .b)"), R"(["a",0,"b"])");
  EXPECT_EQ(results("path(.a // .b)", R"({"b":1})"), R"(["b"])");
  EXPECT_EQ(results("def f: .a, (.a | f); first(path(f))", R"({"a":{"a":1}})"), R"(["a"])");
  EXPECT_EQ(results("try path(map(.)) catch .", "[1]"), "\"Invalid path expression with result [1]\"");
}

TEST(Program, CallsClosuresInTheirOwnFrames) {
  EXPECT_EQ(results("def f(g): if . > 3 then g else (. + 1 | f(g * 2)) end; 1 | f(.)"), "32");
  EXPECT_EQ(results("def f($a; g): [$a, g]; f(1, 2; 3)"), "[1,3]\n[2,3]");
  EXPECT_EQ(results("[recurse(if . < 3 then . + 1, . + 2 else empty end)]", "1"), "[1,2,3,4,3]");
  EXPECT_EQ(results("[label $f | range(10) | ., (select(. == 1) | break $f)]"), "[0,1]");
  EXPECT_EQ(results("def f(g): def h: g | g; h; [1 | f((., 10) as $x | . + $x)]"),
            "[4,12,22,21]");
}

TEST(Program, DoesNotCatchWhatFailsAfterATry) {
  EXPECT_EQ(results("try (1, 2) catch \"no\" | error"), "error: 1 (not a string)");
  EXPECT_EQ(results("(1, error(\"x\")) // 3"), "1\nerror: x");
  EXPECT_EQ(results("error(\"x\") // 3"), "error: x");
  EXPECT_EQ(results("[recurse(if . < 2 then . + 1 else error(\"x\") end) // 3]?", "0"), "");
  EXPECT_EQ(results("try ((1 // 2) | error(\"after\")) catch ."), "\"after\"");
}

TEST(Program, AQuestionMarkAfterAStepForgivesThatStepOnly) {
  EXPECT_EQ(results("[.[].a?]", R"([1,{"a":2}])"), "[2]");
  EXPECT_EQ(results("[(.[].a)?]", R"([1,{"a":2}])"), "[]");
  EXPECT_EQ(results("[.[][]?], [.[][0]?], [.[][1:]?]", "[1,[2]]"), "[2]\n[2]\n[[]]");
  EXPECT_EQ(results("[path(.[].a?)], (.[].a? |= 3)", R"([1,{"a":2}])"), "[[1,\"a\"]]\n[1,{\"a\":3}]");
  EXPECT_EQ(results(".a?//2"), "2");
  EXPECT_EQ(results("def f: .[].a?; [f]", R"([1,{"a":2}])"), "[2]");
}

TEST(Program, LoopsWrittenAsRecursionDoNotGrow) {
  EXPECT_EQ(results("def f: if . < 100000 then . + 1 | f else . end; 0 | f", "null",
                    {10'000'000, 64 << 10, 50, 1000}), "100000");
  EXPECT_EQ(results("last(limit(50000; repeat(1)))", "null", {10'000'000, 3 << 20, 50, 1000}), "1");
  EXPECT_EQ(results("0 | until(. >= 50000; . + 1)", "null", {10'000'000, 3 << 20, 50, 1000}), "50000");
  EXPECT_EQ(results("last(0 | recurse(if . < 50000 then . + 1 else empty end))", "null",
                    {10'000'000, 64 << 10, 50, 1000}), "50000");
  EXPECT_EQ(results("reduce range(100000) as $i ([]; . + [$i]) | length", "null",
                    {10'000'000, 64 << 20, 50, 1000}), "100000");
}

TEST(Program, DestructuresAlternatives) {
  EXPECT_EQ(results("[.[] as {a: $x} ?// [$x] | $x]", R"([{"a":1},[2]])"), "[1,2]");
  EXPECT_EQ(results(". as {(\"a\",\"b\"): $x} | $x", R"({"a":1,"b":2})"), "1\n2");
}

TEST(Program, GivesDatesInUtc) {
  EXPECT_EQ(results("strftime(\"%A %d %B %Y %j %U %V %I %p %e|%s\")", "1425599621"),
            "\"Thursday 05 March 2015 064 09 10 11 PM  5|1425599621\"");
  EXPECT_EQ(results("[strptime(\"%d %b %Y %H:%M\") | mktime, todate]", "\"29 Feb 2024 12:30\""),
            "[1709209800,\"2024-02-29T12:30:00Z\"]");
  EXPECT_EQ(results("-1 | todate, (gmtime | mktime)"), "\"1969-12-31T23:59:59Z\"\n-1");
  EXPECT_THAT(results("\"x\" | fromdate"), HasSubstr("does not match format"));
  EXPECT_THAT(results("1e300 | todate"), HasSubstr("seconds since epoch"));
}

TEST(Program, FormatsStrings) {
  EXPECT_EQ(results("@csv, @tsv, @sh, @json", R"(["a\"b",1,null])"),
            "\"\\\"a\\\"\\\"b\\\",1,\"\n\"a\\\"b\\t1\\t\"\n\"'a\\\"b' 1 null\"\n\"[\\\"a\\\\\\\"b\\\",1,null]\"");
  EXPECT_EQ(results("@base32, @base64, @uri, (@uri | @urid), (@base32 | @base32d), (@base64 | @base64d)",
                    "\"\xC3\xA9 ?\""),
            "\"YOUSAPY=\"\n\"w6kgPw==\"\n\"%C3%A9%20%3F\"\n\"\xC3\xA9 ?\"\n\"\xC3\xA9 ?\"\n\"\xC3\xA9 ?\"");
  EXPECT_EQ(results("@base64d", "\"/w==\""), "\"\xEF\xBF\xBD\"");
}

TEST(Program, MatchesRegularExpressions) {
  EXPECT_EQ(results("[match(\"(?<x>a+)(b)?\"; \"g\") | [.offset, .string, (.captures | map(.string))]]",
                    "\"\xC3\xA9""aab a\""), R"([[1,"aab",["aa","b"]],[5,"a",["a",null]]])");
  EXPECT_EQ(results("gsub(\"(?<d>\\\\d)\"; \"<\\(.d)>\")", "\"a1b2\""), R"("a<1>b<2>")");
  EXPECT_EQ(results("[splits(\", *\")]", "\"a, b,c\""), R"(["a","b","c"])");
  EXPECT_EQ(results("capture(\"(?<y>\\\\d+)-(?<m>\\\\d+)\")", "\"2024-05\""), R"({"y":"2024","m":"05"})");
  EXPECT_THAT(results("test(\"(\")", "\"a\""), HasSubstr("is not a valid regex"));
  EXPECT_EQ(results("[scan(\"c\")]", "\"abcdefabc\""), R"(["c","c"])");
  EXPECT_EQ(results("[.[] | test(\"A\"; \"i\")]", R"(["a","b"])"), "[true,false]");
}

// What would hang, exhaust memory or crash: each ends in a typed error, or in jq's own result.

std::string ending(std::string_view source, std::string_view input = "null") {
  CompileOptions options;
  auto program = Program::compile(source, options);
  if (!program.ok()) return std::string(error_info(program.error().code()).name);
  Budget budget = kWhenBudget;
  auto value = program->evaluate(document(input), {}, {}, budget);
  return value.ok() ? "ends" : std::string(error_info(value.error().code()).name);
}

TEST(HostileProgram, RunsOutOfBudget) {
  for (const char* source :
       {"def f: f; f", "def f: f, f; f", "def f: 1 + f; f", "def f: [f]; f", "[limit(1e12; repeat(1))]",
        "[range(1e18)]", "\"x\" * 1e9", "reduce range(1e9) as $i (0; . + 1)",
        "def f(g): f(g | g); f(.)", "[recurse]  | until(false; .)", "last(range(1e9))",
        "[limit(100000; repeat(\"abc\" * 100))]", "def f: (1, 2) | f; f", "try (def f: f; f) catch 1",
        "[range(100000)] | combinations(8)", "reduce range(60) as $i (1; [., .]) | tojson",
        "reduce range(60) as $i (1; [., .]) as $x | $x == ($x | [.[0], .[1]])",
        "reduce range(40) as $i (\"ab\"; . + .)", "[range(300)] | [., ., .] | [combinations]",
        "def f: label $a | f, break $a; f",        "[range(1000)] | map(\"x\" * 10000) | add | [scan(\".\")]"}) {
    EXPECT_EQ(ending(source), "BudgetExceeded") << source;
  }
}

TEST(HostileProgram, FailsOrEnds) {
  EXPECT_EQ(ending("\"\" * 1e18"), "ends");
  EXPECT_EQ(ending(".[1e9] = 1"), "ExpressionFailed");
  EXPECT_EQ(ending(".[100000000] = 1"), "BudgetExceeded");
  EXPECT_EQ(ending("[1e999, -1, 1114112, 55296, nan] | implode"), "ExpressionFailed");
  EXPECT_EQ(ending("[1e999, -1, 1114112, 55296] | implode"), "ends");
  EXPECT_EQ(ending("\"====\" | @base64d"), "ends");
  EXPECT_EQ(ending("\"\xC3\xA9\" | @base64d"), "ExpressionFailed");
  EXPECT_EQ(ending("1e1000000000 | tojson"), "ends");
  EXPECT_EQ(ending("getpath([range(20000) | 0])"), "ExpressionFailed");
  EXPECT_EQ(ending("setpath([range(20000) | 0]; 1)"), "ExpressionFailed");
  EXPECT_EQ(ending("reduce range(9000) as $i (1; [.])"), "BudgetExceeded");
  EXPECT_EQ(ending("reduce range(900) as $i (1; [.])"), "ends");
  EXPECT_EQ(ending("[.[] | ..]", std::string(120, '[') + std::string(120, ']')), "ends");
  EXPECT_EQ(ending("[nan, nan, 1, nan] | sort, group_by(.), unique, min, max"), "ends");
  EXPECT_EQ(ending("[nan, nan] as $k | delpaths([$k, [nan], [1], [nan]])"), "ends");
  EXPECT_EQ(ending("\"a\" * 30 | test(\"(a+)+b\")"), "BudgetExceeded");
}

TEST(HostileProgram, IsRefusedBeforeItRuns) {
  EXPECT_EQ(ending(std::string(10'000, '(') + "1" + std::string(10'000, ')')), "ExpressionInvalid");
  EXPECT_EQ(ending(std::string(10'000, '[') + std::string(10'000, ']')), "ExpressionInvalid");
  EXPECT_EQ(ending(std::string(20'000, '-') + "1"), "ExpressionInvalid");
  std::string tries;
  for (int i = 0; i < 10'000; ++i) tries += "try ";
  EXPECT_EQ(ending(tries + "1"), "ExpressionInvalid");
  std::string ones = "1";
  for (int i = 0; i < 10'000; ++i) ones += "+1";
  EXPECT_EQ(ending(ones), "ExpressionInvalid");
  EXPECT_EQ(ending(std::string(1 << 20, ' ') + "1"), "ExpressionInvalid");
  std::string pipes = ".";
  for (int i = 0; i < 20'000; ++i) pipes += "|.";
  EXPECT_EQ(ending(pipes), "ends");
  std::string commas = "[1";
  for (int i = 0; i < 20'000; ++i) commas += ",1";
  EXPECT_EQ(ending(commas + "]"), "ends");
  std::string doubling = "def f0(g): g | g;";
  for (int i = 1; i < 40; ++i) {
    doubling += "def f" + std::to_string(i) + "(g): f" + std::to_string(i - 1) + "(g | g);";
  }
  EXPECT_EQ(ending(doubling + "f39(. + 1)", "0"), "ExpressionInvalid");
  EXPECT_EQ(ending("\xFF"), "ExpressionInvalid");
}

TEST(Template, FindsExpressionsThatAreWholeStrings) {
  EXPECT_EQ(unwrap("${ .a }"), ".a");
  EXPECT_EQ(unwrap("  ${.a}\n"), ".a");
  EXPECT_EQ(unwrap("x ${ .a }"), std::nullopt);
  EXPECT_EQ(unwrap("${ }"), std::nullopt);
}

TEST(Template, ReplacesLeavesAndKeepsTheRest) {
  const json::Value shape = document(
      R"({"a":"${ .x }","b":["${ $v + 1 }",1.50,{"c":"plain ${ .x }"}],"d":"${ .none[]? }"})");
  auto made = Template::compile(shape, {.variables = {"v", "w"}});
  ASSERT_TRUE(made.ok());
  const json::Value v = json::Value::number(int64_t{1});
  const json::View values[] = {v, v};
  Budget budget;
  auto value = made->evaluate(document(R"({"x":"${ secret }"})"), values, {}, budget);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->view().to_text(),
            R"({"a":"${ secret }","b":[2,1.50,{"c":"plain ${ .x }"}],"d":null})");
  EXPECT_TRUE(made->uses("v"));
  EXPECT_FALSE(made->uses("w"));
  EXPECT_FALSE(made->constant());
}

TEST(Template, SaysWhichLeafIsWrong) {
  auto made = Template::compile(document(R"({"a":["${ .x + }"]})"), {});
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message(), HasSubstr("/a/0: column"));
}

TEST(Program, SaysWhetherItAlwaysGivesOneResult) {
  const auto total = [](const char* source) { return Program::compile(source)->reads().total; };
  for (const char* source : {".", "1", ". == 1 and . != 2", "(. // 1) == 2", "[., 1]", "{a: ., b: (. // null)}", "type", "\"x\\(.)\"",
                             "if . then 1 else 2 end", ". as $x | [$x]", "not"}) {
    EXPECT_TRUE(total(source)) << source;
  }
  for (const char* source : {".a", ".a?", ".[]", ". + 1", "empty", "error", "first(.[])", "length", "[.a]", ".a // 1", "{(.): 1}", "if .a then 1 else 2 end",
                             "@csv", "1, 2", "(.[] // 1)", "reduce .[] as $x (0; .)", "def f: f; f"}) {
    EXPECT_FALSE(total(source)) << source;
  }
}

}  // namespace
}  // namespace hence::expr

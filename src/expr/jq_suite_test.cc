// SPDX-License-Identifier: Apache-2.0
// jq's own suites, read where they lie. What is not run is listed here with the reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "expr/program.h"
#include "json/parse.h"
#include "json/yaml.h"

namespace hence::expr {
namespace {

const std::map<std::string, std::string>& skipped() {
  static const std::map<std::string, std::string> kSkipped = {
      {"try input catch .", "input is kept out"},
      {"env.PAGER", "env is kept out"},
      {"$ENV.PAGER", "$ENV is kept out"},
      {"import \"c\" as foo; [foo::a, foo::c]", "modules are kept out"},
      {"include \"c\"; [a, c]", "modules are kept out"},
      {"import \"data\" as $e; import \"data\" as $d; "
       "[$d[].this,$e[].that,$d::d[].this,$e::e[].that]|join(\";\")", "modules are kept out"},
      {"import \"data\" as $a; import \"data\" as $b; def f: {$a, $b}; f", "modules are kept out"},
      {"modulemeta", "modules are kept out"},
      {"module []; 0", "modules are kept out"},
      {"include \"a\" (.+1); 0", "modules are kept out"},
      {"include \"\\(a)\"; 0", "modules are kept out"},
      {"import \"syntaxerror\" as e; .", "modules are kept out"},
      {"modulemeta | .deps | length", "modules are kept out"},
      {"modulemeta | .defs | length", "modules are kept out"},
  };
  return kSkipped;
}

struct Case {
  std::string program;
  std::string input;
  std::vector<std::string> expected;
  bool fails = false;
  int line = 0;
};

std::vector<Case> read_cases(const std::string& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  std::vector<std::string> block;
  int number = 0;
  int start = 0;
  auto flush = [&] {
    if (!block.empty() && block.size() > 1) {
      Case one;
      one.line = start;
      if (block[0].starts_with("%%FAIL")) {
        one.fails = true;
        one.program = block[1];
        one.expected.assign(block.begin() + 2, block.end());
      } else {
        one.program = block[0];
        one.input = block[1];
        one.expected.assign(block.begin() + 2, block.end());
      }
      cases.push_back(std::move(one));
    }
    block.clear();
  };
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("#") && block.empty()) continue;
    if (line.empty()) {
      flush();
      continue;
    }
    if (block.empty()) start = number;
    block.push_back(line);
  }
  flush();
  return cases;
}

json::Value parsed(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  auto value = json::parse(text, {.depth_max = 20'000});
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *value : json::Value();
}

/// Equal in value; and where the suite writes a number as computed ones are printed, in text.
bool fits(const std::string& printed, const std::string& expected) {
  const json::Value wanted = parsed(expected);
  if (wanted->is_number() && json::Value::number(wanted->as_double())->to_text() == expected) return printed == expected;
  return json::equal(parsed(printed), wanted);
}

/// Empty if the case passes, else what went wrong.
std::string outcome(const Case& one) {
  CompileOptions options;
  // An input that is no JSON, such as [nan], is made by a program.
  const bool json_input = one.fails || json::parse(one.input, {.depth_max = 20'000}).ok() || one.input.starts_with("\xEF\xBB\xBF");
  auto program = Program::compile(json_input ? one.program : one.input + " | " + one.program, options);
  if (one.fails) {
    if (program.ok()) return "compiles";
    const std::string& message = one.expected.front();
    // The column must be that of jq; the words too, but for bison's lists of tokens.
    const size_t at = message.find(" at <top-level>");
    const size_t column = message.rfind("column ");
    if (at == std::string::npos || column == std::string::npos) return "";
    const std::string text = message.substr(11, at - 11);
    const std::string where = message.substr(column, message.size() - column - 1);
    const std::string& got = program.error().message();
    if (got.find(where + ":") == std::string::npos && !message.starts_with("jq: error: syntax error, unexpected end")) return "says " + got;
    if (text.starts_with("syntax error") || text.starts_with("Module") || text.starts_with("Import")) return "";
    return got.find(text) == std::string::npos ? "says " + got : "";
  }
  if (!program.ok()) return program.error().message();
  const json::Value input = json_input ? parsed(one.input) : json::Value();
  Budget budget = kCommandLineBudget;
  std::vector<std::string> printed;
  const Status status = program->print_each(input, {}, {UtcTime{0}}, budget, Texts::quoted, [&](const std::string& text) {
    printed.push_back(text);
    return true;
  });
  // As in jq's runner, an error after the expected results is none of the case's business.
  std::string got;
  if (!status.ok()) got = " error " + status.error().message();
  bool same = printed.size() == one.expected.size();
  for (size_t i = 0; i < printed.size(); ++i) {
    got += " " + printed[i].substr(0, 300);
    same = same && fits(printed[i], one.expected[i]);
  }
  return same ? "" : "gives" + got;
}

/// The examples of the manual.
std::vector<Case> read_manual(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto documents = json::parse_yaml(text);
  std::vector<Case> cases;
  EXPECT_TRUE(documents.ok()) << (documents.ok() ? "" : documents.error().message());
  if (!documents.ok()) return cases;
  auto examples = Program::compile(
      ".sections[].entries[]?.examples[]? | [.program, .input, .output[]] | map(tostring)");
  Budget budget = kCommandLineBudget;
  auto found = examples->evaluate((*documents)[0].value, {}, {}, budget);
  EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message());
  if (!found.ok()) return cases;
  for (const json::Value& example : *found) {
    Case one;
    int i = 0;
    for (json::View part : example->elements()) {
      if (i == 0) one.program = part.as_string();
      else if (i == 1) one.input = part.as_string();
      else one.expected.emplace_back(part.as_string());
      ++i;
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

void run_cases(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  const std::vector<Case> cases = name.ends_with(".yml") ? read_manual(path) : read_cases(path);
  EXPECT_FALSE(cases.empty());
  int passed = 0;
  int left_out = 0;
  int failed = 0;
  for (const Case& one : cases) {
    if (skipped().contains(one.program)) {
      ++left_out;
      continue;
    }
    const std::string wrong = outcome(one);
    if (wrong.empty()) {
      ++passed;
    } else {
      ++failed;
      ADD_FAILURE() << name << ":" << one.line << ": " << one.program << "\n  input " << one.input.substr(0, 200)
                    << "\n  " << wrong;
    }
  }
  std::cout << name << ": " << passed << " passed, " << left_out << " left out, " << failed << " failed\n";
}

void run_suite(const std::string& name) {
  const char* shared = std::getenv("HENCE_SHARED_DIR");
  const std::string folder = (shared != nullptr ? shared : HENCE_SOURCE_DIR "/../shared") + std::string("/conformance/jq");
  if (!std::filesystem::exists(folder + "/" + name)) GTEST_SKIP() << "no " << folder << "/" << name;
  run_cases(folder, name);
}

const std::string kOwnCases = HENCE_SOURCE_DIR "/tests/jq";

/// Whether the name stands in the program as a word of its own.
bool names(const std::string& program, const std::string& name) {
  const auto part_of_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.'; };
  for (size_t at = program.find(name); at != std::string::npos; at = program.find(name, at + 1)) {
    const bool before = at > 0 && part_of_name(program[at - 1]);
    const size_t end = at + name.size();
    if (!before && (end == program.size() || !part_of_name(program[end]))) return true;
  }
  return false;
}

TEST(OwnCases, Pass) {
  for (const auto& entry : std::filesystem::directory_iterator(kOwnCases)) run_cases(kOwnCases, entry.path().filename());
}

TEST(OwnCases, EveryBuiltinHasOne) {
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::directory_iterator(kOwnCases)) {
    for (Case& one : read_cases(entry.path())) cases.push_back(std::move(one));
  }
  Budget budget = kCommandLineBudget;
  const auto builtins = Program::compile("builtins | map(split(\"/\")[0]) | unique[]")->evaluate({}, {}, {}, budget);
  ASSERT_TRUE(builtins.ok());
  EXPECT_GT(builtins->size(), 180u);
  for (const json::Value& builtin : *builtins) {
    const std::string name(builtin->as_string());
    const bool covered = std::any_of(cases.begin(), cases.end(), [&](const Case& one) { return names(one.program, name); });
    EXPECT_TRUE(covered) << name << " has no case; add one to tests/jq/builtins.test";
  }
}

TEST(JqSuite, JqTest) { run_suite("jq.test"); }
TEST(JqSuite, ManTest) { run_suite("man.test"); }
TEST(JqSuite, ManualExamples) { run_suite("manual-1.8.yml"); }

}  // namespace
}  // namespace hence::expr

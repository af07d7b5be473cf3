// SPDX-License-Identifier: Apache-2.0
// Generated programs over generated inputs, beside libjq 1.6: the results must be the same but for
// what jq changed between 1.6 and 1.8, each change listed below with the programs it explains.
//
//   HENCE_DIFFERENTIAL_CASES  program × input pairs (default 2,000; tools/test_long: 100,000)
//   HENCE_DIFFERENTIAL_SEED   where to begin (default 1)
#include <gtest/gtest.h>
extern "C" {
#include <jq.h>
}

#include <cstdlib>

#include "expr/program.h"
#include "json/parse.h"

// libjq 1.6 loses values of programs that fail. Asked by the leak sanitizer, where there is one.
extern "C" const char* __lsan_default_suppressions() { return "leak:libjq.so\n"; }

namespace hence::expr {
namespace {

constexpr size_t kInputsOfAProgram = 20;
constexpr size_t kResultsMax = 50;
constexpr size_t kShownMax = 20;

/// splitmix64: the same seed, the same programs, on every machine.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t n) {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (z ^ (z >> 31)) % n;
  }
  template <size_t N>
  std::string pick(const char* const (&words)[N]) {
    return words[below(N)];
  }

 private:
  uint64_t state_;
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : dice_(seed) {}

  std::string value(int depth) {
    static constexpr const char* kScalars[] = {"null", "true", "false", "0", "1", "-1", "2", "3.5", "10", "\"\"", "\"a\"",
                                               "\"b\"", "\"abc\"", "\"a,b\"", "\"1\"", "\"x y\"", "\"é\"", "\"AbC\""};
    const uint64_t roll = depth <= 0 ? 0 : dice_.below(4);
    if (roll < 2) return dice_.pick(kScalars);
    std::string out = roll == 2 ? "[" : "{";
    const uint64_t count = dice_.below(4);
    for (uint64_t i = 0; i < count; ++i) {
      if (i != 0) out += ",";
      if (roll == 3) out += "\"" + std::string(1, "abcd"[i]) + "\":";
      out += value(depth - 1);
    }
    return out + (roll == 2 ? "]" : "}");
  }

  std::string program(int depth) {
    if (depth <= 0) return leaf();
    switch (dice_.below(12)) {
      case 0: return leaf();
      case 1: return "(" + program(depth - 1) + " | " + program(depth - 1) + ")";
      case 2: return "(" + program(depth - 1) + ", " + program(depth - 1) + ")";
      case 3: case 4: return operation(depth);
      case 5: case 6: return function(depth);
      case 7: return construction(depth);
      case 8: return control(depth);
      case 9: return binding(depth);
      default: return path_form(depth);
    }
  }

 private:
  std::string leaf() {
    static constexpr const char* kLeaves[] = {
        ".", ".", ".a", ".b", ".c", ".[0]", ".[1]", ".[-1]", ".[]?", ".[1:]", ".[:2]", ".[:-1]", ".a?", ".[0]?", "null", "true",
        "false", "0", "1", "2", "-1", "1.5", "\"a\"", "\"b\"", "\"abc\"", "\"é\"", "[]", "{}", "empty", "[1,2]", "{a:1}",
        "length", "not", "keys?", "values", "type", "add?", "sort?", "reverse?", "tostring", "tojson", "to_entries?", "unique?",
        "min?", "max?", "flatten?", "ascii_downcase?", "ascii_upcase?", "explode?", "any?", "all?", "floor?", "utf8bytelength?",
        "first?", "last?", "arrays", "objects", "iterables", "booleans", "numbers", "strings", "nulls", "scalars", "tostream",
        "[paths]", "[leaf_paths]", "[..]", "@text", "@json", "@base64", "@uri", "@html", "@csv?", "@tsv?", "@sh?", "transpose?",
        "tonumber?", "fromjson?", "from_entries?", "implode?", "[limit(3; .[]?)]", "[recurse]", "sqrt?"};
    return settled(dice_.pick(kLeaves));
  }
  /// In 1.6 a "?" also catches errors of what comes after it, as long as what stands before it may have
  /// more results: here all of them are taken first.
  static std::string settled(const std::string& text) {
    return text.ends_with('?') || text == ".." ? "([" + text + "] | .[])" : text;
  }
  std::string operation(int depth) {
    static constexpr const char* kOperators[] = {"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "//"};
    return "(" + program(depth - 1) + " " + dice_.pick(kOperators) + " " + program(depth - 1) + ")";
  }
  std::string function(int depth) {
    static constexpr const char* kOne[] = {"map", "select", "sort_by", "group_by", "unique_by", "min_by", "max_by", "with_entries",
                                           "any", "all", "has", "contains", "inside", "startswith", "endswith", "ltrimstr", "rtrimstr",
                                           "split", "join", "index", "first", "last", "map_values", "path",
                                           "paths", "del", "to_entries | map", "recurse_down | select", "walk", "flatten", "range",
                                           "test", "error", "in", "combinations | select"};
    const std::string name = dice_.pick(kOne);
    if (name == "recurse_down | select") return "([..] | .[] | select(" + program(depth - 1) + "))";
    if (name == "combinations | select") return "[splits(\"a\")?]";
    if (name == "paths") return "[paths(" + program(depth - 1) + ")]";
    if (name == "path" || name == "del") return name + "(" + path(depth - 1) + ")";
    if (name == "range") return "[range(0; 3) | " + program(depth - 1) + "]";
    if (name == "index") return std::string("[index(\"a\")?, rindex(\"b\")?, indices(1)?]");
    if (name == "map_values") return "map_values(" + one(depth - 1) + ")";  // `|= empty` changed with 1.7
    if (name == "test") return "test(\"[ab]\")";
    if (name == "to_entries | map") return "([to_entries?] | .[] | map(.value | " + program(depth - 1) + "))";
    return name + "(" + program(depth - 1) + ")";
  }
  std::string construction(int depth) {
    switch (dice_.below(4)) {
      case 0: return "[" + program(depth - 1) + "]";
      case 1: return "{a: (" + program(depth - 1) + "), b: (" + program(depth - 1) + ")}";
      case 2: return "{(" + program(depth - 1) + " | tostring): 1}";
      default: return "\"x\\(" + program(depth - 1) + ")y\"";
    }
  }
  std::string control(int depth) {
    switch (dice_.below(6)) {
      case 0: return "(if " + program(depth - 1) + " then " + program(depth - 1) + " else " + program(depth - 1) + " end)";
      case 1: return "([try " + program(depth - 1) + " catch \"caught\"] | .[])";
      case 2: return settled("(" + program(depth - 1) + ")?");
      case 3: return "[limit(2; " + program(depth - 1) + ")]";
      case 4: return "first(" + program(depth - 1) + ")";
      default: return "(label $out | " + program(depth - 1) + ", break $out, 1)";
    }
  }
  std::string binding(int depth) {
    switch (dice_.below(6)) {
      case 0: return "((" + program(depth - 1) + ") as $x | [$x, " + program(depth - 1) + "])";
      case 1: return "(. as [$x, $y] | {x: $x, y: $y} | " + program(depth - 1) + ")";
      case 2: return "(. as {a: $x, b: [$y]} | [$x, $y] | " + program(depth - 1) + ")";
      case 3: return "(reduce ([.[]?] | .[]) as $x (" + one(depth - 2) + "; . + $x | " + one(depth - 2) + "))";
      case 4: return "[foreach ([.[]?] | .[]) as $x (" + one(depth - 2) + "; [., $x]; " + program(depth - 2) + ")]";
      default: return "(def f(g): [g, g]; def h: " + program(depth - 1) + "; f(h))";
    }
  }
  /// With one result at least: what none means to reduce changed with 1.7.
  std::string one(int depth) { return "first(" + program(depth) + ", null)"; }
  std::string path(int depth) {
    static constexpr const char* kPaths[] = {".a", ".b", ".[0]", ".[1]", ".[]", ".a.b", ".a[0]", ".[1:]", ".a, .b", ".[-1]"};
    if (depth <= 0) return dice_.pick(kPaths);
    switch (dice_.below(5)) {
      case 0: return "(" + path(depth - 1) + " | select(" + program(depth - 1) + "))";
      case 1: return "(" + path(depth - 1) + " | " + path(depth - 1) + ")";
      case 2: return "first(" + path(depth - 1) + ")";
      case 3: return "(if " + program(depth - 1) + " then " + path(depth - 1) + " else " + path(depth - 1) + " end)";
      default: return dice_.pick(kPaths);
    }
  }
  std::string path_form(int depth) {
    static constexpr const char* kForms[] = {"=", "|=", "+=", "-=", "*=", "//=", "/="};
    switch (dice_.below(5)) {
      case 0: return "[path(" + path(depth - 1) + ")]";
      case 1: return settled("getpath([\"a\", 0])?");
      case 2: return "delpaths([paths | select(length > 1)])";
      case 3: return "setpath([\"a\"]; " + program(depth - 1) + ")";
      default: return "(" + path(depth - 1) + " " + dice_.pick(kForms) + " " + one(depth - 1) + ")";
    }
  }

  Dice dice_;
};

/// What changed between 1.6 and 1.8: a difference in a program that has the words is explained.
struct Change {
  const char* words;
  const char* reason;
};
constexpr Change kChanges[] = {
    {"@uri", "1.7: reserved characters are escaped"},
    {"from_entries", "1.7: keys may be numbers, null and booleans"},
    {"with_entries", "1.7: keys may be numbers, null and booleans"},
    {"error(", "1.7: null is an error like any other"},
    {"transpose", "1.7: of whatever has values with a length"},
    {" * ", "1.8: a text times zero is empty, was null"},
    {"*=", "1.8: a text times zero is empty, was null"},
    {"all(", "1.7: errors of later elements are not lost"},
    {"any(", "1.7: errors of later elements are not lost"},
    {"last(", "1.7: last of nothing is nothing, was null"},
    {"reverse", "1.7: strings and null have a reverse"},
    {"walk(", "1.7: each result of the function counts, keys keep their order"},
    {"implode", "1.7: code points are checked"},
    {"ltrimstr", "1.8: the input must be a string"},
    {"rtrimstr", "1.8: the input must be a string"},
    {"limit(", "1.7: takes no more than it needs"},
    {"@base64", "1.7: what is not base64 is an error"},
    {"tojson", "1.7: 17 digits at most, numbers keep their text"},
    {"tostring", "1.7: 17 digits at most, numbers keep their text"},
    {"@text", "1.7: 17 digits at most, numbers keep their text"},
};

struct Outcome {
  std::vector<json::Value> results;
  bool failed = false;
  bool compiled = true;
  bool too_large = false;  ///< over our budget, and so not for libjq, which has none

  std::string text() const {
    std::string out = compiled ? "" : "does not compile";
    for (const json::Value& value : results) out += value->to_text() + " ";
    return out + (failed ? "error" : "");
  }
};

bool same(const Outcome& a, const Outcome& b) {
  if (a.compiled != b.compiled || a.failed != b.failed || a.results.size() != b.results.size()) return false;
  for (size_t i = 0; i < a.results.size(); ++i) {
    if (!json::equal(a.results[i], b.results[i])) return false;
  }
  return true;
}

class Libjq {
 public:
  Libjq() : jq_(jq_init()) {
    jq_set_error_cb(jq_, [](void*, jv message) { jv_free(message); }, nullptr);
  }
  ~Libjq() { jq_teardown(&jq_); }
  Libjq(const Libjq&) = delete;
  Libjq& operator=(const Libjq&) = delete;

  bool compile(const std::string& program) { return jq_compile(jq_, program.c_str()) != 0; }
  Outcome run(const std::string& input) {
    Outcome out;
    jq_start(jq_, jv_parse(input.c_str()), 0);
    while (out.results.size() < kResultsMax) {
      jv value = jq_next(jq_);
      if (!jv_is_valid(value)) {
        out.failed = jv_invalid_has_msg(jv_copy(value)) != 0;
        jv_free(value);
        break;
      }
      jv text = jv_dump_string(value, 0);
      auto parsed = json::parse(jv_string_value(text), {.depth_max = 10'000});
      out.results.push_back(parsed.ok() ? *parsed : json::Value());
      jv_free(text);
    }
    return out;
  }

 private:
  jq_state* jq_;
};

Outcome run_ours(const Program& program, const std::string& input) {
  Outcome out;
  Budget budget{200'000, 16 << 20, 1'000, 1 << 20};
  const Status status = program.print_each(*json::parse(input), {}, {}, budget, Texts::quoted, [&](const std::string& text) {
    // As libjq's results: numbers by their binary64.
    const auto printed = json::parse(text, {.depth_max = 10'000});
    out.results.push_back(printed.ok() ? *printed : json::Value());
    return out.results.size() < kResultsMax;
  });
  out.failed = !status.ok();
  out.too_large = !status.ok() && status.error().code() == ErrorCode::BudgetExceeded;
  return out;
}

/// The reason a program may differ; null where it may not.
const char* explanation(const std::string& program) {
  for (const Change& change : kChanges) {
    if (program.find(change.words) != std::string::npos) return change.reason;
  }
  return nullptr;
}

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Differential, GeneratedProgramsGiveWhatLibjqGives) {
  const uint64_t cases = setting("HENCE_DIFFERENTIAL_CASES", 2'000);
  const uint64_t first = setting("HENCE_DIFFERENTIAL_SEED", 1);
  size_t explained = 0, unexplained = 0, neither = 0, shown = 0;
  uint64_t last_shown = 0;
  for (uint64_t done = 0, seed = first; done < cases; ++seed) {
    Generator generator(seed);
    const std::string text = generator.program(4);
    Libjq libjq;
    const bool theirs_compiles = libjq.compile(text);
    const Result<Program> ours = Program::compile(text);
    if (!theirs_compiles && !ours.ok()) ++neither;
    for (size_t i = 0; i < kInputsOfAProgram && done < cases; ++i, ++done) {
      const std::string input = generator.value(3);
      Outcome a, b;
      a.compiled = theirs_compiles;
      b.compiled = ours.ok();
      if (ours.ok()) b = run_ours(*ours, input);
      if (b.too_large) continue;
      if (theirs_compiles) a = libjq.run(input);
      if (same(a, b)) continue;
      if (explanation(text) != nullptr) {
        ++explained;
        continue;
      }
      ++unexplained;
      if (seed != last_shown && ++shown <= kShownMax) {
        last_shown = seed;
        ADD_FAILURE() << "seed " << seed << ": " << text << "\n  input  " << input << "\n  libjq  " << a.text() << "\n  hence  " << b.text();
      }
    }
  }
  EXPECT_EQ(unexplained, 0u);
  std::cout << cases << " cases from seed " << first << ": " << explained << " differ as jq 1.8 does, " << unexplained
            << " unexplained, " << neither << " programs compile for neither\n";
}

}  // namespace
}  // namespace hence::expr

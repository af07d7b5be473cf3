// SPDX-License-Identifier: Apache-2.0
// `hence bench expr`: jq programs over values that are parsed already, one thread, in the thread's
// own time. What the peers do in bench/peers is the same: compile once, run over every value, look
// at every result.

#include <malloc.h>

#include "cli/bench/inputs.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "expr/program.h"

namespace hence::cli {
namespace {

using bench::fastest;
using bench::read_lines;
using bench::read_values;
using bench::write_machine;

constexpr size_t kManyPrograms = 1'000;
/// Compiles of one pass: one alone takes less than the clock of a thread, which may stand still for some
/// microseconds on a virtual machine, tells apart.
constexpr int kCompilesOfPass = 500;

/// Inputs of one pass: few enough to stay in the caches, as a server's events do.
constexpr size_t kInputsMax = 1'000;

struct Timing {
  double seconds = 0;  ///< of one pass
  size_t results = 0;
  std::string error;   ///< the first
};

Timing time_program(const expr::Program& program, const std::vector<json::Value>& inputs, const expr::Budget& limits,
                    UtcTime now) {
  Timing timing;
  timing.seconds = fastest([&] {
    timing.results = 0;
    for (const json::Value& input : inputs) {
      expr::Budget budget = limits;
      const Status status = program.evaluate_each(input, {}, {now}, budget, [&](json::Value) {
        ++timing.results;
        return true;
      });
      if (!status.ok() && timing.error.empty()) timing.error = status.error().message();
    }
  });
  return timing;
}

/// Bytes that so many compiled programs hold, each made different from the others.
size_t bytes_of_many(const std::vector<std::string>& sources) {
  std::vector<expr::Program> programs;
  programs.reserve(kManyPrograms);
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 0; i < kManyPrograms; ++i) {
    auto made = expr::Program::compile("if .n" + std::to_string(i) + " then null else " + sources[i % sources.size()] + " end");
    if (made.ok()) programs.push_back(std::move(*made));
  }
  return mallinfo2().uordblks - before;
}

/// Programs that use up the whole budget of a `when`, each in another way: what an event may cost at most.
constexpr const char* kGreedy[] = {
    "reduce range(1e9) as $i (0; . + $i)",
    "last(range(1e9))",
    "[limit(1e9; repeat(1))] | length",
    "reduce range(1e9) as $i (\"\"; . + \"a\")",
    "reduce range(1e9) as $i ({}; .[\"k\\($i)\"] = $i)",
    "[range(1e9) | tostring | ascii_downcase | explode | implode] | length",
    "[range(1e9) | \"abc\" | test(\"^a.c$\")] | length",
    "(\"a\" * 300000) as $s | reduce range(1e9) as $i (0; $s | length | 0)",
    "(\"a\" * 300000) as $s | reduce range(1e9) as $i (0; $s | contains(\"b\") | 0)",
    "(\"a\" * 300000) as $s | reduce range(1e9) as $i (0; $s[1:5] | 0)",
    "[range(1e9) as $i | paths] | length",
    "(\"a\" * 200000) as $s | reduce range(1e9) as $i (0; $s | contains(\"baaaaaaa\") | 0)",
    "(\"a\" * 200000) as $s | reduce range(1e9) as $i (0; $s | @base64d | 0)",
    "(\" \" * 200000) as $s | reduce range(1e9) as $i (0; $s | trim | 0)",
    "[range(8000)] as $a | reduce range(1e9) as $i (0; $a == $a | 0)",
    "[range(8000)] as $a | reduce range(1e9) as $i (0; first($a | ..) | 0)",
    "[range(2000)] as $a | reduce range(1e9) as $i (0; $a | del(.[]) | 0)",
    "[range(2000) | tostring] as $a | reduce range(1e9) as $i (0; $a | sort | 0)",
    "(reduce range(1000) as $i ({}; .[\"k\\($i)\"] = 1)) as $o | reduce range(1e9) as $i (0; $o == $o | 0)",
    "(reduce range(1000) as $i ({}; .[\"k\\($i)\"] = 1)) as $o | reduce range(1e9) as $i (0; $o | del(.k1) | 0)",
    "(reduce range(1000) as $i ({}; .[\"k\\($i)\"] = 1)) as $o | reduce range(1e9) as $i (0; (try ($o + 1) catch .) | 0)",
    "reduce range(1e9) as $i (0; \"abc\" | test(\"[\\\\w\\\\d]\"; \"i\") | 0)",
    "reduce range(1e9) as $i (0; 1700000000 | strftime(\"%c\") | 0)",
    "reduce range(1e9) as $i (0; 1.1e-300 | tostring | 0)",
    "def f: f; f",
    "def f(g; h): f(h; g); f(1; 2)",
    "def f(a; b; c; d): f(d; c; b; a); f(1; 2; 3; 4)",
};

/// The time of the one that takes longest, over the first input.
json::Value run_greedy(const json::Value& input, UtcTime now) {
  double most = 0;
  std::string worst;
  for (const char* source : kGreedy) {
    const auto program = expr::Program::compile(source);
    const double seconds = fastest([&] {
      expr::Budget budget = expr::kWhenBudget;
      const Status ended = program->evaluate_each(input, {}, {now}, budget, [](json::Value) { return true; });
      HENCE_CHECK(!ended.ok());
    });
    if (seconds <= most) continue;
    most = seconds;
    worst = source;
  }
  json::Builder out;
  out.begin_object().member("bench", "expr").member("peer", "hence").key("whenAtItsLimitMs").number(bench::rounded(most * 1e3, 3));
  out.member("source", worst).key("programs").number(static_cast<int64_t>(std::size(kGreedy)));
  out.end_object();
  return std::move(out).finish();
}

Result<json::Value> run_one(const std::string& source, size_t number, const std::vector<json::Value>& inputs,
                            const expr::Budget& limits, UtcTime now) {
  auto program = expr::Program::compile(source);
  if (!program.ok()) return program.error().in("program " + std::to_string(number));
  const double compile = fastest([&] {
    for (int i = 0; i < kCompilesOfPass; ++i) program = expr::Program::compile(source);
  }) / kCompilesOfPass;
  const Timing timing = time_program(*program, inputs, limits, now);
  json::Builder out;
  out.begin_object().member("bench", "expr").member("peer", "hence").key("program").number(static_cast<int64_t>(number));
  out.member("source", source).key("ns").number(static_cast<int64_t>(timing.seconds * 1e9 / static_cast<double>(inputs.size()) + 0.5));
  out.key("compileNs").number(static_cast<int64_t>(compile * 1e9 + 0.5));
  out.key("results").number(static_cast<int64_t>(timing.results));
  if (!timing.error.empty()) out.member("error", timing.error);
  out.end_object();
  return std::move(out).finish();
}

}  // namespace

int bench_expr(const Call& call) {
  std::string programs, inputs, budget = "workflow";
  Flags flags(call);
  flags.text("--programs", programs, "a file with a jq program on each line", Need::required);
  flags.text("--inputs", inputs, "a file of JSON values, packed with gzip or not; the first 1,000 count", Need::required);
  flags.text("--budget", budget, "when, workflow or command: of each evaluation");
  if (const auto code = flags.parse()) return *code;
  const bool known = budget == "when" || budget == "workflow" || budget == "command";
  if (!known) return call.io.fail("--budget must be when, workflow or command", kExitWrongUse);
  const expr::Budget limits = budget == "when" ? expr::kWhenBudget : budget == "workflow" ? expr::kWorkflowBudget : expr::kCommandLineBudget;
  const Result<std::vector<std::string>> sources = read_lines(programs);
  if (!sources.ok()) return call.io.fail(sources.error());
  Result<std::vector<json::Value>> values = read_values(inputs);
  if (!values.ok()) return call.io.fail(values.error());
  if (sources->empty() || values->empty()) return call.io.fail("there are no programs or no values in the files", kExitWrongUse);
  if (values->size() > kInputsMax) values->resize(kInputsMax);
  for (size_t i = 0; i < sources->size(); ++i) {
    const Result<json::Value> line = run_one((*sources)[i], i + 1, *values, limits, call.io.now());
    if (!line.ok()) return call.io.fail(line.error().message(), kExitWrongUse);
    call.io.out((*line)->to_text() + "\n");
  }
  call.io.out(run_greedy(values->front(), call.io.now())->to_text() + "\n");
  json::Builder out;
  out.begin_object().member("bench", "expr").member("peer", "hence");
  out.key("programs").number(static_cast<int64_t>(kManyPrograms));
  out.key("compiledBytes").number(static_cast<int64_t>(bytes_of_many(*sources)));
  write_machine(out);
  out.end_object();
  call.io.out(std::move(out).finish()->to_text() + "\n");
  return kExitOk;
}

}  // namespace hence::cli

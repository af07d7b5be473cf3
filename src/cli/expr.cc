// SPDX-License-Identifier: Apache-2.0
// `hence expr eval`: a jq program over a stream of JSON values, one result a line.

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "expr/program.h"
#include "json/parse.h"

namespace hence::cli {
namespace {

constexpr uint32_t kInputDepthMax = 10'000;

struct EvalFlags {
  std::string program, input = "-";
  std::vector<std::pair<std::string, std::string>> texts, values;
  bool raw = false, null_input = false, explain = false;
};

/// The program, with the values of its variables.
struct Prepared {
  expr::Program program;
  std::vector<json::Value> values;
};

Result<Prepared> prepare(const EvalFlags& flags) {
  expr::CompileOptions options;
  options.locate_errors = true;
  std::vector<json::Value> values;
  for (const auto& [name, text] : flags.texts) {
    options.variables.push_back(name);
    values.push_back(json::Value::string(text));
  }
  for (const auto& [name, text] : flags.values) {
    options.variables.push_back(name);
    Result<json::Value> value = json::parse(text);
    if (!value.ok()) return value.error().in("--argjson " + name);
    values.push_back(std::move(*value));
  }
  HENCE_TRY(expr::Program program, expr::Program::compile(flags.program, options));
  return Prepared{std::move(program), std::move(values)};
}

/// One input through the program. False if it failed, which has been said.
bool evaluate(const Io& io, const EvalFlags& flags, const Prepared& prepared, json::View input) {
  const std::vector<json::View> views(prepared.values.begin(), prepared.values.end());
  expr::Budget budget = expr::kCommandLineBudget;
  const expr::Texts texts = flags.raw ? expr::Texts::raw : expr::Texts::quoted;
  const Status status =
      prepared.program.print_each(input, views, {io.now()}, budget, texts, [&](const std::string& result) {
        io.out(result + "\n");
        return true;
      });
  if (status.ok()) return true;
  io.fail(status.error());
  return false;
}

}  // namespace

int expr_eval(const Call& call) {
  EvalFlags eval;
  Flags flags(call);
  flags.positional("PROGRAM", eval.program, "jq 1.8, as rules and workflows use it", Need::optional)
      .dashed_positional(eval.program);
  flags.text("--input", eval.input, "a file of JSON values instead of standard input");
  flags.pairs("--arg", eval.texts, "NAME VALUE: $NAME is the text VALUE");
  flags.pairs("--argjson", eval.values, "NAME JSON: $NAME is the value JSON");
  flags.flag("-r,--raw", eval.raw, "prints results that are texts without quotes");
  flags.flag("-n,--null-input", eval.null_input, "runs once, over null, and reads nothing");
  flags.flag("--explain", eval.explain, "prints the compiled program and runs nothing");
  if (const auto code = flags.parse()) return *code;
  if (eval.program.empty())
    return call.io.fail("expr eval wants a PROGRAM, such as '.data.risk >= 3'", kExitWrongUse);
  const Result<Prepared> prepared = prepare(eval);
  if (!prepared.ok()) return call.io.fail(prepared.error().message(), kExitWrongUse);
  if (eval.explain) {
    call.io.out(prepared->program.explain());
    return kExitOk;
  }
  if (eval.null_input)
    return evaluate(call.io, eval, *prepared, json::View()) ? kExitOk : kExitExpression;

  const Result<std::string> text = read_file(call.io, eval.input);
  if (!text.ok()) return call.io.fail(text.error());
  std::string_view rest = *text;
  bool good = true;
  while (true) {
    const Result<std::optional<json::Value>> input = json::parse_next(
        rest, {.depth_max = kInputDepthMax, .duplicate_keys = json::DuplicateKeys::last_wins});
    if (!input.ok()) return call.io.fail(input.error().in("input").message(), kExitWrongUse);
    if (!*input) return good ? kExitOk : kExitExpression;
    good = evaluate(call.io, eval, *prepared, **input) && good;
  }
}

}  // namespace hence::cli

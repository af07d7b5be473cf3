// SPDX-License-Identifier: Apache-2.0
#include "expr/program.h"

#include "expr/analyze.h"
#include "expr/builtins.h"
#include "expr/evaluate.h"
#include "expr/lower.h"
#include "expr/machine.h"
#include "json/parse.h"

namespace hence::expr {

struct Program::Code {
  std::string source;
  size_t variables = 0;
  bool locate_errors = false;
  Compiled compiled;
  Reads reads;
  std::vector<Comparison> comparisons;
};

namespace {

std::string over_budget(Run& run) {
  const std::string what = run.exhausted();
  const std::string text = "the expression used up its budget of " + what + "; make it do less";
  const char* const settings = run.budget().settings;
  if (settings == nullptr) return text + ": the limit is fixed here";
  return text + ", or raise " + settings + "." + (what == "output bytes" ? "outputBytes" : what);
}

/// jq's message for the value that ended the run.
std::string jq_message(Run& run) {
  const Val error = std::move(run.error);
  if (error.is_string()) return std::string(error.text());
  std::string text;
  write_text(run, error, text);
  return text + " (not a string)";
}

/// Gives every result to take(Val&&) → Flow, in order.
template <typename F>
Flow run_program(Run& run, const Compiled& compiled, json::View input,
                 std::span<const json::View> values, F& take) {
  run.slots.resize(compiled.slots);
  for (size_t i = 0; i < values.size(); ++i) run.slots[i] = Val(values[i]);
  if (compiled.root->kind != Kind::steps) return each(run, *compiled.root, Val(input), take);
  Machine machine(run, compiled, Val(input));
  for (;;) {
    Val out;
    Flow flow = machine.next(out);
    if (flow == Flow::value) flow = take(std::move(out));
    if (flow != Flow::value) return flow == Flow::empty ? Flow::value : flow;
  }
}

bool to_value(Run& run, const Val& value, json::Value& out) {
  switch (value.tag()) {
    case Tag::null: out = json::Value(); return true;
    case Tag::boolean_false: out = json::Value::boolean(false); return true;
    case Tag::boolean_true: out = json::Value::boolean(true); return true;
    case Tag::number: out = json::Value::number(value.number()); return true;
    case Tag::string:
      if (value.size() > run.budget().output_bytes) return run.exhaust("output bytes");
      run.budget().output_bytes -= value.size();
      out = json::Value::string(value.text());
      return true;
    case Tag::array: case Tag::object: break;
    default: out = json::Value(value.view()); return true;
  }
  json::Builder builder;
  if (!to_builder(run, value, run.budget().depth, run.budget().output_bytes, builder)) return false;
  run.budget().output_bytes -= std::min<uint64_t>(builder.bytes(), run.budget().output_bytes);
  out = std::move(builder).finish();
  return true;
}

/// The parts of a condition's tree that settled what it came to.
struct DecidingParts {
  DecidingParts(Run& of, Val given) : run(of), input(std::move(given)) {}

  void visit(const Node& node) {
    if (node.op == Op::logical_and || node.op == Op::logical_or) return visit_logical(node);
    if (node.op == Op::condition) {
      visit(*node.a);
      if (const auto test = truth(*node.a)) visit(*test ? *node.b : *node.c);
      return;
    }
    const bool negation = node.op == Op::pipe && node.items.size() == 2 && node.items[1]->op == Op::logical_not;
    if (negation) return visit(*node.items[0]);
    parts.push_back(&node);
  }

  std::vector<const Node*> parts;

 private:
  void visit_logical(const Node& node) {
    const bool is_and = node.op == Op::logical_and;
    const auto first = truth(*node.a);
    if (first != is_and) return visit(*node.a);  // settled there, or failed
    // The other side is what was left to say; where it agrees, both were needed.
    if (truth(*node.b) == is_and) visit(*node.a);
    visit(*node.b);
  }
  /// Nothing where it fails or has not one result.
  std::optional<bool> truth(const Node& node) {
    Val out;
    if (node.kind != Kind::one || evaluate(run, node, input, out) != Flow::value) return std::nullopt;
    return out.truthy();
  }

  Run& run;
  const Val input;
};

}  // namespace

Error Program::failure(Run& run) const {
  std::string text;
  if (!run.over()) text = jq_message(run);
  ErrorCode code = ErrorCode::ExpressionFailed;
  if (run.denied()) {
    code = ErrorCode::SecretUnavailable;
    text = "there is no secret " + *run.denied() + " here; use.secrets of the workflow names those that may be read";
  } else if (run.over()) {
    code = ErrorCode::BudgetExceeded;
    text = over_budget(run);
  }
  if (code_->locate_errors && run.error_position != Run::kNowhere)
    text = with_place(code_->source, run.error_position, text);
  return Error(code, std::move(text));
}

Result<Program> Program::compile(std::string_view source, const CompileOptions& options) {
  if (source.size() > options.source_bytes_max) {
    return Error(ErrorCode::ExpressionInvalid,
                 "the expression has " + std::to_string(source.size()) + " bytes; the limit is " +
                     std::to_string(options.source_bytes_max));
  }
  if (!json::is_utf8(source)) {
    return Error(ErrorCode::ExpressionInvalid, "the expression is not valid UTF-8");
  }
  auto code = std::make_shared<Code>();
  code->source = source;
  code->variables = options.variables.size();
  code->locate_errors = options.locate_errors;
  Arena arena;
  HENCE_TRY(Ast* ast, parse_program(source, options.variables, library(), arena));
  HENCE_TRY_VOID(lower_program(source, *ast, options.variables.size(), code->compiled));
  if (code->compiled.root->kind == Kind::steps) generate_code(code->compiled);
  code->reads = find_reads(code->compiled, options.variables);
  code->comparisons = find_comparisons(code->compiled);
  return Program(std::move(code));
}

Status Program::evaluate_each(json::View input, std::span<const json::View> values,
                              const Environment& environment, Budget& budget,
                              const std::function<bool(json::Value)>& take) const {
  HENCE_CHECK(values.size() == code_->variables);
  Run run(budget, environment);
  auto give = [&](Val&& value) {
    run.charge(sizeof(json::Value));
    if (value.is_bool() && !run.over()) {
      return take(json::Value::boolean(value.truthy())) ? Flow::value : Flow::stop;
    }
    json::Value result;
    if (!to_value(run, value, result) || run.over()) return Flow::error;
    return take(std::move(result)) ? Flow::value : Flow::stop;
  };
  if (run_program(run, code_->compiled, input, values, give) == Flow::error) return failure(run);
  return {};
}

Status Program::print_each(json::View input, std::span<const json::View> values,
                           const Environment& environment, Budget& budget, Texts texts,
                           const std::function<bool(const std::string&)>& take) const {
  HENCE_CHECK(values.size() == code_->variables);
  Run run(budget, environment);
  auto give = [&](Val&& value) {
    std::string text;
    if (texts == Texts::raw && value.is_string()) {
      if (!run.charge(value.text().size())) return Flow::error;
      text = value.text();
    } else {
      write_text(run, value, text, budget.output_bytes);
    }
    if (text.size() > budget.output_bytes) run.exhaust("output bytes");
    if (run.over()) return Flow::error;
    budget.output_bytes -= text.size();
    return take(text) ? Flow::value : Flow::stop;
  };
  if (run_program(run, code_->compiled, input, values, give) == Flow::error) return failure(run);
  return {};
}

Result<std::vector<json::Value>> Program::evaluate(json::View input,
                                                   std::span<const json::View> values,
                                                   const Environment& environment,
                                                   Budget& budget) const {
  std::vector<json::Value> results;
  HENCE_TRY_VOID(evaluate_each(input, values, environment, budget, [&](json::Value value) {
    results.push_back(std::move(value));
    return true;
  }));
  return results;
}

Result<json::Value> Program::evaluate_one(json::View input, std::span<const json::View> values,
                                          const Environment& environment, Budget& budget) const {
  HENCE_CHECK(values.size() == code_->variables);
  if (code_->compiled.root->kind == Kind::one) {
    Run run(budget, environment);
    json::Value result;
    auto take = [&](Val&& value) { return to_value(run, value, result) ? Flow::value : Flow::error; };
    if (run_program(run, code_->compiled, input, values, take) == Flow::error) return failure(run);
    return result;
  }
  HENCE_TRY(std::vector<json::Value> results, evaluate(input, values, environment, budget));
  if (results.empty()) return json::Value();
  if (results.size() == 1) return std::move(results[0]);
  json::Builder builder;
  builder.begin_array();
  for (const json::Value& result : results) builder.value(result);
  builder.end_array();
  return std::move(builder).finish();
}

Result<bool> Program::evaluate_condition(json::View input, std::span<const json::View> values,
                                         const Environment& environment, Budget& budget) const {
  HENCE_CHECK(values.size() == code_->variables);
  Run run(budget, environment);
  size_t count = 0;
  bool truth = false;
  auto take = [&](Val&& value) {
    truth = value.truthy();
    return ++count > 1 ? Flow::stop : Flow::value;
  };
  if (run_program(run, code_->compiled, input, values, take) == Flow::error) return failure(run);
  if (count == 1) return truth;
  return Error(ErrorCode::ExpressionFailed,
               count == 0 ? "a condition needs one result, and the expression gave none"
                          : "a condition needs one result, and the expression gave several");
}

std::vector<std::string> Program::deciding_paths(json::View input, std::span<const json::View> values,
                                                 const Environment& environment, Budget& budget) const {
  HENCE_CHECK(values.size() == code_->variables);
  Run run(budget, environment);
  run.slots.resize(code_->compiled.slots);
  for (size_t i = 0; i < values.size(); ++i) run.slots[i] = Val(values[i]);
  DecidingParts found(run, Val(input));
  found.visit(*code_->compiled.root);
  return run.over() ? code_->reads.paths : find_paths(found.parts);
}

const std::string& Program::source() const { return code_->source; }
const Reads& Program::reads() const { return code_->reads; }
const std::vector<Comparison>& Program::comparisons() const { return code_->comparisons; }
std::string Program::explain() const {
  const Reads& reads = code_->reads;
  std::string text = describe(code_->compiled) + "reads:";
  if (reads.whole_input) text += " .";
  for (const std::string& path : reads.paths) text += " " + path;
  for (const std::string& name : reads.variables) text += " $" + name;
  if (reads.constant) text += " nothing";
  return text + (reads.total ? "\ntotal: one result whatever the input\n" : "\n");
}

}  // namespace hence::expr

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A jq 1.8 program, compiled once, evaluated on the engine's values under a budget. Pure: no I/O,
// no clock, no environment. A Program is immutable and may be shared between threads.
//
//   auto program = Program::compile(".data.risk >= $limit", {.variables = {"limit"}});
//   Budget budget = kWhenBudget;
//   auto results = program->evaluate(event, {{limit}}, {}, budget);

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json/value.h"

namespace hence::expr {

class Run;

/// What one evaluation may use; counts down. A limit hit is BudgetExceeded, which try does not catch.
struct Budget {
  uint64_t steps = 1'000'000;
  uint64_t bytes = 16 << 20;        ///< allocated by the evaluation, in all
  uint32_t depth = 10'000;          ///< of calls and of values
  uint64_t output_bytes = 16 << 20; ///< of the results together
  /// Where the configuration sets it, for messages; null: it is fixed.
  const char* settings = nullptr;
};
inline constexpr Budget kWhenBudget{100'000, 1 << 20, 1'000, 1 << 20, "expressions.when"};
inline constexpr Budget kWorkflowBudget{1'000'000, 16 << 20, 10'000, 16 << 20, "expressions.workflow"};
inline constexpr Budget kCommandLineBudget{1'000'000'000, 1 << 30, 100'000, 1 << 30};

struct CompileOptions {
  /// Names of the variables evaluate() is given, without "$", in their order.
  std::vector<std::string> variables;
  size_t source_bytes_max = 64 << 10;
  /// Errors of evaluation begin with their place too ("column 7: Cannot index …"); otherwise they are jq's
  /// message alone, which programs may compare.
  bool locate_errors = false;
};

/// What the world lends an evaluation. Absent now: `now` and friends fail with a sentence. The budgets
/// are what whoever evaluates takes for its place: conditions of rules, and all else.
struct Environment {
  std::optional<UtcTime> now;
  Budget when = kWhenBudget;
  Budget workflow = kWorkflowBudget;
  /// The object of secrets, where one of the values is it (that very view): to ask it for a name it does not
  /// have is SecretUnavailable, which try does not catch.
  json::View secrets = {};
};

/// What a program looks at, found at compile time.
struct Reads {
  std::vector<std::string> paths;      ///< RFC 6901 pointers from ".", where they are static
  bool whole_input = false;            ///< reads "." in ways paths do not tell
  std::vector<std::string> variables;  ///< of those given, the ones used
  std::vector<std::pair<std::string, std::string>> members;  ///< of those: variable and member, where that is static
  bool constant = false;               ///< reads nothing
  bool total = false;                  ///< gives exactly one result and cannot fail, budgets aside
};

/// The program is `PATH op CONSTANT` or `and` of such: what an index can answer. Empty otherwise.
struct Comparison {
  enum class Operator : uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };
  std::vector<std::string> path;  ///< object keys from "."
  Operator op;
  json::Value constant;
};

/// How texts are printed that are results: quoted, or as they are (jq's --raw-output).
enum class Texts : uint8_t { quoted, raw };

class Program {
 public:
  /// Errors: ExpressionInvalid ("column 7: unknown variable $limt; did you mean $limit?"), with the
  /// line too where the source has several; names what is kept out (env, input, import, …).
  static Result<Program> compile(std::string_view source, const CompileOptions& options = {});

  /// All results, in order. values: as many as options.variables.
  /// Errors: ExpressionFailed (jq's message), BudgetExceeded, SecretUnavailable. With options.locate_errors they
  /// say at which step; too large a result is of none.
  Result<std::vector<json::Value>> evaluate(json::View input, std::span<const json::View> values,
                                            const Environment& environment, Budget& budget) const;
  /// Gives each result to take as it is made; false from take ends the evaluation without error.
  /// Results before an error have been given. Errors: as evaluate().
  Status evaluate_each(json::View input, std::span<const json::View> values,
                       const Environment& environment, Budget& budget,
                       const std::function<bool(json::Value)>& take) const;
  /// The same, each result as jq prints it with -c: what was computed in the form of tojson, numbers nobody
  /// computed with in jq's form of their text, which a document cannot tell apart any more.
  Status print_each(json::View input, std::span<const json::View> values,
                    const Environment& environment, Budget& budget, Texts texts,
                    const std::function<bool(const std::string&)>& take) const;
  /// Exactly as the workflow rulings say: none → null, one → it, several → an array of them.
  Result<json::Value> evaluate_one(json::View input, std::span<const json::View> values,
                                   const Environment& environment, Budget& budget) const;
  /// jq's truth of exactly one result: false and null are false. Several or none: ExpressionFailed.
  Result<bool> evaluate_condition(json::View input, std::span<const json::View> values,
                                  const Environment& environment, Budget& budget) const;

  /// Of reads().paths those that settled a condition for this input: of an `and` that is false its first false
  /// part, of an `or` that is true its first true one, of `if` the way taken. All paths where the budget
  /// ends before that is known.
  std::vector<std::string> deciding_paths(json::View input, std::span<const json::View> values,
                                          const Environment& environment, Budget& budget) const;
  const std::string& source() const;
  const Reads& reads() const;
  const std::vector<Comparison>& comparisons() const;
  /// The compiled form, for people (`--explain`).
  std::string explain() const;

  struct Code;

 private:
  Error failure(Run& run) const;

  explicit Program(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

/// If text is wholly one `${ … }`, what stands inside; the form in which documents hold expressions.
std::optional<std::string_view> unwrap(std::string_view text);

/// A JSON value whose string leaves may be `${ … }`: compiled once, evaluated to a value in which
/// each of them is replaced by its (one) result. Strings without the form stay as they are.
class Template {
 public:
  static Result<Template> compile(json::View value, const CompileOptions& options);
  Result<json::Value> evaluate(json::View input, std::span<const json::View> values,
                               const Environment& environment, Budget& budget) const;
  /// Whether any leaf reads the variable.
  bool uses(std::string_view variable) const;
  /// The programs of its leaves, in the order of the document. They live as long as this or a copy of it.
  std::vector<const Program*> programs() const;
  bool constant() const;

  struct Code;

 private:
  std::shared_ptr<const Code> code_;
};

}  // namespace hence::expr

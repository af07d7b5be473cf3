// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a key of the language evaluates to: a jq program (`if`, `when`, `from` as text), or a value
// whose string leaves may be `${ … }` (`set`, `with`, `body`). Arguments stand in numbered slots,
// the fixed ones first, then the variables of the enclosing scopes, outermost first.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "expr/program.h"
#include "json/value.h"

namespace hence::workflow {

/// The arguments of the specification, in the order of their slots.
enum class Argument : uint8_t {
  context, input, output, secrets, authorization, task, workflow, runtime,
  secret,  ///< the name some runtimes use for `secrets`; the same value
};
inline constexpr size_t kArgumentCount = 9;
inline constexpr std::array<std::string_view, kArgumentCount> kArgumentNames = {
    "context", "input", "output", "secrets", "authorization",
    "task", "workflow", "runtime", "secret"};

/// The members of `$task` and `$workflow` that are copied from elsewhere and may be large.
enum class Part : uint8_t {
  task_definition, task_input, task_output,
  task_keys,  ///< the task's own keys ($task.with)
  workflow_definition, workflow_input,
};

/// A set of arguments, and of their parts.
struct ArgumentSet {
  uint32_t bits = 0;  ///< the arguments, then the parts
  constexpr ArgumentSet() = default;
  constexpr ArgumentSet(std::initializer_list<Argument> arguments) {
    for (Argument a : arguments) add(a);
  }
  constexpr bool has(Argument a) const { return (bits & bit(a)) != 0; }
  constexpr bool has(Part p) const { return (bits & bit(p)) != 0; }
  /// The argument with all its parts.
  constexpr void add(Argument a) { bits |= bit(a) | parts_of(a); }
  /// The argument for one member: with the part, if any, that this is.
  void add(Argument a, std::string_view member);

  static constexpr uint32_t parts_of(Argument a) {
    if (a == Argument::workflow) return bit(Part::workflow_definition) | bit(Part::workflow_input);
    if (a != Argument::task) return 0;
    return bit(Part::task_definition) | bit(Part::task_input) | bit(Part::task_output) | bit(Part::task_keys);
  }

 private:
  static constexpr uint32_t bit(Argument a) { return 1u << static_cast<unsigned>(a); }
  static constexpr uint32_t bit(Part p) { return 1u << (kArgumentCount + static_cast<unsigned>(p)); }
};

/// Immutable once compiled; may be shared between threads.
class Formula {
 public:
  Formula() = default;
  static Formula constant(json::Value value) { return Formula(std::move(value)); }
  explicit Formula(expr::Program program);
  explicit Formula(expr::Template tmpl);

  /// False where the document does not have the key.
  bool present() const { return body_.index() != 0; }
  bool is_constant() const { return body_.index() == 1; }
  /// Requires is_constant().
  const json::Value& constant_value() const { return std::get<1>(body_); }

  /// The fixed arguments read, and what of them: all their parts where that is not known.
  ArgumentSet arguments() const { return arguments_; }
  bool reads_secrets() const {
    return arguments_.has(Argument::secrets) || arguments_.has(Argument::secret);
  }

  /// One value: none → null, one → it, several → an array.
  /// Errors: ExpressionFailed, BudgetExceeded.
  Result<json::Value> evaluate(json::View input, std::span<const json::View> slots,
                               const expr::Environment& environment) const;
  /// jq's truth of exactly one result. Errors as above.
  Result<bool> test(json::View input, std::span<const json::View> slots,
                    const expr::Environment& environment) const;

 private:
  explicit Formula(json::Value value) : body_(std::move(value)) {}
  std::variant<std::monostate, json::Value, expr::Program, expr::Template> body_;
  ArgumentSet arguments_;
};

}  // namespace hence::workflow

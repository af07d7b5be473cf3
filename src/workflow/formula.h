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

/// A set of arguments.
struct ArgumentSet {
  uint16_t bits = 0;
  constexpr ArgumentSet() = default;
  constexpr ArgumentSet(std::initializer_list<Argument> arguments) {
    for (Argument a : arguments) bits |= static_cast<uint16_t>(1u << static_cast<unsigned>(a));
  }
  constexpr bool has(Argument a) const { return (bits >> static_cast<unsigned>(a)) & 1u; }
  constexpr void add(Argument a) { bits |= static_cast<uint16_t>(1u << static_cast<unsigned>(a)); }
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

  /// The fixed arguments read, and whether variables of scopes are.
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

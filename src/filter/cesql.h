// SPDX-License-Identifier: Apache-2.0
#pragma once

// CloudEvents SQL v1: an expression over the context attributes of an event, compiled once. Every
// expression is total: it gives a value and, where something went wrong, the first error; an
// operator whose operand failed gives the zero value of its own type with that error.
//
//   auto filter = Cesql::parse("type = 'com.acme.order' AND int(hop) < 10");
//   filter->passes(event)
//
// AND, OR and XOR have one precedence and run left to right. Sources: cloudevents/spec, CESQL v1.0.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/cesql_user_functions.h"
#include "filter/pattern.h"
#include "json/value.h"

namespace hence::filter {

/// What can go wrong while evaluating. Parse errors are parse()'s.
enum class CesqlFault : uint8_t {
  none,
  math,
  cast,
  missing_attribute,
  missing_function,
  function_evaluation,
};
std::string_view cesql_fault_name(CesqlFault fault);  ///< as the conformance cases: "missingAttribute"

struct CesqlOutcome {
  CesqlDatum value;
  CesqlFault fault = CesqlFault::none;
  std::string message;  ///< of the fault, a sentence
};

inline constexpr uint32_t kCesqlDepthMax = 500;           ///< operators inside each other
inline constexpr size_t kCesqlBytesMax = 64 << 10;

class Cesql {
 public:
  struct Code;

  /// functions: the caller's own, beside the built-in ones. A call of what neither has parses, and fails
  /// with missing_function where it is evaluated. Errors: ExpressionInvalid ("column 5: …").
  static Result<Cesql> parse(std::string_view source, const CesqlFunctions& functions = {});

  /// event: an object whose members are the attributes; data, null, arrays and objects count as
  /// missing. An integer beyond 32 bits is a string.
  CesqlOutcome evaluate(json::View event) const;
  /// Whether the outcome is TRUE without any error.
  bool passes(json::View event) const;

  /// For people, of an event that does not pass: the attributes the expression names, and the term or error
  /// that decides: `severity = "High", foo is missing; EXISTS foo is false`.
  std::string found_in(json::View event) const;

  /// Conditions that hold whenever the expression passes, for the index: from terms such as
  /// `type = 'x'` that are joined by AND or OR at the top.
  std::vector<FieldSpec> necessary_conditions() const;
  /// Whether it passes every event or none, where that is known without one: `1 = 1`, `hop > 5 AND hop < 3`.
  std::optional<bool> constant() const;
  const std::string& source() const;

 private:
  explicit Cesql(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions of a caller's own for CESQL, beside the built-in ones (spec, section 4): a name, the types of
// its arguments, of which the last may repeat, the type of its result, and what it does.
//
//   auto functions = CesqlFunctions::create({{"HAS_PREFIX", {CesqlType::string, CesqlType::string}, {},
//       CesqlType::boolean, [](json::View, std::span<const CesqlArgument> a) -> CesqlAnswer {
//         return std::get<std::string_view>(a[0]).starts_with(std::get<std::string_view>(a[1]));
//       }}});
//   auto filter = Cesql::parse("has_prefix(subject, 'order-')", *functions);

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace hence::filter {

enum class CesqlType : uint8_t { boolean, integer, string };
std::string_view cesql_type_name(CesqlType type);  ///< Boolean, Integer, String

/// What an expression gives.
using CesqlDatum = std::variant<bool, int32_t, std::string>;
/// What a function gives.
using CesqlAnswer = std::variant<bool, int32_t, std::string, Error>;
/// What a function is given; strings live as long as the call.
using CesqlArgument = std::variant<bool, int32_t, std::string_view>;

struct CesqlUserFunction {
  std::string name;                   ///< letters, digits and _, a letter first; found in any case
  std::vector<CesqlType> parameters;  ///< arguments are cast to these before the call
  std::optional<CesqlType> rest;      ///< variadic: any number of arguments of this type follow
  CesqlType result = CesqlType::boolean;
  /// Called on every thread that evaluates, at once, and as often as the engine likes: it must depend on
  /// nothing but the event and its arguments. An Error, or a result of another type than `result`, becomes a
  /// functionEvaluation fault with the zero value of `result`. Must not throw.
  std::function<CesqlAnswer(json::View event, std::span<const CesqlArgument>)> call;
};

/// A checked set of functions; immutable, cheap to copy, may outlive the expressions parsed with it or not.
class CesqlFunctions {
 public:
  CesqlFunctions() = default;  ///< none

  /// A name may stand for several functions, built-in ones among them, whose numbers of arguments differ;
  /// so a variadic one needs more parameters than any other of its name.
  /// Errors: ExpressionInvalid (a name that cannot be called, no `call`, an arity that is taken).
  static Result<CesqlFunctions> create(std::vector<CesqlUserFunction> functions);

  /// Nothing if there is none of that name, in any case, and arity.
  const CesqlUserFunction* find(std::string_view name, uint32_t arity) const;

 private:
  std::shared_ptr<const std::vector<CesqlUserFunction>> functions_;
};

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0

// The caller's functions: checked once, and called with their arguments cast.

#include "filter/cesql_user_functions.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "filter/case_fold.h"
#include "filter/cesql_code.h"

namespace hence::filter {

namespace {

struct Arity {
  uint32_t min = 0;
  uint32_t max = 0;

  static Arity of(const CesqlUserFunction& function) {
    const auto fixed = static_cast<uint32_t>(function.parameters.size());
    return {fixed, function.rest ? std::numeric_limits<uint32_t>::max() : fixed};
  }
  bool meets(Arity other) const { return min <= other.max && other.min <= max; }
  bool has(uint32_t count) const { return count >= min && count <= max; }
};

bool is_letter(char c) { return (c >= 'A' && c <= 'Z'); }

/// name: in upper case.
bool can_be_called(std::string_view name) {
  const auto fits = [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), fits) &&
         !is_cesql_keyword(name);
}

Error refused(const CesqlUserFunction& function, std::string_view why) {
  return Error(ErrorCode::ExpressionInvalid, "function \"" + function.name + "\": " + std::string(why));
}

CesqlArgument cast(const CesqlValue& value, CesqlType type, CesqlRun& run) {
  switch (type) {
    case CesqlType::boolean:
      return cesql_to_boolean(value, run);
    case CesqlType::integer:
      return cesql_to_integer(value, run);
    case CesqlType::string:
      return cesql_to_string(value, run);
  }
  return false;
}

}  // namespace

std::string_view cesql_type_name(CesqlType type) {
  return type == CesqlType::boolean ? "Boolean" : type == CesqlType::integer ? "Integer" : "String";
}

Result<CesqlFunctions> CesqlFunctions::create(std::vector<CesqlUserFunction> functions) {
  for (size_t i = 0; i < functions.size(); ++i) {
    CesqlUserFunction& function = functions[i];
    const std::string name = raised(function.name);
    if (!can_be_called(name)) {
      return refused(function, "a name is letters, digits and _, begins with a letter and is no keyword of CESQL");
    }
    if (!function.call) return refused(function, "has nothing to call");
    const Arity arity = Arity::of(function);
    bool taken = cesql_has_function(name, arity.min, arity.max);
    for (size_t j = 0; j < i; ++j) {
      taken = taken || (functions[j].name == name && Arity::of(functions[j]).meets(arity));
    }
    if (taken) {
      return refused(function, "there is one of that name with as many arguments; give it another name or "
                               "number of parameters");
    }
    function.name = name;
  }
  CesqlFunctions out;
  out.functions_ = std::make_shared<const std::vector<CesqlUserFunction>>(std::move(functions));
  return out;
}

const CesqlUserFunction* CesqlFunctions::find(std::string_view name, uint32_t arity) const {
  if (functions_ == nullptr) return nullptr;
  const std::string wanted = raised(name);
  for (const CesqlUserFunction& function : *functions_) {
    if (function.name == wanted && Arity::of(function).has(arity)) return &function;
  }
  return nullptr;
}

CesqlValue call_user_function(const CesqlUserFunction& function, std::span<const CesqlValue> arguments,
                              CesqlRun& run) {
  const CesqlValue zero = CesqlValue::zero(function.result);
  std::vector<CesqlArgument> given;
  given.reserve(arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    const CesqlType type = i < function.parameters.size() ? function.parameters[i] : *function.rest;
    given.push_back(cast(arguments[i], type, run));
    if (run.failed()) return zero;
  }
  CesqlAnswer answer = function.call(run.event, given);
  if (const Error* error = std::get_if<Error>(&answer)) {
    run.fail(CesqlFault::function_evaluation, run.keep(function.name + ": " + error->message()));
    return zero;
  }
  if (answer.index() != static_cast<size_t>(function.result)) {
    run.fail(CesqlFault::function_evaluation,
             run.keep(function.name + " gave a value that is no " + std::string(cesql_type_name(function.result))));
    return zero;
  }
  if (const bool* truth = std::get_if<bool>(&answer)) return CesqlValue::of(*truth);
  if (const int32_t* integer = std::get_if<int32_t>(&answer)) return CesqlValue::of(*integer);
  return CesqlValue::of(run.keep(std::get<std::string>(std::move(answer))));
}

}  // namespace hence::filter

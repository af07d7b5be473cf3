// SPDX-License-Identifier: Apache-2.0
#pragma once

// The `on:` of a rule: `type`, `pattern`, `filters` and `when`, all of which must hold. Reading it checks it
// whole; what comes out is ready to be put into a rule set.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "expr/program.h"
#include "filter/dialects.h"
#include "filter/pattern.h"
#include "json/value.h"

namespace hence::filter {

/// Made by parse_conditions; immutable in use, cheap to move.
struct Conditions {
  std::optional<std::string> when;  ///< the jq program, without `${ }`
  /// Types, pattern and what the filters need at least: any of these must hold. One empty conjunction if neither is given.
  std::vector<Conjunction> any_of;
  /// The compiled `filters`; nothing if they were not given.
  std::shared_ptr<const DialectFilters> filters;
  /// The compiled `when`.
  std::shared_ptr<const expr::Program> program;
};

/// Reads the value of `on:`. All that is wrong is added to faults (pointers inside `on`); the error
/// is the first of them. functions: what CESQL may call beside its own.
/// Errors: PatternInvalid, ExpressionInvalid, NotSupported.
Result<Conditions> parse_conditions(json::View on, std::vector<Fault>* faults = nullptr,
                                    const CesqlFunctions& functions = {});

/// Reads a pattern alone, as the value of `on: {pattern: …}`. Errors: PatternInvalid.
Result<Conditions> conditions_of_pattern(json::View pattern);

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a test expects of the world, compared with what is.

#include <string>
#include <vector>

#include "harness/world.h"
#include "json/value.h"

namespace hence::harness {

/// One thing that is not as expected.
struct Mismatch {
  std::string pointer;   ///< below `expect`: "/attempts/shop"
  std::string what;      ///< a sentence
  std::string expected;
  std::string actual;    ///< may have several lines
};

/// What the step before came to.
struct StepOutcome {
  bool duplicate = false;     ///< the last event sent had been seen before
  std::string error;          ///< why the last step was refused; empty if it was not
};

/// All of what does not hold. Errors: of reading the world.
Result<std::vector<Mismatch>> check_expectations(const World& world, const StepOutcome& outcome, json::View expect);

/// All rows a list has.
Result<std::vector<json::Value>> list_all(const World& world, Result<json::Value> (engine::Query::*list)(
                                              std::string_view, const engine::ListOptions&));

}  // namespace hence::harness

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether an instance would take an event, asked without giving it; and an event that it would take,
// made from the filter and the keys of what it waits for.

#include <memory>
#include <optional>

#include "filter/rule_set.h"
#include "json/value.h"
#include "workflow/machine.h"

namespace hence::engine {

/// One wait of an instance, tried on a copy of as much of the instance as bears on it.
class WaitTrial {
 public:
  /// Borrows definition, and what context refers to. Errors: as of parse_conditions.
  static Result<WaitTrial> create(const workflow::Definition& definition, const workflow::Instance& instance,
                                  const workflow::Wait& wait, const workflow::StepContext& context,
                                  const expr::Environment& environment);

  /// Whether the event meets the wait's filter, its keys and what it asks of the instance; false also
  /// where an expression fails on it.
  bool takes(json::View event) const;

  /// An event that it takes; nothing where none was found: its expressions ask for more than
  /// comparisons with what stands in them or in the instance.
  std::optional<json::Value> sample() const;

 private:
  WaitTrial(const workflow::Definition& definition, const workflow::Wait& wait,
            const workflow::StepContext& context, const expr::Environment& environment, filter::RuleSet filter)
      : definition_(&definition), wait_(wait), context_(context), environment_(environment),
        filter_(std::move(filter)) {}

  const workflow::Definition* definition_;
  workflow::Wait wait_;
  workflow::StepContext context_;
  expr::Environment environment_;
  filter::RuleSet filter_;
  workflow::Instance part_;  ///< the wait and the frames it stands under
};

/// A text that a regular expression surely matches, as far as alternatives, classes and repetitions go;
/// the caller checks. "order\\..*" gives "order.x".
std::string text_like(std::string_view pattern);

}  // namespace hence::engine

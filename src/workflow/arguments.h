// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values of an expression's slots, made only for the slots it reads.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "json/value.h"
#include "workflow/definition.h"
#include "workflow/instance.h"

namespace hence::workflow {

struct StepContext;

class Arguments {
 public:
  /// Borrows all; frame may be null (workflow level). names: the variables of the scope.
  Arguments(const Definition& definition, const Instance& instance, const Frame* frame,
            const Task* task, const StepContext& context, const std::vector<std::string>& names)
      : definition_(definition), instance_(instance), frame_(frame), task_(task), context_(context),
        names_(names) {}

  /// `$output` of export.as.
  void set_output(json::Value output) { output_ = std::move(output); }
  /// The raw output, as `$task.output` shows it.
  void set_raw_output(json::Value output) { raw_output_ = std::move(output); }
  /// A variable not yet bound to a frame (the error of a catch, a loop's next item).
  void bind(const Variable& variable) { bound_.push_back(variable); }

  /// Before slots() of what reads secrets outside of a call. Errors: SecretUnavailable.
  Status load_secrets();
  /// What load_secrets() has read; null before.
  json::View secrets() const;
  /// Views for the slots of `wanted` (others null) and for the scope's variables. Valid while this
  /// lives and is not changed.
  std::span<const json::View> slots(ArgumentSet wanted);
  /// The same by name, for a call that is built later: {"context": …, "item": …}.
  json::Value to_object(ArgumentSet wanted);

 private:
  void fill(Argument argument);
  json::View variable(std::string_view name);
  /// Of the task; in the lists of an extension, of the task they are around.
  json::Value task_descriptor() const;
  /// The task that the expression's task undoes; null if it undoes none.
  const Compensation* undone() const;
  /// With the parts of the set.
  json::Value workflow_descriptor(ArgumentSet shown) const;
  /// With parts_ at least; made once for many evaluations where there is a place to keep it.
  json::Value known_workflow() const;
  json::Value runtime_descriptor() const;

  const Definition& definition_;
  const Instance& instance_;
  const Frame* frame_;
  const Task* task_;
  const StepContext& context_;
  const std::vector<std::string>& names_;
  std::optional<json::Value> output_, raw_output_;
  std::vector<Variable> bound_;
  std::array<std::optional<json::Value>, kArgumentCount> made_;
  ArgumentSet parts_;  ///< only parts: those asked for so far, which made_ has
  std::vector<json::View> views_;
  std::vector<json::Value> errors_;  ///< of catches around the task, as expressions see them
};

/// {"iso8601", "epoch": {"seconds", "milliseconds"}}
json::Value time_descriptor(UtcTime time);

}  // namespace hence::workflow

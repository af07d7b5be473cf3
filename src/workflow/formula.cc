// SPDX-License-Identifier: Apache-2.0
#include "workflow/formula.h"

namespace hence::workflow {

Formula::Formula(expr::Program program) : body_(std::move(program)) {
  for (const std::string& name : std::get<expr::Program>(body_).reads().variables) {
    for (size_t i = 0; i < kArgumentCount; ++i) {
      if (name == kArgumentNames[i]) arguments_.add(static_cast<Argument>(i));
    }
  }
}

Formula::Formula(expr::Template tmpl) : body_(std::move(tmpl)) {
  for (size_t i = 0; i < kArgumentCount; ++i) {
    if (std::get<expr::Template>(body_).uses(kArgumentNames[i])) {
      arguments_.add(static_cast<Argument>(i));
    }
  }
}

Result<json::Value> Formula::evaluate(json::View input, std::span<const json::View> slots,
                                      const expr::Environment& environment) const {
  expr::Budget budget = environment.workflow;
  if (const auto* program = std::get_if<expr::Program>(&body_)) {
    return program->evaluate_one(input, slots, environment, budget);
  }
  if (const auto* tmpl = std::get_if<expr::Template>(&body_)) {
    return tmpl->evaluate(input, slots, environment, budget);
  }
  if (const auto* value = std::get_if<json::Value>(&body_)) return *value;
  return json::Value();
}

Result<bool> Formula::test(json::View input, std::span<const json::View> slots,
                           const expr::Environment& environment) const {
  expr::Budget budget = environment.workflow;
  if (const auto* program = std::get_if<expr::Program>(&body_)) {
    return program->evaluate_condition(input, slots, environment, budget);
  }
  HENCE_TRY(json::Value value, evaluate(input, slots, environment));
  return !value->is_null() && !(value->is_bool() && !value->as_bool());
}

}  // namespace hence::workflow

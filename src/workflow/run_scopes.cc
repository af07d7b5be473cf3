// SPDX-License-Identifier: Apache-2.0
// Tasks with lists inside: do, for, fork.

#include "json/builder.h"
#include "workflow/run.h"

namespace hence::workflow {
namespace {

TaskIndex first_of(const Scope& scope) { return scope.tasks.empty() ? kNone : scope.tasks.front(); }

}  // namespace

void Run::enter(FrameId parent, ScopeIndex scope) {
  emit(ScopeEntered{next_id(), parent, scope, first_of(definition_.scope(scope)), std::nullopt,
                    {}});
}

void Run::start_loop(FrameId id) {
  const Task& task = task_of(id);
  Arguments at = arguments(id, task.scope);
  Result<json::Value> items = evaluate(task.as<ForSpec>().items, frame_of(id).input(), at);
  if (!items.ok()) return fail(id, "for.in", items.error());
  if (items->view().is_null()) {
    json::Builder none;
    none.begin_array().end_array();
    items = std::move(none).finish();
  }
  if (!items->view().is_array()) {
    return fail(id, ErrorType::expression, "for.in: expected an array, got " +
                                               std::string(json::type_name(items->view().type())));
  }
  emit(LoopStarted{id, std::move(items).value()});
}

std::optional<json::Value> Run::item_at(FrameId id, const json::Value& items, uint64_t index) {
  if (index >= items->size()) return std::nullopt;
  LoopCursors& loops = context_.loops != nullptr ? *context_.loops : loops_;
  return json::Value::detached(loops.at(context_.instance, id, items, index));
}

void Run::next_iteration(FrameId id) {
  const Task& task = task_of(id);
  const ForSpec& spec = task.as<ForSpec>();
  const Frame& frame = frame_of(id);
  const std::optional<json::Value> item = item_at(id, *frame.items, frame.rounds);
  if (!item) return end_task(id);
  if (!within(Limit::steps, instance_.steps + 1)) {
    return fail_limit(id, Limit::steps, "the instance reached its limit of steps");
  }
  const json::Value input = frame.raw_output ? *frame.raw_output : frame.input();
  std::vector<Variable> variables = {
      {spec.each, *item}, {spec.at, json::Value::number(static_cast<int64_t>(frame.rounds))}};
  if (spec.while_.present()) {
    Arguments at = arguments(id, spec.body);
    for (const Variable& variable : variables) at.bind(variable);
    const Result<bool> go = test(spec.while_, input, at);
    if (!go.ok()) return fail(id, "while", go.error());
    if (!*go) return end_task(id);
  }
  emit(ScopeEntered{next_id(), id, spec.body, first_of(definition_.scope(spec.body)), input,
                    std::move(variables)});
}

void Run::start_function(FrameId id) {
  const Task& task = task_of(id);
  const FunctionSpec& spec = task.as<FunctionSpec>();
  if (spec.body == kNone) return fail(id, ErrorType::configuration, "the function was not read");
  Arguments at = arguments(id, task.scope);
  Result<json::Value> input = evaluate(spec.input, frame_of(id).input(), at);
  if (!input.ok()) return fail(id, "with", input.error());
  emit(ScopeEntered{next_id(), id, spec.body, first_of(definition_.scope(spec.body)),
                    std::move(input).value(), {}});
}

void Run::start_fork(FrameId id) {
  const ForkSpec& spec = task_of(id).as<ForkSpec>();
  const std::vector<TaskIndex>& branches = definition_.scope(spec.branches).tasks;
  if (branches.empty()) return finish_fork(id);
  if (!within(Limit::branches, instance_.frames.size() + branches.size())) {
    return fail_limit(id, Limit::branches, "too many branches would run at once");
  }
  const Branch kind = spec.compete ? Branch::compete : Branch::all;
  for (TaskIndex branch : branches) {
    emit(ScopeEntered{next_id(), id, spec.branches, branch, std::nullopt, {}, kind});
  }
}

void Run::finish_fork(FrameId id) {
  if (frame_of(id).raw_output) return end_task(id);  // of the branch that won
  json::Builder outputs;
  outputs.begin_array();
  for (const Frame& frame : instance_.frames) {  // ascending ids: the order of the branches
    if (frame.parent == id) outputs.value(frame.carry);
  }
  outputs.end_array();
  end_task(id, std::move(outputs).finish(), task_of(id).then);
}

}  // namespace hence::workflow

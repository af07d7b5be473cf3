// SPDX-License-Identifier: Apache-2.0
// metadata.compensate: what undoes a task is registered when the task begins. An instance that is to
// fail first undoes what was done, the last thing first.

#include <algorithm>

#include "workflow/run.h"

namespace hence::workflow {
namespace {

/// Whether the list that the task stands in may come to it again.
bool may_come_again(const Definition& definition, const Task& task) {
  const auto goes_back = [&](const Task& from, const Then& then) {
    return then.kind == Then::Kind::task && from.position >= task.position &&
           definition.task(then.task).position <= task.position;
  };
  const std::vector<TaskIndex>& list = definition.scope(task.scope).tasks;
  return std::any_of(list.begin(), list.end(), [&](TaskIndex index) {
    const Task& one = definition.task(index);
    bool back = goes_back(one, one.then);
    if (const auto* chosen = std::get_if<SwitchSpec>(&one.spec)) {
      for (const SwitchCase& choice : chosen->cases) back = back || goes_back(one, choice.then);
      back = back || (chosen->otherwise && goes_back(one, chosen->otherwise->then));
    }
    const auto* guarded = std::get_if<TrySpec>(&one.spec);
    return back || (guarded && guarded->then && goes_back(one, *guarded->then));
  });
}

}  // namespace

void Run::register_compensation(FrameId id) {
  const Frame& frame = frame_of(id);
  CompensationId replaces = 0;
  const Frame* parent = instance_.find_frame(frame.parent);
  if (parent && parent->attempt > 0) {
    // The runs of one task in the retries of one `try` count as one: the last that completed, else
    // one whose end is not known. What has a number below that of the frame is of an earlier retry, or of an
    // earlier run of the `try` itself where its list goes back to it: what completed in that one stays.
    const bool once = !may_come_again(definition_, definition_.task(parent->task));
    const auto same = std::find_if(
        instance_.compensations.begin(), instance_.compensations.end(), [&](const auto& one) {
          return one.parent == frame.parent && one.task == frame.task && one.id < id && (once || !one.output);
        });
    if (same != instance_.compensations.end()) replaces = same->id;
  }
  emit(CompensationRegistered{next_id(), id, frame.task, replaces});
}

void Run::undo_and_end(Phase phase, std::optional<json::Value> error, std::string_view reason) {
  const bool any = std::any_of(
      instance_.compensations.begin(), instance_.compensations.end(),
      [](const Compensation& one) { return one.frame == kNoFrame || one.effects > 0; });
  if (!any || instance_.ending) return end_instance(phase, std::nullopt, std::move(error), reason);
  release_all();
  emit(CompensationStarted{phase, std::move(error), std::string(reason), context_.now});
  undo_next();
}

void Run::undo_next() {
  if (instance_.compensations.empty()) {
    const Ending ending = *instance_.ending;
    return end_instance(ending.phase, std::nullopt, ending.error, ending.reason);
  }
  const Compensation& next = instance_.compensations.back();
  const ScopeIndex scope = definition_.task(next.task).compensation;
  emit(CompensationEntered{next.id, next_id(), scope, definition_.scope(scope).tasks.front()});
}

void Run::finish_undoing() {
  HENCE_CHECK(!instance_.frames.empty());
  const Frame& outermost = instance_.frames.front();
  const CompensationId done = outermost.compensates;
  const FrameId frame = outermost.id;
  release_all();
  emit(CompensationDone{done, frame});
  undo_next();
}

void Run::park(FrameId id, json::Value error) {
  emit(CompensationParked{frame_of(id).compensates, id, std::move(error)});
}

void Run::decide_parked(bool skip) {
  const CompensationId id = instance_.parked()->id;
  if (skip) {
    emit(CompensationSkipped{id});
  } else {
    emit(CompensationRedriven{id});
  }
  undo_next();
}

}  // namespace hence::workflow

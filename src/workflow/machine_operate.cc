// SPDX-License-Identifier: Apache-2.0
// What operators do to an instance: suspend it and let it go on, run it again after a fault, end a task
// by hand, set its context.

#include <algorithm>

#include "workflow/run.h"

namespace hence::workflow {
namespace {

/// Whether nothing but an end of the frame's task follows.
bool is_decided(const Frame& frame) {
  if (frame.state == FrameState::finishing || frame.state == FrameState::failing) return true;
  const bool behind = frame.state != FrameState::next_round;  // in the list of an extension that follows
  return frame.listen && !behind && frame.listen->closed && frame.listen->queue.empty() && !frame.listen->item;
}

/// Whether the frame's task has begun, or is about to, and has not ended.
bool is_under_way(const Frame& frame) {
  return frame.state != FrameState::joined && frame.state != FrameState::scope_ended;
}

}  // namespace

bool Run::is_late(const Timer& timer) const {
  const Frame* frame = instance_.find_frame(timer.frame);
  if (frame == nullptr) return false;
  // In records of former versions the end of a body that extensions follow did not cancel it.
  const bool behind = timer.purpose == TimerPurpose::attempt_timeout &&
                      frame->extension > definition_.task(frame->task).extensions.size();
  return behind || is_decided(*frame);
}

void Run::take_arrival() {
  const Arrival next = instance_.arrivals.front();
  const Frame* frame = instance_.find_frame(next.frame);
  const bool late = next.kind == ArrivalKind::timer ? !next.timer : frame == nullptr || !frame->held;
  emit(ArrivalTaken{next.kind, late});
  if (!late && next.timer) fire_timer(*next.timer);
}

void Run::rearm() {
  json::Value input = instance_.input;
  if (definition_.input_from.present()) {
    Arguments at(definition_, instance_, nullptr, nullptr, context_, definition_.scope(kRootScope).variables);
    if (Result<json::Value> value = evaluate(definition_.input_from, input, at); value.ok()) input = std::move(*value);
  }
  set_workflow_timeout(input);
  std::vector<FrameId> back;
  for (const Frame& frame : instance_.frames) back.push_back(frame.id);
  for (const FrameId id : back) {
    const Frame* frame = instance_.find_frame(id);  // an earlier one may have failed
    if (frame == nullptr || instance_.phase != Phase::running) continue;
    const bool begun = is_under_way(*frame) && frame->state != FrameState::ready;
    if (!begun) continue;
    const Task& task = task_of(id);
    if (task.compensation != kNone) register_compensation(id);
    if (frame->listen && !frame->listen->closed) reopen_listen(id);
    if (task.timeout.present()) set_task_timeout(id);
    frame = instance_.find_frame(id);
    const auto* tried = std::get_if<TrySpec>(&task.spec);
    if (tried == nullptr || frame == nullptr || frame->state != FrameState::inside) continue;
    const bool in_body = std::any_of(instance_.frames.begin(), instance_.frames.end(),
                                     [&](const Frame& one) { return one.parent == id && one.scope == tried->body; });
    if (in_body) set_attempt_timeout(id);
  }
}

void Run::retry(const std::optional<json::Value>& input) {
  emit(InstanceRetried{input, context_.now});
  rearm();
}

Result<FrameId> Run::find_run(std::string_view task) const {
  const std::vector<Frame>& frames = instance_.phase == Phase::faulted ? instance_.fallen->frames : instance_.frames;
  std::vector<FrameId> found;
  std::string others;
  for (const Frame& frame : frames) {
    if (frame.task == kNone || !is_under_way(frame)) continue;
    const Task& runs = definition_.task(frame.task);
    if (runs.name == task || runs.reference == task) found.push_back(frame.id);
    others += (others.empty() ? "" : ", ") + runs.name + " (" + runs.reference + ")";
  }
  if (found.size() == 1) return found.front();
  return Error(ErrorCode::Conflict, (found.empty() ? "no task " + std::string(task) + " is under way or has failed"
                                                   : "task " + std::string(task) + " runs " + std::to_string(found.size()) +
                                                         " times; name it by its reference") +
                                        (others.empty() ? "; none is" : "; these are: " + others));
}

void Run::skip(FrameId id, const std::optional<json::Value>& output) {
  const bool back = instance_.phase == Phase::faulted;
  if (back) emit(InstanceRetried{std::nullopt, context_.now});
  release(id);
  const Task& task = task_of(id);
  emit(TaskEndedByHand{id, frame_of(id).task, next_of(task, task.then), output});
  if (task.then.kind == Then::Kind::end) return finish_workflow(frame_of(id).carry);
  if (back) rearm();
}

Advance Machine::suspend(std::string_view by, std::string_view reason, Asker asker) {
  // A person takes over what the parent suspended: it no longer goes on with the parent.
  const bool taken_over = instance_.phase == Phase::suspended && asker == Asker::person &&
                          instance_.suspension->asker == Asker::parent;
  if (instance_.phase != Phase::running && !taken_over) return {false, true};
  Run(definition_, instance_, context_, facts_)
      .emit(InstanceSuspended{std::string(by), std::string(reason), context_.now, asker});
  return {};
}

Advance Machine::resume(Asker asker) {
  if (instance_.phase != Phase::suspended) return {false, true};
  if (asker == Asker::parent && instance_.suspension->asker == Asker::person) return {false, true};
  Run run(definition_, instance_, context_, facts_);
  run.emit(InstanceResumed{asker});
  return {run.run_on(), false};
}

Advance Machine::retry(const std::optional<json::Value>& input) {
  if (instance_.phase != Phase::faulted) return {false, true};
  if (instance_.compensated != Compensated::none) {
    return {false, true, "what its tasks did was undone (metadata.compensate); start a new instance"};
  }
  if (!instance_.fallen) return {false, true, "what a retry needs of it was not kept"};
  const bool whole = instance_.fallen->failed == kNoFrame;  // no task of it failed
  if (whole && instance_.steps == 0) {
    return {false, true, "it faulted before its first task; start a new instance with the right input"};
  }
  const bool timed_out = instance_.error && normal_error_type((*instance_.error)->string_or("type", "")) == "timeout";
  if (whole && !timed_out) {
    return {false, true, "all its tasks are done; what failed is the workflow's own output, which a retry cannot change"};
  }
  if (whole && input) {
    return {false, true, "no task of it failed, so there is none to give an input to; the workflow's timeout was over"};
  }
  Run run(definition_, instance_, context_, facts_);
  run.retry(input);
  return {run.run_on(), false};
}

Advance Machine::skip(std::string_view task, const std::optional<json::Value>& output) {
  const bool faulted = instance_.phase == Phase::faulted && instance_.fallen;
  if (instance_.phase == Phase::pending || (instance_.ended() && !faulted)) return {false, true};
  Run run(definition_, instance_, context_, facts_);
  const Result<FrameId> id = run.find_run(task);
  if (!id.ok()) return {false, true, id.error().message()};
  run.skip(*id, output);
  return {run.run_on(), false};
}

Advance Machine::set_context(json::View context) {
  if (instance_.phase == Phase::pending || (instance_.ended() && instance_.phase != Phase::faulted)) return {false, true};
  const size_t bytes = context.to_text().size();
  if (bytes > context_.limits.context_bytes) {
    return {false, true, "the context would be larger than " + std::to_string(context_.limits.context_bytes) +
                             " bytes (" + std::string(limit_name(Limit::context_bytes)) + ")"};
  }
  Run run(definition_, instance_, context_, facts_);
  run.emit(ContextSet{json::Value::detached(context)});
  return {run.run_on(), false};
}

}  // namespace hence::workflow

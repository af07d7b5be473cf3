// SPDX-License-Identifier: Apache-2.0
#include "workflow/machine.h"

#include "workflow/documents.h"
#include "workflow/http.h"
#include "workflow/run.h"

namespace hence::workflow {

void Run::start(json::View input) {
  const Scope& root = definition_.scope(kRootScope);
  InstanceStarted started;
  started.raw_input = json::Value(input);
  started.task = root.tasks.empty() ? kNone : root.tasks.front();
  started.at = context_.now;
  std::optional<json::Value> error;
  if (definition_.input_schema && !definition_.input_schema->valid(input)) {
    error = make_error(ErrorType::validation, "/",
                       describe_misfit(*definition_.input_schema, input, "input"));
  } else if (definition_.input_from.present()) {
    Instance soon;  // what the fact below makes, as far as `$workflow` shows it
    soon.input = started.raw_input;
    soon.started_at = context_.now;
    Arguments at(definition_, soon, nullptr, nullptr, context_, root.variables);
    Result<json::Value> value = evaluate(definition_.input_from, input, at);
    if (value.ok()) {
      started.input = std::move(value).value();
    } else {
      error = make_error(type_of_failure(value.error()), "/", "input.from: " + value.error().message());
    }
  }
  emit(started);
  if (error) return end_instance(Phase::faulted, std::nullopt, std::move(error), "");
  set_workflow_timeout(started.input ? *started.input : started.raw_input);
}

void Run::set_workflow_timeout(json::View input) {
  if (!definition_.timeout.present()) return;
  Arguments at(definition_, instance_, nullptr, nullptr, context_, definition_.scope(kRootScope).variables);
  const Result<CalendarDuration> length = evaluate_duration(definition_.timeout, input, at);
  if (!length.ok()) {
    return end_instance(Phase::faulted, std::nullopt,
                        make_error(type_of_failure(length.error()), "/", "timeout: " +
                                   length.error().message()), "");
  }
  emit(TimerSet{next_id(), kNoFrame, TimerPurpose::workflow_timeout, add(context_.now, *length)});
}

void Run::fire_timer(const Timer& timer) {
  TimerFired fired{timer.id, std::nullopt};
  switch (timer.purpose) {
    case TimerPurpose::wait:
    case TimerPurpose::retry:
    case TimerPurpose::approval: break;
    case TimerPurpose::task_timeout:
    case TimerPurpose::attempt_timeout:
      fired.error = make_error(ErrorType::timeout, task_of(timer.frame).reference,
                               timer.purpose == TimerPurpose::task_timeout
                                   ? "the task took longer than its timeout"
                                   : "an attempt took longer than retry.limit.attempt.duration");
      break;
    case TimerPurpose::workflow_timeout:
      fired.error = make_error(ErrorType::timeout, "/",
                               "the workflow took longer than its timeout");
      break;
  }
  const TimerPurpose purpose = timer.purpose;
  std::optional<json::Value> error = fired.error;
  emit(std::move(fired));
  if (purpose == TimerPurpose::approval) {
    for (const Approval& approval : instance_.approvals) {
      if (approval.frame == timer.frame) return decide_approval(approval.id, {Verdict::expired, {}, {}, false});
    }
  }
  if (purpose == TimerPurpose::workflow_timeout) {
    undo_and_end(Phase::faulted, std::move(error), "");
  }
}

namespace {

/// Whether it is sure that nothing came of the call: it never left, or the other side refused it.
/// again: it may have been made before, and what came of that is not known.
bool had_no_effect(const CallOutcome& outcome, bool again) {
  if (again) return false;
  if (const auto* http = std::get_if<HttpOutcome>(&outcome)) {
    return http->status >= 400 && http->status < 500 && http->status != 408;
  }
  const auto* failure = std::get_if<CallFailure>(&outcome);
  return failure && failure->code != ErrorCode::CallFailed;
}

}  // namespace

void Run::finish_call(const Call& call, const CallOutcome& outcome, bool again) {
  if (call.kind == CallKind::fetch) return finish_fetch(call, outcome);
  CallEnded ended{call.id, std::nullopt, std::nullopt};
  const Frame& frame = frame_of(call.frame);
  const Task& task = definition_.task(frame.task);
  const auto* http = std::get_if<HttpOutcome>(&outcome);
  const auto* process = std::get_if<ProcessOutcome>(&outcome);
  json::Value output;
  if (http && task.kind == TaskKind::call_http) {
    const json::View echo = frame.request ? frame.request->view() : json::View();
    output = read_http_answer(task.as<HttpSpec>(), *http, echo, task.reference, ended.error);
  } else if (http && task.kind == TaskKind::call_openapi) {
    const json::View echo = frame.request ? frame.request->view() : json::View();
    output = read_http_answer(task.as<OpenapiSpec>().call, *http, echo, task.reference,
                              ended.error);
  } else if (process && call.kind == CallKind::shell) {
    output = read_process_answer(task.as<ShellSpec>(), *process, task.reference, ended.error);
  } else if (const auto* child = std::get_if<ChildOutcome>(&outcome);
             child && call.kind == CallKind::workflow) {
    output = read_child_end(task.as<SubflowSpec>(), *child, task.reference, ended.error);
  } else if (const auto* failure = std::get_if<CallFailure>(&outcome)) {
    ended.error = read_failure(*failure, call.kind == CallKind::shell, task.reference);
  } else {
    ended.error = make_error(ErrorType::runtime, task.reference,
                             "the result is not of the call's kind");
  }
  if (!ended.error) ended.output = std::move(output);
  ended.no_effect = ended.error && had_no_effect(outcome, again);
  emit(std::move(ended));
}

/// The document a task waits for: only what the task needs of it is kept.
void Run::finish_fetch(const Call& call, const CallOutcome& outcome) {
  const Task& task = task_of(call.frame);
  const std::optional<json::Value>& request = frame_of(call.frame).request;
  const std::optional<json::Value>& document = frame_of(call.frame).document;
  const json::View kept = document ? document->view() : json::View();
  std::string address(next_document(kept));
  if (address.empty() && request) address = (*request)->string_or("uri", "");
  std::optional<json::Value> error;
  const auto* http = std::get_if<HttpOutcome>(&outcome);
  if (const auto* failure = std::get_if<CallFailure>(&outcome)) {
    error = read_failure(*failure, false, task.reference);
  } else if (!http) {
    error = make_error(ErrorType::runtime, task.reference, "the result is no document");
  } else if (http->status < 200 || http->status >= 300) {
    error = make_error(ErrorType::communication, http->status, task.reference,
                       "the document was answered with status " + std::to_string(http->status));
  }
  if (error) return emit(CallEnded{call.id, std::nullopt, std::move(error)});
  Result<json::Value> needed = needed_of_document(task, *http, address, kept);
  if (needed.ok()) return emit(DocumentFetched{call.id, std::move(needed).value()});
  emit(CallEnded{call.id, std::nullopt,
                 make_error(ErrorType::configuration, task.reference,
                            needed.error().message())});
}

Advance Machine::start(json::View input) {
  HENCE_CHECK(instance_.phase == Phase::pending);
  Run run(definition_, instance_, context_, facts_);
  run.start(input);
  return {run.run_on(), false};
}

Advance Machine::on_timer(TimerId id) {
  const Timer* timer = instance_.find_timer(id);
  if (!timer) return {false, true};
  Run run(definition_, instance_, context_, facts_);
  if (run.is_late(*timer)) {
    const std::string what(timer_purpose_name(timer->purpose));
    run.emit(TimerCancelled{id});
    return {false, true, "a timer (" + what + ") came due after what it was for had ended"};
  }
  if (instance_.holds()) {
    run.emit(TimerHeld{id});
    return {run.run_on(), false};
  }
  run.fire_timer(Timer(*timer));
  return {run.run_on(), false};
}

Advance Machine::on_call_result(CallId id, const CallOutcome& outcome, bool again) {
  const Call* call = instance_.find_call(id);
  if (!call) return {false, true};
  if (instance_.overtaken(call->frame)) {
    return {false, true, "the answer to a call came when the time of its task was over"};
  }
  Run run(definition_, instance_, context_, facts_);
  run.finish_call(Call(*call), outcome, again);
  return {run.run_on(), false};
}

Advance Machine::on_event(WaitId id, json::View event, Address position, uint32_t depth) {
  const Wait* wait = instance_.find_wait(id);
  if (!wait) return {false, true};
  if (instance_.overtaken(wait->frame)) {
    return {false, true, "an event came when the time of the task that waited for it was over"};
  }
  Run run(definition_, instance_, context_, facts_);
  if (!run.take_event(Wait(*wait), event, position, depth)) return {false, true};
  return {run.run_on(), false};
}

Advance Machine::cancel(std::string_view reason, Undo undo) {
  if (instance_.ended() || instance_.phase == Phase::pending) return {false, true};
  Run run(definition_, instance_, context_, facts_);
  if (undo == Undo::no || instance_.ending) {
    std::optional<json::Value> error;
    if (instance_.ending) error = instance_.ending->error;
    run.end_instance(Phase::cancelled, std::nullopt, std::move(error), reason);
    return {};
  }
  run.undo_and_end(Phase::cancelled, std::nullopt, reason);
  return {run.run_on(), false};
}

Advance Machine::decide_approval(ApprovalId approval, const Decision& decision) {
  const Approval* found = instance_.find_approval(approval);
  if (!found) return {false, true};
  if (instance_.overtaken(found->frame)) {
    return {false, true, "a decision came when the time of its task was over"};
  }
  Run run(definition_, instance_, context_, facts_);
  run.decide_approval(approval, decision);
  return {run.run_on(), false};
}

Advance Machine::decide_parked(Parked decision) {
  if (!instance_.parked()) return {false, true};
  Run run(definition_, instance_, context_, facts_);
  run.decide_parked(decision == Parked::skip);
  return {run.run_on(), false};
}

Advance Machine::go_on() {
  if (instance_.phase != Phase::running) return {false, true};
  const size_t before = facts_.size();
  Run run(definition_, instance_, context_, facts_);
  const bool more = run.run_on();
  return {more, facts_.size() == before};
}

}  // namespace hence::workflow

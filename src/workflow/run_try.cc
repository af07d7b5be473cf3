// SPDX-License-Identifier: Apache-2.0
// Errors: from the task that failed up to the first `try` that takes it; retries.

#include "json/builder.h"
#include "workflow/run.h"

namespace hence::workflow {
namespace {

bool same_text(const std::optional<std::string>& wanted, json::View error, std::string_view key) {
  return !wanted || error.string_or(key, "") == *wanted;
}

}  // namespace

void Run::fail(FrameId id, ErrorType type, std::string_view detail) {
  fail(id, make_error(type, task_of(id).reference, detail));
}

void Run::fail(FrameId id, std::string_view what, const Error& error) {
  fail(id, type_of_failure(error), std::string(what) + ": " + error.message());
}

uint64_t Run::bound_of(Limit limit) const {
  const Limits& limits = context_.limits;
  switch (limit) {
    case Limit::steps: return limits.steps;
    case Limit::branches: return limits.frames;
    case Limit::context_bytes: return limits.context_bytes;
    case Limit::call_bytes: return limits.call_bytes;
    case Limit::listen_bytes: return limits.listen_bytes;
    case Limit::compensations: return limits.compensations;
    case Limit::children: return limits.children;
  }
  return 0;
}

bool Run::within(Limit limit, uint64_t used) {
  const uint64_t max = bound_of(limit);
  if (used <= max / 2) return true;
  const bool told = (instance_.limits_near >> static_cast<unsigned>(limit)) & 1u;
  if (!told) emit(LimitNear{limit, used, max});
  return used <= max;
}

void Run::fail_limit(FrameId id, Limit limit, std::string_view what) {
  const std::string detail = std::string(what) + " (" + std::string(limit_name(limit)) + ": " +
                             std::to_string(bound_of(limit)) + ")";
  const json::Value plain = make_error(ErrorType::runtime, task_of(id).reference, detail);
  json::Builder b;
  b.begin_object();
  for (auto [key, value] : plain->members()) b.member(key, value);
  b.member("limit", limit_name(limit)).end_object();
  fail(id, std::move(b).finish());
}

void Run::fail(FrameId id, json::Value error) {
  // Upwards; as many rounds as lists are nested.
  while (true) {
    release(id);
    emit(TaskFaulted{id, frame_of(id).task, error});
    if (instance_.phase == Phase::suspended) return;  // it goes up when its turn comes
    const Frame& frame = frame_of(id);
    if (frame.compensates != 0) return park(id, std::move(error));
    if (frame.parent == kNoFrame) return undo_and_end(Phase::faulted, std::move(error), "");
    const FrameId parent = frame.parent;
    const auto* spec = std::get_if<TrySpec>(&task_of(parent).spec);
    if (spec && frame.scope == spec->body && catch_error(parent, error)) return;
    id = parent;
  }
}

bool Run::matches(const ErrorFilter& filter, json::View error) const {
  if (filter.type && normal_error_type(error.string_or("type", "")) != *filter.type) return false;
  if (filter.status) {
    const auto status = error.find("status");
    if (!status || !status->is_number() || status->as_int64() != *filter.status) return false;
  }
  return same_text(filter.instance, error, "instance") && same_text(filter.title, error, "title") &&
         same_text(filter.detail, error, "detail");
}

bool Run::catch_error(FrameId id, json::Value& error) {
  const Task& task = task_of(id);
  const TrySpec& spec = task.as<TrySpec>();
  if (instance_.steps >= context_.limits.steps) return false;  // no task could begin: a retry would fail for ever
  if (!matches(spec.filter, error)) return false;
  const std::vector<Variable> bound = {{spec.as, with_details(error)}};
  const auto holds = [&](const Formula& condition, bool otherwise) -> Result<bool> {
    if (!condition.present()) return otherwise;
    Arguments at = arguments(id, spec.handler_scope);
    for (const Variable& variable : bound) at.bind(variable);
    return test(condition, error, at);
  };
  const Result<bool> wanted = holds(spec.when, true);
  const Result<bool> excepted = holds(spec.except_when, false);
  for (const Result<bool>* condition : {&wanted, &excepted}) {
    if (condition->ok()) continue;
    error = make_error(type_of_failure(condition->error()), task.reference, "catch: " +
                       condition->error().message());
    return false;
  }
  if (!*wanted || *excepted) return false;
  if (spec.retry) {
    const Result<bool> scheduled = schedule_retry(id, *spec.retry, error, bound);
    if (!scheduled.ok()) {
      error = make_error(type_of_failure(scheduled.error()), task.reference, "retry: " +
                         scheduled.error().message());
      return false;
    }
    if (*scheduled) return true;
    if (spec.handler == kNone && !spec.then) return false;  // used up: the last error goes on
  }
  handle(id, error);
  return true;
}

Result<bool> Run::schedule_retry(FrameId id, const RetrySpec& retry, json::View error,
                                 const std::vector<Variable>& bound) {
  const TrySpec& spec = task_of(id).as<TrySpec>();
  Arguments at = arguments(id, spec.handler_scope);
  for (const Variable& variable : bound) at.bind(variable);
  if (retry.when.present()) {
    HENCE_TRY(const bool wanted, test(retry.when, error, at));
    if (!wanted) return false;
  }
  if (retry.except_when.present()) {
    HENCE_TRY(const bool excepted, test(retry.except_when, error, at));
    if (excepted) return false;
  }
  const uint32_t attempt = frame_of(id).attempt + 1;
  if (retry.count && attempt > *retry.count) return false;
  RetryTimes times;
  times.backoff = retry.backoff;
  const auto length = [&](const DurationSpec& duration) -> Result<Duration> {
    HENCE_TRY(const CalendarDuration value, evaluate_duration(duration, error, at));
    return add(context_.now, value) - context_.now;
  };
  HENCE_TRY(times.delay, length(retry.delay));
  HENCE_TRY(times.jitter_from, length(retry.jitter_from));
  HENCE_TRY(times.jitter_to, length(retry.jitter_to));
  const UtcTime due = context_.now + retry_delay(times, attempt, random());
  if (retry.total_duration.present()) {
    HENCE_TRY(const CalendarDuration total, evaluate_duration(retry.total_duration, error, at));
    if (due > add(frame_of(id).started_at, total)) return false;
  }
  cancel_attempt_timeout(id);
  emit(ErrorCaught{id, frame_of(id).task, json::Value(error)});
  emit(RetryScheduled{id, frame_of(id).task, attempt, due, next_id()});
  return true;
}

void Run::enter_body(FrameId id) {
  const TrySpec& spec = task_of(id).as<TrySpec>();
  if (!set_attempt_timeout(id)) return;
  enter(id, spec.body);
}

bool Run::set_attempt_timeout(FrameId id) {
  const Task& task = task_of(id);
  const TrySpec& spec = task.as<TrySpec>();
  if (!spec.retry || !spec.retry->attempt_duration.present()) return true;
  Arguments at = arguments(id, task.scope);
  const Result<CalendarDuration> limit =
      evaluate_duration(spec.retry->attempt_duration, frame_of(id).input(), at);
  if (limit.ok()) emit(TimerSet{next_id(), id, TimerPurpose::attempt_timeout, add(context_.now, *limit)});
  else fail(id, "attempt.duration", limit.error());
  return limit.ok();
}

void Run::cancel_attempt_timeout(FrameId id) {
  const auto is_of_attempt = [&](const Timer& timer) {
    return timer.frame == id && timer.purpose == TimerPurpose::attempt_timeout;
  };
  std::vector<TimerId> over;
  for (const Timer& timer : instance_.timers) {
    if (is_of_attempt(timer)) over.push_back(timer.id);
  }
  for (const Arrival& arrival : instance_.arrivals) {  // it came due while the instance was suspended
    if (arrival.timer && is_of_attempt(*arrival.timer)) over.push_back(arrival.timer->id);
  }
  for (TimerId timer : over) emit(TimerCancelled{timer});
}

void Run::handle(FrameId id, json::Value error) {
  const Task& task = task_of(id);
  const TrySpec& spec = task.as<TrySpec>();
  cancel_attempt_timeout(id);
  emit(ErrorCaught{id, frame_of(id).task, error});
  if (spec.handler == kNone) {
    // Nothing to do about it: the task's input is its output.
    return end_task(id, frame_of(id).input(), spec.then ? *spec.then : task.then);
  }
  const Scope& handler = definition_.scope(spec.handler);
  const TaskIndex first = handler.tasks.empty() ? kNone : handler.tasks.front();
  emit(ScopeEntered{next_id(), id, spec.handler, first, std::nullopt, {{spec.as, std::move(error)}},
                    Branch::none, true});
}

}  // namespace hence::workflow

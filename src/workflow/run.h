// SPDX-License-Identifier: Apache-2.0
#pragma once

// One command's work on one instance. Every change goes through emit(), which records the fact and
// applies it; references to frames do not outlive it.

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "workflow/arguments.h"
#include "workflow/errors.h"
#include "workflow/machine.h"

namespace hence::workflow {

class Run {
 public:
  Run(const Definition& definition, Instance& instance, const StepContext& context,
      std::vector<Fact>& facts)
      : definition_(definition), instance_(instance), context_(context), facts_(facts) {}

  // Commands (machine.cc).
  void start(json::View input);
  void fire_timer(const Timer& timer);
  void finish_call(const Call& call, const CallOutcome& outcome, bool again);
  void finish_fetch(const Call& call, const CallOutcome& outcome);
  void end_instance(Phase phase, std::optional<json::Value> output,
                    std::optional<json::Value> error,
                    std::string_view reason);
  /// The same after what is registered was undone, if there is any.
  void undo_and_end(Phase phase, std::optional<json::Value> error, std::string_view reason);
  void decide_parked(bool skip);
  void decide_approval(ApprovalId approval, const Decision& decision);
  /// False if the event is not for this instance; nothing has changed then.
  bool take_event(const Wait& wait, json::View event, Address position, uint32_t depth);
  // Commands of operators (machine_operate.cc).
  /// Whether the timer comes after the end of what it was for.
  bool is_late(const Timer& timer) const;
  void retry(const std::optional<json::Value>& input);
  /// The frame that runs the task, or why there is none.
  Result<FrameId> find_run(std::string_view task) const;
  void skip(FrameId id, const std::optional<json::Value>& output);
  /// Timeouts and waits of frames that a retry brought back.
  void rearm();
  /// Runs what can run. True if the budget ended before the work did.
  bool run_on();
  void emit(Fact fact);

 private:
  void set_workflow_timeout(json::View input);
  /// False, and the task has failed, where there is no telling how long.
  bool set_attempt_timeout(FrameId id);
  /// The timer of the run of the body that is over goes; that of the whole task stays.
  void cancel_attempt_timeout(FrameId id);
  /// The first of what came while the instance was suspended.
  void take_arrival();

  // run.cc: the loop and the life of a task.
  Frame* next_runnable();
  void step(FrameId id);
  void start_task(FrameId id);
  void execute(FrameId id);
  void set_task_timeout(FrameId id);
  /// The raw output is known: extensions, then the data flow. raw: absent if the state has it.
  void end_task(FrameId id, std::optional<json::Value> raw, Then then);
  void end_task(FrameId id) { end_task(id, std::nullopt, task_of(id).then); }
  /// The data flow from the raw output on.
  void complete_task(FrameId id, std::optional<json::Value> raw, Then then);
  /// False, and the task has failed, where value does not fit.
  bool check_data(FrameId id, const DataSchema& schema, json::View value, std::string_view what);
  void leave_scope(FrameId id);
  void finish_workflow(json::Value output);
  /// Nothing is waited for any more.
  void release_all();
  /// Cancels timers and calls of the frame and those under it.
  void release(FrameId id);
  /// The same without the frame's own.
  void release_below(FrameId id);
  TaskIndex next_of(const Task& task, Then then) const;

  // run_tasks.cc
  void run_switch(FrameId id);
  void run_raise(FrameId id);
  void run_emit(FrameId id);
  void run_wait(FrameId id);
  void run_call(FrameId id);
  void run_shell(FrameId id);
  /// Asks for what the task needs before it can begin.
  /// address: of another document than the source's own, where that needs it; else empty.
  void fetch(FrameId id, const HttpSpec& source, std::string_view address = {});
  void request_http(FrameId id, const HttpSpec& spec, CallKind kind, std::string_view address = {});
  void run_openapi(FrameId id);
  void run_subflow(FrameId id);
  /// Sends the request, or fails the task with the error of building it.
  void send_request(FrameId id, CallKind kind, bool deferred, Result<json::Value> request);
  /// Retries so far of the nearest `try` around the frame that has retried.
  uint32_t attempt_of(FrameId id);

  // run_extensions.cc
  /// Enters the first list from extension `from` on that runs before the task; false if none does.
  bool enter_before(FrameId id, size_t from);
  /// The same after the task, innermost extension first. then: where the task goes.
  bool enter_after(FrameId id, size_t from, std::optional<json::Value> raw, Then then);
  void go_on_extended(FrameId id);
  void leave_extension(FrameId id);
  std::optional<bool> extension_applies(FrameId id, const ExtensionUse& extension);

  // run_scopes.cc: do, for, fork, functions.
  void enter(FrameId parent, ScopeIndex scope);
  void start_loop(FrameId id);
  void next_iteration(FrameId id);
  void start_function(FrameId id);
  void start_fork(FrameId id);
  void finish_fork(FrameId id);
  std::optional<json::Value> item_at(FrameId id, const json::Value& items, uint64_t index);

  // run_compensate.cc
  void register_compensation(FrameId id);
  /// Begins to undo the task that ended last, or ends the instance where there is none left.
  void undo_next();
  /// The list that undoes a task is done, or failed.
  void finish_undoing();
  void park(FrameId id, json::Value error);

  // run_approval.cc
  void run_approval(FrameId id);

  // run_listen.cc
  void start_listen(FrameId id);
  Result<std::vector<WaitOpened>> open_waits(FrameId id, const ListenSpec::Events& events);
  /// Whether tests that read the instance hold.
  Result<bool> holds_late(FrameId id, const ListenSite& site, json::View event);
  /// Waits of a `listen` that has had some of its events.
  void reopen_listen(FrameId id);
  /// What keys get their value by the event; nothing if one has another value.
  std::optional<std::vector<Variable>> bind(const Wait& wait, json::View event);
  /// Waits of the frame that a key's new value places elsewhere are registered there.
  void place_bound(FrameId id, Address event);
  void close_waits(FrameId id, const std::function<bool(const Wait&)>& which);
  /// Whether `until` or the strategy ends the listening with this event.
  Result<bool> ends_with(FrameId id, uint32_t site, const std::optional<json::Value>& value);
  Result<bool> until_holds(FrameId id, const std::optional<json::Value>& next);
  void next_item(FrameId id);
  void finish_item(FrameId id, json::Value output);

  /// Whether so much is within a bound; says once that half of it is used.
  bool within(Limit limit, uint64_t used);
  uint64_t bound_of(Limit limit) const;
  /// Fails the task with an error that names the bound.
  void fail_limit(FrameId id, Limit limit, std::string_view what);

  // run_try.cc: errors and who takes them.
  void fail(FrameId id, json::Value error);
  void fail(FrameId id, ErrorType type, std::string_view detail);
  /// An expression of the task's key `what` failed.
  void fail(FrameId id, std::string_view what, const Error& error);
  /// False with `error` replaced where the catch itself failed or does not take it.
  bool catch_error(FrameId try_frame, json::Value& error);
  bool matches(const ErrorFilter& filter, json::View error) const;
  /// Schedules the next run of the body, or says there is none.
  Result<bool> schedule_retry(FrameId id, const RetrySpec& retry, json::View error,
                              const std::vector<Variable>& bound);
  void enter_body(FrameId try_frame);
  void handle(FrameId try_frame, json::Value error);

  // Evaluation.
  Frame& frame_of(FrameId id);
  const Task& task_of(FrameId id) { return definition_.task(frame_of(id).task); }
  Arguments arguments(FrameId id, ScopeIndex scope);
  Result<json::Value> evaluate(const Formula& formula, json::View input,
                               Arguments& arguments) const;
  Result<bool> test(const Formula& formula, json::View input, Arguments& arguments) const;
  Result<CalendarDuration> evaluate_duration(const DurationSpec& spec, json::View input,
                                             Arguments& arguments) const;
  expr::Environment environment() const { return {context_.now, expr::kWhenBudget, context_.expression_budget}; }
  /// The same for expressions that read these arguments.
  expr::Environment environment(const Arguments& arguments) const;
  uint64_t random();
  uint32_t next_id() const { return instance_.last_id + 1; }

  const Definition& definition_;
  Instance& instance_;
  const StepContext& context_;
  std::vector<Fact>& facts_;
  std::deque<FrameId> queue_;
  uint64_t draws_ = 0;
  LoopCursors loops_;
};

}  // namespace hence::workflow

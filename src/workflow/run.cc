// SPDX-License-Identifier: Apache-2.0
// The loop over what can run, and the life of a task from `if` to `export`.

#include "workflow/run.h"

#include "workflow/shapes.h"

namespace hence::workflow {

Frame& Run::frame_of(FrameId id) {
  Frame* frame = instance_.find_frame(id);
  HENCE_CHECK(frame != nullptr);
  return *frame;
}

void Run::emit(Fact fact) {
  facts_.push_back(std::move(fact));
  workflow::apply(instance_, facts_.back());  // qualified: std::apply would be found too
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.frame; }) queue_.push_back(one.frame);
        if constexpr (requires { one.parent; }) queue_.push_back(one.parent);
      },
      facts_.back());
}

Frame* Run::next_runnable() {
  while (!queue_.empty()) {
    Frame* frame = instance_.find_frame(queue_.front());
    if (frame && frame->runnable()) return frame;
    queue_.pop_front();
  }
  // The queue knows what this command touched; the rest was left by a command before it.
  for (Frame& frame : instance_.frames) {
    if (frame.runnable()) return &frame;
  }
  return nullptr;
}

bool Run::run_on() {
  for (uint32_t used = 0; instance_.phase == Phase::running; ++used) {
    const Frame* frame = next_runnable();
    if (!frame && instance_.arrivals.empty()) return false;
    if (used >= context_.step_budget) return true;
    if (frame) step(frame->id);
    else take_arrival();
  }
  return false;
}

void Run::step(FrameId id) {
  if (!queue_.empty() && queue_.front() == id) queue_.pop_front();
  const Frame& frame = frame_of(id);
  switch (frame.state) {
    case FrameState::ready: return start_task(id);
    case FrameState::next_round:
      if (frame.listen) return next_item(id);
      return task_of(id).kind == TaskKind::for_ ? next_iteration(id) : finish_fork(id);
    case FrameState::retrying: return enter_body(id);
    case FrameState::finishing: return end_task(id);
    case FrameState::failing: return fail(id, *frame.error);
    case FrameState::attempt_failed: {
      json::Value error = *frame.error;
      release_below(id);
      if (!catch_error(id, error)) fail(id, std::move(error));
      return;
    }
    case FrameState::scope_ended: return leave_scope(id);
    case FrameState::extended: return go_on_extended(id);
    case FrameState::prepared: return execute(id);
    default: HENCE_CHECK(false);
  }
}

Arguments Run::arguments(FrameId id, ScopeIndex scope) {
  const Frame& frame = frame_of(id);
  return Arguments(definition_, instance_, &frame, &definition_.task(frame.task), context_,
                   definition_.scope(scope).variables);
}

expr::Environment Run::environment(const Arguments& arguments) const {
  expr::Environment lent = environment();
  lent.secrets = arguments.secrets();
  return lent;
}

Result<json::Value> Run::evaluate(const Formula& formula, json::View input,
                                  Arguments& arguments) const {
  if (formula.reads_secrets()) HENCE_TRY_VOID(arguments.load_secrets());
  return formula.evaluate(input, arguments.slots(formula.arguments()), environment(arguments));
}

Result<bool> Run::test(const Formula& formula, json::View input, Arguments& arguments) const {
  if (formula.reads_secrets()) HENCE_TRY_VOID(arguments.load_secrets());
  return formula.test(input, arguments.slots(formula.arguments()), environment(arguments));
}

Result<CalendarDuration> Run::evaluate_duration(const DurationSpec& spec, json::View input,
                                                Arguments& arguments) const {
  if (spec.fixed) return *spec.fixed;
  if (!spec.formula.present()) return CalendarDuration{};
  HENCE_TRY(json::Value value, evaluate(spec.formula, input, arguments));
  if (value->is_object()) {
    Faults faults;
    check_shape(kDurationObjectShape, value, "", faults);
    if (!faults.empty()) {
      return Error(ErrorCode::ExpressionFailed, "no duration: " + faults.to_error().message());
    }
    return CalendarDuration{0, duration_of(value)};
  }
  if (!value->is_string() || !value->as_string().starts_with('P')) {
    return Error(ErrorCode::ExpressionFailed, "expected an ISO 8601 duration such as PT15M, got " +
                                                  value->to_text().substr(0, 100));
  }
  Result<CalendarDuration> parsed = parse_iso8601_duration(value->as_string());
  if (!parsed.ok()) return Error(ErrorCode::ExpressionFailed, parsed.error().message());
  return *parsed;
}

uint64_t Run::random() {
  // splitmix64 (Steele, Lea, Flood) over the command's seed.
  uint64_t z = context_.seed + 0x9E3779B97F4A7C15ull * ++draws_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

void Run::start_task(FrameId id) {
  const Task& task = task_of(id);
  if (!within(Limit::steps, instance_.steps + 1)) {
    return fail_limit(id, Limit::steps, "the instance reached its limit of steps; does the workflow "
                                        "jump back without end?");
  }
  Arguments before = arguments(id, task.scope);
  if (task.if_.present()) {
    const Result<bool> go = test(task.if_, frame_of(id).carry, before);
    if (!go.ok()) return fail(id, "if", go.error());
    if (!*go) return emit(TaskSkipped{id, frame_of(id).task, task.next});
  }
  if (task.input_schema && !check_data(id, task.input_schema, frame_of(id).carry, "input")) return;
  std::optional<json::Value> input;
  if (task.input_from.present()) {
    Result<json::Value> value = evaluate(task.input_from, frame_of(id).carry, before);
    if (!value.ok()) return fail(id, "input.from", value.error());
    input = std::move(value).value();
  }
  const bool undoable = task.compensation != kNone && !instance_.ending;
  if (undoable && !within(Limit::compensations, instance_.compensations.size() + 1)) {
    return fail_limit(id, Limit::compensations, "the instance reached its limit of tasks that can be "
                                                "undone");
  }
  emit(TaskStarted{id, frame_of(id).task, context_.now, std::move(input)});
  if (undoable) register_compensation(id);
  if (task.extensions.empty() || !enter_before(id, 0)) execute(id);
  if (task.timeout.present()) set_task_timeout(id);
}

void Run::execute(FrameId id) {
  const Task& task = task_of(id);
  switch (task.kind) {
    case TaskKind::do_: return enter(id, task.as<DoSpec>().body);
    case TaskKind::set: {
      Arguments at = arguments(id, task.scope);
      Result<json::Value> value = evaluate(task.as<SetSpec>().value, frame_of(id).input(), at);
      if (!value.ok()) return fail(id, "set", value.error());
      return end_task(id, std::move(value).value(), task.then);
    }
    case TaskKind::switch_: return run_switch(id);
    case TaskKind::wait: return run_wait(id);
    case TaskKind::raise: return run_raise(id);
    case TaskKind::try_: return enter_body(id);
    case TaskKind::emit: return run_emit(id);
    case TaskKind::call_http: return run_call(id);
    case TaskKind::call_openapi: return run_openapi(id);
    case TaskKind::run_shell:
    case TaskKind::run_script: return run_shell(id);
    case TaskKind::run_workflow: return run_subflow(id);
    case TaskKind::call_function: return start_function(id);
    case TaskKind::for_: return start_loop(id);
    case TaskKind::fork: return start_fork(id);
    case TaskKind::listen: return start_listen(id);
    case TaskKind::approval: return run_approval(id);
    default:
      return fail(id, ErrorType::configuration,
                  "`" + std::string(task_kind_name(task.kind)) + "` tasks are not supported yet");
  }
}

void Run::set_task_timeout(FrameId id) {
  // Only what waits for something needs the timer; the rest is over already.
  const Frame* frame = instance_.find_frame(id);
  if (!frame || instance_.phase != Phase::running) return;
  const bool waits = frame->state == FrameState::inside || frame->state == FrameState::next_round ||
                     frame->state == FrameState::sleeping || frame->state == FrameState::calling ||
                     frame->state == FrameState::listening || frame->state == FrameState::deciding ||
                     frame->state == FrameState::retrying;
  if (!waits) return;
  const Task& task = task_of(id);
  Arguments at = arguments(id, task.scope);
  const Result<CalendarDuration> after = evaluate_duration(task.timeout, frame->input(), at);
  if (!after.ok()) return fail(id, "timeout", after.error());
  emit(TimerSet{next_id(), id, TimerPurpose::task_timeout, add(context_.now, *after)});
}

TaskIndex Run::next_of(const Task& task, Then then) const {
  switch (then.kind) {
    case Then::Kind::continue_: return task.next;
    case Then::Kind::task: return then.task;
    default: return kNone;
  }
}

void Run::end_task(FrameId id, std::optional<json::Value> raw, Then then) {
  const Task& task = task_of(id);
  if (!task.extensions.empty() && frame_of(id).extension <= task.extensions.size()) {
    if (enter_after(id, 0, raw, then)) return;
  }
  complete_task(id, std::move(raw), then);
}

bool Run::check_data(FrameId id, const DataSchema& schema, json::View value,
                     std::string_view what) {
  if (schema->valid(value)) return true;
  fail(id, ErrorType::validation, describe_misfit(*schema, value, what));
  return false;
}

void Run::complete_task(FrameId id, std::optional<json::Value> raw, Then then) {
  const Task& task = task_of(id);
  std::optional<json::Value> output = raw;
  std::optional<json::Value> exported;
  const bool checked = task.output_schema || task.export_schema;
  if (task.output_as.present() || task.export_as.present() || checked) {
    const Frame& frame = frame_of(id);
    const json::Value whole = raw ? *raw : frame.raw_output ? *frame.raw_output : frame.input();
    Arguments at = arguments(id, task.scope);
    at.set_raw_output(whole);
    if (task.output_as.present()) {
      Result<json::Value> value = evaluate(task.output_as, whole, at);
      if (!value.ok()) return fail(id, "output.as", value.error());
      output = std::move(value).value();
    }
    const json::Value transformed = output ? *output : whole;
    if (task.output_schema && !check_data(id, task.output_schema, transformed, "output")) return;
    if (task.export_as.present()) {
      at.set_output(transformed);
      Result<json::Value> value = evaluate(task.export_as, transformed, at);
      if (!value.ok()) return fail(id, "export.as", value.error());
      if (!within(Limit::context_bytes, value->view().to_text().size())) {
        return fail_limit(id, Limit::context_bytes, "export.as: the context would be too large");
      }
      exported = std::move(value).value();
    }
    if (task.export_schema) {
      const json::View context = exported ? exported->view() : instance_.context.view();
      if (!check_data(id, task.export_schema, context, "export")) return;
    }
  }
  release(id);
  const bool extension = definition_.scope(frame_of(id).scope).role == ScopeRole::extension;
  emit(TaskEnded{id, frame_of(id).task, next_of(task, then), std::move(output), std::move(exported),
                 extension && then.kind == Then::Kind::exit});
  if (then.kind == Then::Kind::end) finish_workflow(frame_of(id).carry);
}

void Run::leave_scope(FrameId id) {
  const Frame& frame = frame_of(id);
  if (frame.parent == kNoFrame) return finish_workflow(frame.carry);
  if (definition_.scope(frame.scope).role == ScopeRole::extension) return leave_extension(id);
  const FrameId parent = frame.parent;
  const Task& owner = task_of(parent);
  const bool handled = owner.kind == TaskKind::try_ && frame_of(parent).handling;
  emit(ScopeLeft{id, parent});
  if (owner.kind == TaskKind::for_ || owner.kind == TaskKind::listen) return;  // the next step is the next iteration
  const auto* spec = std::get_if<TrySpec>(&owner.spec);
  if (spec) cancel_attempt_timeout(parent);  // else it would run on through the extensions that follow
  end_task(parent, std::nullopt, handled && spec->then ? *spec->then : owner.then);
}

void Run::release(FrameId id) {
  if (instance_.timers.empty() && instance_.calls.empty() && instance_.waits.empty() &&
      instance_.approvals.empty() && instance_.arrivals.empty()) {
    return;
  }
  const auto is_under = [&](FrameId frame) {
    while (frame != kNoFrame && frame != id) {
      const Frame* at = instance_.find_frame(frame);
      frame = at ? at->parent : kNoFrame;
    }
    return frame == id;
  };
  std::vector<TimerId> timers;
  std::vector<CallId> calls;
  std::vector<ApprovalId> approvals;
  for (const Approval& approval : instance_.approvals) {
    if (is_under(approval.frame)) approvals.push_back(approval.id);
  }
  for (const Timer& timer : instance_.timers) {
    if (timer.frame != kNoFrame && is_under(timer.frame)) timers.push_back(timer.id);
  }
  for (const Arrival& arrival : instance_.arrivals) {
    if (arrival.timer && arrival.frame != kNoFrame && is_under(arrival.frame)) timers.push_back(arrival.timer->id);
  }
  for (const Call& call : instance_.calls) {
    if (is_under(call.frame)) calls.push_back(call.id);
  }
  for (TimerId timer : timers) emit(TimerCancelled{timer});
  for (CallId call : calls) emit(CallCancelled{call});
  for (ApprovalId approval : approvals) emit(ApprovalWithdrawn{approval});
  if (!instance_.waits.empty()) {
    close_waits(kNoFrame, [&](const Wait& wait) { return is_under(wait.frame); });
  }
}

void Run::release_below(FrameId id) {
  std::vector<FrameId> children;
  for (const Frame& frame : instance_.frames) {
    if (frame.parent == id) children.push_back(frame.id);
  }
  for (FrameId child : children) release(child);
}

void Run::finish_workflow(json::Value output) {
  if (instance_.ending) return finish_undoing();  // `then: end` ends what undoes one task
  const auto faulted = [&](ErrorType type, const std::string& detail) {
    undo_and_end(Phase::faulted, make_error(type, "/", detail), "");
  };
  if (definition_.output_as.present()) {
    Arguments at(definition_, instance_, nullptr, nullptr, context_,
                 definition_.scope(kRootScope).variables);
    Result<json::Value> value = evaluate(definition_.output_as, output, at);
    if (!value.ok()) {
      return faulted(type_of_failure(value.error()), "output.as: " + value.error().message());
    }
    output = std::move(value).value();
  }
  if (definition_.output_schema && !definition_.output_schema->valid(output)) {
    return faulted(ErrorType::validation,
                   describe_misfit(*definition_.output_schema, output, "output"));
  }
  end_instance(Phase::completed, std::move(output), std::nullopt, "");
}

void Run::end_instance(Phase phase, std::optional<json::Value> output,
                       std::optional<json::Value> error,
                       std::string_view reason) {
  release_all();
  InstanceEnded ended{phase, std::move(output), std::move(error), std::string(reason),
                      context_.now};
  if (instance_.ending) {
    const bool partial = instance_.ending->partial || !instance_.compensations.empty();
    ended.compensated = partial ? Compensated::partial : Compensated::all;
  }
  emit(std::move(ended));
}

void Run::release_all() {
  std::vector<TimerId> timers;
  std::vector<CallId> calls;
  for (const Timer& timer : instance_.timers) timers.push_back(timer.id);
  for (const Call& call : instance_.calls) calls.push_back(call.id);
  for (TimerId timer : timers) emit(TimerCancelled{timer});
  for (CallId call : calls) emit(CallCancelled{call});
  while (!instance_.approvals.empty()) emit(ApprovalWithdrawn{instance_.approvals.front().id});
  close_waits(kNoFrame, [](const Wait&) { return true; });
  while (!instance_.arrivals.empty()) emit(ArrivalTaken{instance_.arrivals.front().kind, true});
}

}  // namespace hence::workflow

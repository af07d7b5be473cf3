// SPDX-License-Identifier: Apache-2.0
#include "workflow/instance.h"

#include <algorithm>
#include <map>

#include "json/builder.h"
#include "workflow/documents.h"

namespace hence::workflow {
namespace {

template <typename T>
auto find_by_id(T& items, uint32_t id) -> decltype(items.data()) {
  for (auto& item : items) {
    if (item.id == id) return &item;
  }
  return nullptr;
}

Frame& frame_of(Instance& instance, FrameId id) {
  Frame* frame = instance.find_frame(id);
  HENCE_CHECK(frame != nullptr);
  return *frame;
}

void take_id(Instance& instance, uint32_t id) { instance.last_id = std::max(instance.last_id, id); }

Compensation* compensation_of(Instance& instance, FrameId frame) {
  for (Compensation& one : instance.compensations) {
    if (one.frame == frame) return &one;
  }
  return nullptr;
}

/// The frame's task is over, with an output if it completed: it is to be undone if it did, or if
/// something it did may have had an effect. Where an earlier run in the same `try` completed and this one did not,
/// that one is undone, in its place.
void close_compensation(Instance& instance, const Frame& frame, std::optional<json::Value> output) {
  Compensation* open = compensation_of(instance, frame.id);
  if (!open) return;
  if (!output && open->output) {
    open->frame = kNoFrame;
    return;
  }
  Compensation over = std::move(*open);
  instance.compensations.erase(instance.compensations.begin() +
                               (open - instance.compensations.data()));
  if (!output && over.effects == 0) return;
  over.frame = kNoFrame;
  over.input = frame.input();
  over.output = std::move(output);
  instance.compensations.push_back(std::move(over));
}

/// Something left for the outside from the frame: of all tasks around it.
void count_effect(Instance& instance, FrameId id, int by) {
  if (instance.compensations.empty()) return;
  for (const Frame* frame = instance.find_frame(id); frame;
       frame = instance.find_frame(frame->parent)) {
    Compensation* open = compensation_of(instance, frame->id);
    if (open) open->effects += static_cast<uint32_t>(by);
  }
}

/// All frames below one, or all there are: each after those inside it, else as they began.
std::vector<FrameId> inner_first_below(const Instance& instance, FrameId id) {
  std::multimap<FrameId, FrameId> inside;
  for (const Frame& frame : instance.frames) inside.emplace(frame.parent, frame.id);
  std::vector<FrameId> found;
  std::vector<FrameId> open = {id};
  while (!open.empty()) {
    const FrameId next = open.back();
    open.pop_back();
    found.push_back(next);
    const auto [first, last] = inside.equal_range(next);
    for (auto at = first; at != last; ++at) open.push_back(at->second);
  }
  std::reverse(found.begin(), found.end());
  found.pop_back();  // the one itself
  return found;
}

/// Children have greater ids than their parents, so one pass forward finds them all. order: in which their tasks
/// end. kept: where they go, if anywhere.
void erase_below(Instance& instance, FrameId id, EndOrder order = EndOrder::outer_first,
                 std::vector<Frame>* kept = nullptr) {
  std::vector<FrameId> gone = {id};
  const auto is_gone = [&](FrameId frame) { return std::binary_search(gone.begin(), gone.end(),
                                                                      frame); };
  for (const Frame& frame : instance.frames) {
    if (frame.parent != kNoFrame && is_gone(frame.parent)) gone.push_back(frame.id);
  }
  if (gone.size() == 1) return;
  if (!instance.compensations.empty()) {
    const std::vector<FrameId> closing = order == EndOrder::inner_first ? inner_first_below(instance, id)
                                                                        : std::vector(gone.begin() + 1, gone.end());
    for (const FrameId frame : closing) close_compensation(instance, frame_of(instance, frame), std::nullopt);
  }
  const auto goes = [&](const Frame& f) { return f.id != id && is_gone(f.id); };
  if (kept != nullptr) std::copy_if(instance.frames.begin(), instance.frames.end(), std::back_inserter(*kept), goes);
  std::erase_if(instance.frames, goes);
}

/// What the frame was given takes effect when its turn comes.
void hold(Instance& instance, Frame& frame, ArrivalKind kind) {
  if (!instance.holds() || frame.held) return;
  frame.held = true;
  instance.arrivals.push_back({kind, frame.id, std::nullopt});
}

/// The value is held from now on.
void count_held(Listen& listen, const json::Value& value) {
  if (listen.held) *listen.held += Listen::bytes_of(value);
}
/// Takes the oldest that queues; it is no longer held.
json::Value take_queued(Listen& listen) {
  json::Value first = std::move(listen.queue.front());
  listen.queue.erase(listen.queue.begin());
  if (listen.held) *listen.held -= Listen::bytes_of(first);
  return first;
}

/// Leaves the frame with its task as if that had not begun.
void clear_task(Frame& frame) {
  frame.task_input.reset();
  frame.raw_output.reset();
  frame.error.reset();
  frame.items.reset();
  frame.authorization.reset();
  frame.request.reset();
  frame.listen.reset();
  frame.started_at = UtcTime{};
  frame.attempt = 0;
  frame.rounds = 0;
  frame.pending = 0;
  frame.handling = false;
  frame.extension = 0;
  frame.next = kNone;
  frame.ends = false;
  frame.document.reset();
  frame.held = false;
}

/// Moves a cursor on: to a task, or past the end of its list.
void advance(Instance& instance, Frame& frame, TaskIndex next) {
  if (instance.fallen && instance.fallen->top == frame.id) instance.fallen.reset();  // it did not go up
  clear_task(frame);
  if (next != kNone) {
    frame.task = next;
    frame.state = FrameState::ready;
    return;
  }
  frame.state = FrameState::scope_ended;
  if (frame.branch == Branch::none) return;
  frame.state = FrameState::joined;
  Frame& fork = frame_of(instance, frame.parent);
  if (fork.state != FrameState::inside) return;  // another branch has won
  --fork.pending;
  if (frame.branch == Branch::compete) fork.raw_output = frame.carry;
  if (frame.branch == Branch::compete || fork.pending == 0) fork.state = FrameState::next_round;
}

// One overload a kind of fact.

void fold(Instance& instance, const InstanceStarted& fact) {
  HENCE_CHECK(instance.phase == Phase::pending);
  instance.phase = Phase::running;
  instance.input = fact.raw_input;
  json::Builder empty;
  empty.begin_object().end_object();
  instance.context = std::move(empty).finish();
  instance.started_at = fact.at;
  take_id(instance, fact.frame);
  Frame frame;
  frame.id = fact.frame;
  frame.scope = kRootScope;
  frame.carry = fact.input ? *fact.input : fact.raw_input;
  frame.task = fact.task;
  frame.state = fact.task == kNone ? FrameState::scope_ended : FrameState::ready;
  instance.frames.push_back(std::move(frame));
}

void fold(Instance& instance, const TaskStarted& fact) {
  Frame& frame = frame_of(instance, fact.frame);
  frame.task = fact.task;
  frame.task_input = fact.input;
  frame.started_at = fact.at;
  ++instance.steps;
}

void fold(Instance& instance, const TaskSkipped& fact) {
  ++instance.steps;
  advance(instance, frame_of(instance, fact.frame), fact.next);
}

void fold(Instance& instance, const TaskEnded& fact) {
  erase_below(instance, fact.frame);
  Frame& frame = frame_of(instance, fact.frame);
  json::Value output = fact.output ? *fact.output
                       : frame.raw_output ? *frame.raw_output : frame.input();
  if (!instance.compensations.empty()) close_compensation(instance, frame, output);
  frame.carry = std::move(output);
  if (fact.context) instance.context = *fact.context;
  frame.exited = fact.exits;
  advance(instance, frame, fact.next);
}

void fold(Instance& instance, const TaskFaulted& fact) {
  const Frame* top = instance.fallen ? instance.find_frame(instance.fallen->top) : nullptr;
  if (top != nullptr && top->parent == fact.frame) {  // the error goes up
    erase_below(instance, fact.frame, fact.order, &instance.fallen->frames);
    instance.fallen->top = fact.frame;
  } else {
    erase_below(instance, fact.frame, fact.order);
    instance.fallen = Fallen{fact.frame, fact.frame, {}};
  }
  Frame& frame = frame_of(instance, fact.frame);
  close_compensation(instance, frame, std::nullopt);
  frame.error = fact.error;
  frame.state = FrameState::failing;
  frame.held = false;
  if (instance.phase == Phase::suspended) hold(instance, frame, ArrivalKind::event);
}

void fold(Instance& instance, const ScopeEntered& fact) {
  ++instance.steps;
  take_id(instance, fact.frame);
  if (fact.extension != 0) erase_below(instance, fact.parent);  // branches that lost
  Frame& parent = frame_of(instance, fact.parent);
  parent.state = FrameState::inside;
  if (fact.extension != 0) {
    parent.extension = fact.extension;
    parent.next = fact.next;
    parent.ends = fact.ends;
    if (fact.raw_output) parent.raw_output = fact.raw_output;
  } else if (parent.items) {
    ++parent.rounds;
  }
  if (fact.branch != Branch::none) ++parent.pending;
  if (fact.handler) parent.handling = true;
  if (parent.listen && fact.extension == 0) {
    parent.listen->item = take_queued(*parent.listen);
    ++parent.listen->items;
  }
  Frame frame;
  frame.id = fact.frame;
  frame.parent = fact.parent;
  frame.scope = fact.scope;
  frame.carry = fact.input ? *fact.input : parent.input();
  frame.branch = fact.branch;
  frame.variables = fact.variables;
  frame.task = fact.task;
  frame.state = fact.task == kNone ? FrameState::scope_ended : FrameState::ready;
  instance.frames.push_back(std::move(frame));
}

void fold(Instance& instance, const ScopeLeft& fact) {
  json::Value output = std::move(frame_of(instance, fact.frame).carry);
  Frame& parent = frame_of(instance, fact.parent);
  if (fact.end == ScopeEnd::extension) {
    parent.state = FrameState::extended;
  } else {
    parent.raw_output = std::move(output);
    const bool loops = (parent.items || parent.listen) && fact.end == ScopeEnd::output;
    parent.state = loops ? FrameState::next_round : FrameState::finishing;
  }
  std::erase_if(instance.frames, [&](const Frame& f) { return f.id == fact.frame; });
}

void fold(Instance& instance, const LoopStarted& fact) {
  Frame& frame = frame_of(instance, fact.frame);
  frame.items = fact.items;
  frame.state = FrameState::next_round;
}

void fold(Instance& instance, const ErrorCaught& fact) {
  erase_below(instance, fact.frame, fact.order);
  instance.fallen.reset();
  Frame& frame = frame_of(instance, fact.frame);
  frame.error = fact.error;
  frame.state = FrameState::inside;
}

void fold(Instance& instance, const RetryScheduled& fact) {
  Frame& frame = frame_of(instance, fact.frame);
  frame.attempt = fact.attempt;
  frame.state = FrameState::backing_off;
  take_id(instance, fact.timer);
  instance.timers.push_back({fact.timer, fact.frame, TimerPurpose::retry, fact.due});
}

void fold(Instance& instance, const TimerSet& fact) {
  take_id(instance, fact.timer);
  instance.timers.push_back({fact.timer, fact.frame, fact.purpose, fact.due});
  if (fact.purpose == TimerPurpose::wait) frame_of(instance, fact.frame).state =
      FrameState::sleeping;
}

void erase_timer(Instance& instance, TimerId id) {
  std::erase_if(instance.timers, [&](const Timer& timer) { return timer.id == id; });
}

void fold(Instance& instance, const TimerCancelled& fact) {
  erase_timer(instance, fact.timer);
  for (Arrival& arrival : instance.arrivals) {
    if (arrival.timer && arrival.timer->id == fact.timer) arrival.timer.reset();
  }
}

void fold(Instance& instance, const TimerHeld& fact) {
  const Timer* timer = instance.find_timer(fact.timer);
  HENCE_CHECK(timer != nullptr);
  instance.arrivals.push_back({ArrivalKind::timer, timer->frame, *timer});
  erase_timer(instance, fact.timer);
}

void fold(Instance& instance, const ArrivalTaken& fact) {
  HENCE_CHECK(!instance.arrivals.empty());
  const Arrival arrival = std::move(instance.arrivals.front());
  instance.arrivals.erase(instance.arrivals.begin());
  if (fact.late) return;
  if (arrival.timer) instance.timers.push_back(*arrival.timer);
  else frame_of(instance, arrival.frame).held = false;
}

void fold(Instance& instance, const TimerFired& fact) {
  const Timer* found = instance.find_timer(fact.timer);
  HENCE_CHECK(found != nullptr);
  const Timer timer = *found;
  erase_timer(instance, fact.timer);
  if (timer.purpose == TimerPurpose::workflow_timeout) return;
  if (timer.purpose == TimerPurpose::approval) return;  // what follows is decided: it expired
  Frame& frame = frame_of(instance, timer.frame);
  if (fact.error) frame.error = fact.error;
  switch (timer.purpose) {
    case TimerPurpose::wait: frame.state = FrameState::finishing; break;
    case TimerPurpose::retry: frame.state = FrameState::retrying; break;
    case TimerPurpose::attempt_timeout: frame.state = FrameState::attempt_failed; break;
    default: frame.state = FrameState::failing; break;
  }
}

void fold(Instance& instance, const CallRequested& fact) {
  take_id(instance, fact.call);
  if (fact.kind != CallKind::fetch) count_effect(instance, fact.frame, 1);
  if (fact.detached) return;
  instance.calls.push_back({fact.call, fact.frame, fact.kind});
  Frame& frame = frame_of(instance, fact.frame);
  frame.state = FrameState::calling;
  if (const auto value = fact.request->find("authorization")) {
    frame.authorization = json::Value::detached(*value);
  }
  if (const auto value = fact.request->find("echo")) frame.request = json::Value::detached(*value);
}

void erase_call(Instance& instance, CallId id) {
  std::erase_if(instance.calls, [&](const Call& call) { return call.id == id; });
}

void fold(Instance& instance, const CallEnded& fact) {
  const Call* call = instance.find_call(fact.call);
  HENCE_CHECK(call != nullptr);
  Frame& frame = frame_of(instance, call->frame);
  if (fact.no_effect && call->kind != CallKind::fetch) count_effect(instance, frame.id, -1);
  erase_call(instance, fact.call);
  if (fact.error) {
    frame.error = fact.error;
    frame.state = FrameState::failing;
  } else {
    frame.raw_output = fact.output;
    frame.state = FrameState::finishing;
  }
  hold(instance, frame, ArrivalKind::call);
}

void fold(Instance& instance, const DocumentFetched& fact) {
  const Call* call = instance.find_call(fact.call);
  HENCE_CHECK(call != nullptr);
  Frame& frame = frame_of(instance, call->frame);
  erase_call(instance, fact.call);
  frame.document = keep_document(frame.document ? frame.document->view() : json::View(), fact.document);
  frame.state = FrameState::prepared;
  hold(instance, frame, ArrivalKind::call);
}

void fold(Instance& instance, const CallCancelled& fact) { erase_call(instance, fact.call); }

void fold(Instance& instance, const EventEmitted& fact) {
  count_effect(instance, fact.frame, 1);
}

void fold(Instance& instance, const WaitOpened& fact) {
  take_id(instance, fact.wait);
  instance.waits.push_back({fact.wait, fact.frame, fact.site, fact.value, fact.expected});
  Frame& frame = frame_of(instance, fact.frame);
  if (frame.listen) return;
  frame.listen.emplace();
  frame.state = FrameState::listening;
}

void fold(Instance& instance, const WaitClosed& fact) {
  std::erase_if(instance.waits, [&](const Wait& wait) { return wait.id == fact.wait; });
}

void fold(Instance& instance, const EventConsumed& fact) {
  Frame& frame = frame_of(instance, fact.frame);
  HENCE_CHECK(frame.listen.has_value());
  Listen& listen = *frame.listen;
  listen.last = fact.event;
  listen.closed = listen.closed || fact.closes;
  if (std::find(listen.met.begin(), listen.met.end(), fact.site) == listen.met.end()) {
    listen.met.push_back(fact.site);
  }
  listen.bound.insert(listen.bound.end(), fact.bound.begin(), fact.bound.end());
  if (fact.value) {
    (fact.queued ? listen.queue : listen.consumed).push_back(*fact.value);
    count_held(listen, *fact.value);
  }
  const bool busy = frame.state != FrameState::listening;
  if (busy || (!listen.closed && listen.queue.empty())) return;
  frame.state = FrameState::next_round;
  hold(instance, frame, ArrivalKind::event);
}

void fold(Instance& instance, const ItemDone& fact) {
  Frame& frame = frame_of(instance, fact.frame);
  HENCE_CHECK(frame.listen.has_value());
  Listen& listen = *frame.listen;
  if (!listen.item) {  // a `foreach` without tasks
    take_queued(listen);
    ++listen.items;
  }
  listen.item.reset();
  frame.raw_output.reset();
  if (fact.output) {
    listen.consumed.push_back(*fact.output);
    count_held(listen, *fact.output);
  }
  if (fact.context) instance.context = *fact.context;
  if (fact.closes) {
    listen.closed = true;
    listen.queue.clear();
    listen.held.reset();
  }
  const bool more = listen.closed || !listen.queue.empty();
  frame.state = more ? FrameState::next_round : FrameState::listening;
}

void fold(Instance& instance, const InstanceSuspended& fact) {
  instance.phase = Phase::suspended;
  instance.suspension = Suspension{fact.by, fact.reason, fact.at, fact.asker};
}

void fold(Instance& instance, const InstanceResumed&) {
  instance.phase = Phase::running;
  instance.suspension.reset();
}

/// A task that waited for the outside begins again; what was done stays done.
void begin_again(Frame& frame) {
  frame.held = false;
  switch (frame.state) {
    case FrameState::sleeping:
    case FrameState::calling:
    case FrameState::deciding:
    case FrameState::failing:
      clear_task(frame);
      frame.state = FrameState::ready;
      break;
    case FrameState::backing_off: frame.state = FrameState::retrying; break;
    default: break;  // a `listen` goes on with the events it has had
  }
}

void fold(Instance& instance, const InstanceRetried& fact) {
  HENCE_CHECK(instance.fallen.has_value());
  Fallen fallen = std::move(*instance.fallen);
  instance.fallen.reset();
  instance.phase = Phase::running;
  instance.error.reset();
  instance.ended_at = UtcTime{};
  instance.frames = std::move(fallen.frames);
  std::sort(instance.frames.begin(), instance.frames.end(), [](const Frame& a, const Frame& b) { return a.id < b.id; });
  if (Frame* failed = instance.find_frame(fallen.failed)) {
    clear_task(*failed);
    failed->state = FrameState::ready;
    if (fact.input) failed->carry = *fact.input;
    for (Frame* above = instance.find_frame(failed->parent); above != nullptr;
         above = instance.find_frame(above->parent)) {
      above->state = FrameState::inside;
      above->error.reset();
    }
  }
  for (Frame& frame : instance.frames) begin_again(frame);
}

void fold(Instance& instance, const TaskEndedByHand& fact) {
  erase_below(instance, fact.frame);
  Frame& frame = frame_of(instance, fact.frame);
  const json::Value output = fact.output ? *fact.output : frame.input();
  close_compensation(instance, frame, output);
  frame.carry = output;
  advance(instance, frame, fact.next);
}

void fold(Instance& instance, const ContextSet& fact) { instance.context = fact.context; }

void fold(Instance& instance, const ApprovalRequested& fact) {
  take_id(instance, fact.approval);
  instance.approvals.push_back({fact.approval, fact.frame});
  frame_of(instance, fact.frame).state = FrameState::deciding;
}

void erase_approval(Instance& instance, ApprovalId id) {
  std::erase_if(instance.approvals, [&](const Approval& one) { return one.id == id; });
}

void fold(Instance& instance, const ApprovalDecided& fact) {
  erase_approval(instance, fact.approval);
  Frame& frame = frame_of(instance, fact.frame);
  frame.raw_output = fact.output;
  if (fact.error) frame.error = fact.error;
  frame.state = fact.error ? FrameState::failing : FrameState::finishing;
  hold(instance, frame, ArrivalKind::call);
}

void fold(Instance& instance, const ApprovalWithdrawn& fact) { erase_approval(instance, fact.approval); }

void fold(Instance& instance, const LimitNear& fact) {
  instance.limits_near |= 1u << static_cast<unsigned>(fact.limit);
}

// What undoes a task.

void fold(Instance& instance, const CompensationRegistered& fact) {
  take_id(instance, fact.compensation);
  Compensation made;
  made.id = fact.compensation;
  made.task = fact.task;
  made.frame = fact.frame;
  made.parent = frame_of(instance, fact.frame).parent;
  made.effects = fact.replaces != 0 ? 1 : 0;
  const auto earlier = std::find_if(instance.compensations.begin(), instance.compensations.end(),
                                    [&](const Compensation& one) { return one.id == fact.replaces; });
  if (earlier != instance.compensations.end() && earlier->output) {
    made.input = std::move(earlier->input);
    made.output = std::move(earlier->output);
    *earlier = std::move(made);
    return;
  }
  std::erase_if(instance.compensations,
                [&](const Compensation& one) { return one.id == fact.replaces; });
  instance.compensations.push_back(std::move(made));
}

void fold(Instance& instance, const CompensationStarted& fact) {
  if (fact.order == EndOrder::inner_first) {
    for (const FrameId id : inner_first_below(instance, kNoFrame)) {
      close_compensation(instance, frame_of(instance, id), std::nullopt);
    }
  } else {
    for (const Frame& frame : instance.frames) close_compensation(instance, frame, std::nullopt);
  }
  instance.phase = Phase::running;
  instance.suspension.reset();
  instance.fallen.reset();
  instance.ending = Ending{fact.phase, fact.error, fact.reason, false, fact.at};
  instance.frames.clear();
}

Compensation& compensation_at(Instance& instance, CompensationId id) {
  HENCE_CHECK(!instance.compensations.empty() && instance.compensations.back().id == id);
  return instance.compensations.back();
}

void fold(Instance& instance, const CompensationEntered& fact) {
  const Compensation& undone = compensation_at(instance, fact.compensation);
  take_id(instance, fact.frame);
  Frame frame;
  frame.id = fact.frame;
  frame.scope = fact.scope;
  frame.task = fact.task;
  frame.carry = undone.output.value_or(json::Value());
  frame.compensates = fact.compensation;
  instance.steps = 0;  // what undoes a task has the limit to itself
  instance.frames.push_back(std::move(frame));
}

void fold(Instance& instance, const CompensationDone& fact) {
  compensation_at(instance, fact.compensation);
  instance.compensations.pop_back();
  instance.frames.clear();
}

void fold(Instance& instance, const CompensationParked& fact) {
  compensation_at(instance, fact.compensation).error = fact.error;
  instance.fallen.reset();
  instance.frames.clear();
}

void fold(Instance& instance, const CompensationRedriven& fact) {
  compensation_at(instance, fact.compensation).error.reset();
}

void fold(Instance& instance, const CompensationSkipped& fact) {
  compensation_at(instance, fact.compensation);
  instance.compensations.pop_back();
  instance.ending->partial = true;
}

void fold(Instance& instance, const InstanceEnded& fact) {
  instance.phase = fact.phase;
  instance.output = fact.output;
  instance.error = fact.error;
  instance.ended_at = fact.at;
  if (fact.phase == Phase::faulted && !instance.ending) {
    if (!instance.fallen) instance.fallen.emplace();
    std::move(instance.frames.begin(), instance.frames.end(), std::back_inserter(instance.fallen->frames));
  } else {
    instance.fallen.reset();
  }
  instance.suspension.reset();
  instance.arrivals.clear();
  instance.frames.clear();
  instance.timers.clear();
  instance.calls.clear();
  instance.waits.clear();
  instance.compensations.clear();
  instance.ending.reset();
  instance.compensated = fact.compensated;
}

}  // namespace

void apply(Instance& instance, const Fact& fact) {
  const bool of_faulted = std::holds_alternative<InstanceRetried>(fact) || std::holds_alternative<ContextSet>(fact);
  HENCE_CHECK(!instance.ended() || (of_faulted && instance.phase == Phase::faulted));
  std::visit([&](const auto& one) { fold(instance, one); }, fact);
}

uint64_t Listen::held_bytes() {
  if (!held) {
    held = 0;
    for (const json::Value& value : consumed) *held += bytes_of(value);
    for (const json::Value& value : queue) *held += bytes_of(value);
  }
  return *held;
}

Phase Instance::shown_phase() const {
  if (phase != Phase::running) return phase;
  if (ending) return Phase::compensating;
  const bool busy = std::any_of(frames.begin(), frames.end(),
                                [](const Frame& f) { return f.runnable(); });
  return busy || !arrivals.empty() ? Phase::running : Phase::waiting;
}

bool Instance::overtaken(FrameId id) const {
  const auto is_due = [&](FrameId above) {
    return std::any_of(arrivals.begin(), arrivals.end(), [&](const Arrival& arrival) {
      return arrival.timer && arrival.timer->frame == above;
    });
  };
  for (const Frame* at = find_frame(id); at != nullptr; at = find_frame(at->parent)) {
    if (at->state == FrameState::failing || at->state == FrameState::attempt_failed || is_due(at->id)) return true;
  }
  return is_due(kNoFrame);
}

const Compensation* Instance::parked() const {
  if (!ending || compensations.empty() || !compensations.back().error) return nullptr;
  return &compensations.back();
}

const Frame* Instance::find_frame(FrameId id) const {
  return const_cast<Instance*>(this)->find_frame(id);
}

Frame* Instance::find_frame(FrameId id) {
  const auto at = std::lower_bound(frames.begin(), frames.end(), id,
                                   [](const Frame& frame,
                                      FrameId wanted) { return frame.id < wanted; });
  return at != frames.end() && at->id == id ? &*at : nullptr;
}

const Timer* Instance::find_timer(TimerId id) const { return find_by_id(timers, id); }
const Call* Instance::find_call(CallId id) const { return find_by_id(calls, id); }

const Wait* Instance::find_wait(WaitId id) const { return find_by_id(waits, id); }

const Approval* Instance::find_approval(ApprovalId id) const { return find_by_id(approvals, id); }

const Timer* Instance::next_timer() const {
  const auto earlier = [](const Timer& a, const Timer& b) { return a.due < b.due; };
  const auto at = std::min_element(timers.begin(), timers.end(), earlier);
  return at == timers.end() ? nullptr : &*at;
}

}  // namespace hence::workflow

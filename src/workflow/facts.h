// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that can happen to an instance. A fact holds what was decided, results of expressions
// included, so that apply() needs neither the definition nor the outside world. Values that the
// state already has (a task's raw input, an output that is the child's) are left out.

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/codec.h"
#include "base/ids.h"
#include "base/time.h"
#include "json/value.h"
#include "workflow/definition.h"

namespace hence::workflow {

using FrameId = uint32_t;   ///< counted from 1 in an instance; never used again
using TimerId = uint32_t;   ///< the same
using CallId = uint32_t;    ///< the same
using WaitId = uint32_t;    ///< the same
using CompensationId = uint32_t;  ///< the same
using ApprovalId = uint32_t;      ///< the same
inline constexpr FrameId kNoFrame = 0;

/// `compensating` is only shown: such an instance is running, with an Ending (instance.h).
enum class Phase : uint8_t {
  pending, running, waiting, suspended, cancelled, faulted, completed, compensating
};
std::string_view phase_name(Phase phase);

enum class TimerPurpose : uint8_t { wait, retry, task_timeout, attempt_timeout, workflow_timeout, approval };
std::string_view timer_purpose_name(TimerPurpose purpose);

/// `fetch`: an HTTP call for a document the task needs before it can begin.
/// `workflow`: an instance of another workflow, awaited or not.
enum class CallKind : uint8_t { http, shell, fetch, workflow };

/// How a frame counts for its parent: not at all, as one of all, or as one whose end is the end.
enum class Branch : uint8_t { none, all, compete };

/// Which ends first of tasks that go at once. They are undone the other way round.
enum class EndOrder : uint8_t {
  outer_first,  ///< of records that do not say it
  inner_first,  ///< those inside a task before it, else in the order they began
};
/// Before a fact's fields are read: what it is where an older record lacks it.
template <typename A>
void default_of_older(A&, EndOrder& order) {
  if constexpr (std::is_same_v<A, Decoder>) order = EndOrder::outer_first;
}

/// A loop or catch variable, without "$".
struct Variable {
  std::string name;
  json::Value value;
  template <typename A> void fields(A& a) { a(name, value); }
};

/// The instance begins: its first frame runs the top-level list.
struct InstanceStarted {
  json::Value raw_input;
  std::optional<json::Value> input;  ///< after the workflow's input.from, where it has one
  FrameId frame = 1;
  TaskIndex task = kNone;  ///< kNone: the list is empty
  UtcTime at;
  template <typename A> void fields(A& a) { a(raw_input, input, frame, task, at); }
};
/// The frame's task begins, with the frame's carried value as raw input.
struct TaskStarted {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  UtcTime at;
  std::optional<json::Value> input;  ///< after input.from, where the task has one
  template <typename A> void fields(A& a) { a(frame, task, at, input); }
};
/// `if` was false: nothing of the task happens; its raw input goes on.
struct TaskSkipped {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  TaskIndex next = kNone;  ///< kNone: the scope is at its end
  template <typename A> void fields(A& a) { a(frame, task, next); }
};
/// The task ended; frames and waits under it are gone.
struct TaskEnded {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  TaskIndex next = kNone;
  std::optional<json::Value> output;   ///< transformed; absent: the raw output the state has
  std::optional<json::Value> context;  ///< by export.as
  bool exits = false;                  ///< `then: exit` in an extension's list
  template <typename A> void fields(A& a) { a(frame, task, next, output, context, exits); }
};
/// An error left the task; frames and waits under it are gone.
struct TaskFaulted {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  json::Value error;
  EndOrder order = EndOrder::inner_first;  ///< of the frames under it
  template <typename A>
  void fields(A& a) {
    default_of_older(a, order);
    a(frame, task, error, order);
  }
};
/// A list inside the parent's task begins in a new frame.
struct ScopeEntered {
  FrameId frame = kNoFrame;
  FrameId parent = kNoFrame;
  ScopeIndex scope = kNone;
  TaskIndex task = kNone;              ///< the first; kNone: the list is empty
  std::optional<json::Value> input;    ///< absent: the parent's transformed input
  std::vector<Variable> variables;     ///< bound for this frame and those under it
  Branch branch = Branch::none;
  bool handler = false;                ///< catch.do of a `try`
  /// Of an extension's list, from 1: before the parent's task the number of the extension, after it
  /// the count of extensions more. 0: no extension.
  uint32_t extension = 0;
  // After the task: what is known of its end, for when the extensions are done.
  std::optional<json::Value> raw_output = std::nullopt;
  TaskIndex next = kNone;
  bool ends = false;                   ///< `then: end`
  template <typename A>
  void fields(A& a) {
    a(frame, parent, scope, task, input, variables, branch, handler, extension, raw_output, next,
      ends);
  }
};
/// What the end of a list is for its parent.
enum class ScopeEnd : uint8_t {
  output,    ///< its last output is the parent's raw output
  extension, ///< the parent's task goes on as if nothing had been
  bypass,    ///< of an extension that took the task's place: as output
};
/// The list is done; the frame is gone.
struct ScopeLeft {
  FrameId frame = kNoFrame;
  FrameId parent = kNoFrame;
  ScopeEnd end = ScopeEnd::output;
  template <typename A> void fields(A& a) { a(frame, parent, end); }
};
/// A `for` evaluated what it goes over.
struct LoopStarted {
  FrameId frame = kNoFrame;
  json::Value items;  ///< an array
  template <typename A> void fields(A& a) { a(frame, items); }
};
/// A `try` takes an error of its body; the body's frames are gone.
struct ErrorCaught {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  json::Value error;
  EndOrder order = EndOrder::inner_first;  ///< of those frames
  template <typename A>
  void fields(A& a) {
    default_of_older(a, order);
    a(frame, task, error, order);
  }
};
/// A `try` will run its body again when the timer is due.
struct RetryScheduled {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  uint32_t attempt = 0;  ///< number of this retry, from 1
  UtcTime due;
  TimerId timer = 0;
  template <typename A> void fields(A& a) { a(frame, task, attempt, due, timer); }
};
struct TimerSet {
  TimerId timer = 0;
  FrameId frame = kNoFrame;  ///< kNoFrame: the instance's own
  TimerPurpose purpose = TimerPurpose::wait;
  UtcTime due;
  template <typename A> void fields(A& a) { a(timer, frame, purpose, due); }
};
struct TimerCancelled {
  TimerId timer = 0;
  template <typename A> void fields(A& a) { a(timer); }
};
struct TimerFired {
  TimerId timer = 0;
  std::optional<json::Value> error;  ///< of a timeout
  template <typename A> void fields(A& a) { a(timer, error); }
};
/// The outside must do something; forms of `request` in calls.h.
struct CallRequested {
  CallId call = 0;
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  CallKind kind = CallKind::http;
  bool deferred = false;   ///< request holds what deferred.h needs, not the request itself
  bool detached = false;   ///< `await: false`: nobody waits for the result
  uint32_t attempt = 0;    ///< retries of the nearest enclosing `try` so far
  json::Value request;
  template <typename A>
  void fields(A& a) { a(call, frame, task, kind, deferred, detached, attempt, request); }
};
/// The call's result, as the task's raw output or as an error.
struct CallEnded {
  CallId call = 0;
  std::optional<json::Value> output;
  std::optional<json::Value> error;
  bool no_effect = false;  ///< it is sure that the call did nothing: it never left, or was refused
  template <typename A> void fields(A& a) { a(call, output, error, no_effect); }
};
/// Nobody waits for the call any more; whoever makes it may stop.
struct CallCancelled {
  CallId call = 0;
  template <typename A> void fields(A& a) { a(call); }
};
/// `emit`: the event, to be accepted by the engine as if sent from outside.
struct EventEmitted {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  json::Value event;  ///< CloudEvents JSON format
  template <typename A> void fields(A& a) { a(frame, task, event); }
};
/// Who suspends an instance or lets it go on: a person it itself, or its parent, which a person did.
enum class Asker : uint8_t { person, parent };
/// No task begins until it is resumed; what comes meanwhile is kept for then. Of one that is suspended with its
/// parent: a person wants it to stay so.
struct InstanceSuspended {
  std::string by;      ///< principal, empty if nobody is known
  std::string reason;
  UtcTime at;
  Asker asker = Asker::person;
  template <typename A> void fields(A& a) { a(by, reason, at, asker); }
};
struct InstanceResumed {
  Asker asker = Asker::person;
  template <typename A> void fields(A& a) { a(asker); }
};
/// How far what was done has been undone, once all is over.
enum class Compensated : uint8_t { none, all, partial };
/// Nothing follows. Timers and calls still open were cancelled before.
struct InstanceEnded {
  Phase phase = Phase::completed;  ///< completed, faulted or cancelled
  std::optional<json::Value> output;
  std::optional<json::Value> error;
  std::string reason;  ///< of a cancel
  UtcTime at;
  Compensated compensated = Compensated::none;
  template <typename A> void fields(A& a) { a(phase, output, error, reason, at, compensated); }
};

/// What a task needs before it begins is here: the operation of an OpenAPI document, a script.
struct DocumentFetched {
  CallId call = 0;
  json::Value document;
  template <typename A> void fields(A& a) { a(call, document); }
};

/// A `listen` waits for events of one of its filters. The engine registers it where they come by. One with
/// the number of a wait that closed just before is that wait, placed under the value that a key got.
struct WaitOpened {
  WaitId wait = 0;
  FrameId frame = kNoFrame;
  uint32_t site = 0;                   ///< of Definition::sites
  std::optional<json::Value> value;    ///< of the key it is found by; absent: any event of the filter
  std::vector<json::Value> expected;   ///< of the site's keys, in order; null where nothing is
  Address after;                       ///< an event it has had: of those kept for it, not this one
  template <typename A> void fields(A& a) { a(wait, frame, site, value, expected, after); }
};
struct WaitClosed {
  WaitId wait = 0;
  uint32_t site = 0;
  std::optional<json::Value> value;
  template <typename A> void fields(A& a) { a(wait, site, value); }
};
/// A `listen` takes an event.
struct EventConsumed {
  WaitId wait = 0;
  FrameId frame = kNoFrame;
  uint32_t site = 0;
  Address event;
  std::vector<Variable> bound;        ///< keys that got their value by it
  std::optional<json::Value> value;   ///< as read; absent for what only ends the listening
  bool queued = false;                ///< `foreach` is to see it
  bool closes = false;                ///< no more events are taken
  uint32_t depth = 0;                 ///< events between it and the outside
  template <typename A>
  void fields(A& a) { a(wait, frame, site, event, bound, value, queued, closes, depth); }
};
/// `foreach` is done with an event.
struct ItemDone {
  FrameId frame = kNoFrame;
  std::optional<json::Value> output;   ///< absent: not collected
  std::optional<json::Value> context;  ///< by foreach.export.as
  bool closes = false;                 ///< `until` holds: what still queues is not taken
  template <typename A> void fields(A& a) { a(frame, output, context, closes); }
};
/// The task that just began has something that undoes it; from now on it is registered.
struct CompensationRegistered {
  CompensationId compensation = 0;
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  /// Of an earlier run in the same `try`. If that one completed, it is this one's until this completes too: what
  /// it was given and gave, and its place.
  CompensationId replaces = 0;
  template <typename A> void fields(A& a) { a(compensation, frame, task, replaces); }
};
/// The instance is to end in this phase, and what is registered is undone first. Timers, calls and
/// waits were cancelled before; its frames are gone.
struct CompensationStarted {
  Phase phase = Phase::faulted;
  std::optional<json::Value> error;
  std::string reason;  ///< of a cancel
  UtcTime at;
  EndOrder order = EndOrder::inner_first;  ///< of its frames
  template <typename A>
  void fields(A& a) {
    default_of_older(a, order);
    a(phase, error, reason, at, order);
  }
};
/// The list that undoes a task begins, in a frame of its own.
struct CompensationEntered {
  CompensationId compensation = 0;
  FrameId frame = kNoFrame;
  ScopeIndex scope = kNone;
  TaskIndex task = kNone;  ///< the first
  template <typename A> void fields(A& a) { a(compensation, frame, scope, task); }
};
struct CompensationDone {
  CompensationId compensation = 0;
  FrameId frame = kNoFrame;
  template <typename A> void fields(A& a) { a(compensation, frame); }
};
/// The list failed; nothing more is undone until a person says how it goes on.
struct CompensationParked {
  CompensationId compensation = 0;
  FrameId frame = kNoFrame;
  json::Value error;
  template <typename A> void fields(A& a) { a(compensation, frame, error); }
};
/// The parked one runs again, from its first task.
struct CompensationRedriven {
  CompensationId compensation = 0;
  template <typename A> void fields(A& a) { a(compensation); }
};
/// The parked one stays undone.
struct CompensationSkipped {
  CompensationId compensation = 0;
  template <typename A> void fields(A& a) { a(compensation); }
};
/// What became of an approval.
enum class Verdict : uint8_t { granted, denied, expired };
std::string_view verdict_name(Verdict verdict);

/// A person is to decide. The engine lists it.
struct ApprovalRequested {
  ApprovalId approval = 0;
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  std::string name;  ///< of the task
  std::string title;
  json::Value details;
  std::vector<std::string> approvers;  ///< who may decide; none: everyone
  UtcTime due;                         ///< zero: no deadline
  template <typename A> void fields(A& a) { a(approval, frame, task, name, title, details, approvers, due); }
};
struct ApprovalDecided {
  ApprovalId approval = 0;
  FrameId frame = kNoFrame;
  Verdict verdict = Verdict::granted;
  std::string by;        ///< empty: nobody, it expired
  std::string reason;
  bool claimed = false;  ///< the name was said, and nothing proved it
  std::optional<json::Value> output;
  std::optional<json::Value> error;
  template <typename A> void fields(A& a) { a(approval, frame, verdict, by, reason, claimed, output, error); }
};
/// Nobody waits for the decision any more.
struct ApprovalWithdrawn {
  ApprovalId approval = 0;
  template <typename A> void fields(A& a) { a(approval); }
};
/// What of an instance has a bound.
enum class Limit : uint8_t { steps, branches, context_bytes, call_bytes, listen_bytes, compensations, children };
/// The name of its setting: "limits.workflowSteps".
std::string_view limit_name(Limit limit);
/// Half of a bound is used; once an instance and limit.
struct LimitNear {
  Limit limit = Limit::steps;
  uint64_t used = 0;
  uint64_t max = 0;
  template <typename A> void fields(A& a) { a(limit, used, max); }
};
/// A timer came due while the instance was suspended: it fires when its turn comes after that.
struct TimerHeld {
  TimerId timer = 0;
  template <typename A> void fields(A& a) { a(timer); }
};
enum class ArrivalKind : uint8_t { call, event, timer };
/// The first of what came while the instance was suspended takes effect, or comes too late for what
/// it was for.
struct ArrivalTaken {
  ArrivalKind kind = ArrivalKind::call;
  bool late = false;
  template <typename A> void fields(A& a) { a(kind, late); }
};
/// A faulted instance runs again: its frames are back, the task that failed is to begin again and so
/// are those that waited beside it.
struct InstanceRetried {
  std::optional<json::Value> input;  ///< of the task that failed; absent: what it had
  UtcTime at;
  template <typename A> void fields(A& a) { a(input, at); }
};
/// A person ended the task; frames and waits under it are gone.
struct TaskEndedByHand {
  FrameId frame = kNoFrame;
  TaskIndex task = kNone;
  TaskIndex next = kNone;
  std::optional<json::Value> output;  ///< absent: the task's input
  template <typename A> void fields(A& a) { a(frame, task, next, output); }
};
/// A person set `$context`.
struct ContextSet {
  json::Value context;
  template <typename A> void fields(A& a) { a(context); }
};
/// The order is part of the format: new kinds go at the end.
using Fact = std::variant<InstanceStarted, TaskStarted, TaskSkipped, TaskEnded, TaskFaulted,
                          ScopeEntered, ScopeLeft, LoopStarted, ErrorCaught, RetryScheduled,
                          TimerSet, TimerCancelled, TimerFired, CallRequested, CallEnded,
                          CallCancelled, EventEmitted, InstanceSuspended, InstanceResumed,
                          InstanceEnded, DocumentFetched, WaitOpened, WaitClosed, EventConsumed,
                          ItemDone, CompensationRegistered, CompensationStarted,
                          CompensationEntered, CompensationDone, CompensationParked,
                          CompensationRedriven, CompensationSkipped, ApprovalRequested,
                          ApprovalDecided, ApprovalWithdrawn, LimitNear,
                          TimerHeld, ArrivalTaken, InstanceRetried, TaskEndedByHand, ContextSet>;

/// "task-started", "timer-set", …: for listings.
std::string_view fact_name(const Fact& fact);

/// The number of the kind, then the fact's fields.
void encode_value(Encoder& encoder, const Fact& fact);
/// An unknown kind fails the decoder.
void decode_value(Decoder& decoder, Fact& fact);

}  // namespace hence::workflow

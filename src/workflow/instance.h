// SPDX-License-Identifier: Apache-2.0
#pragma once

// The live state of one execution: what is active and nothing of what is past. A frame is a cursor
// that runs through one list of tasks; a task with a list inside (do, try, for, fork) has child
// frames while it runs.
//
//   frame 1  /do/1/tryPay   inside          (parent: none)
//   └ frame 4  /do/1/tryPay/try/0/pay   calling (call 2, task timeout: timer 3)

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "workflow/facts.h"

namespace hence::workflow {

enum class FrameState : uint8_t {
  ready,        ///< its task is to be started
  inside,       ///< child frames run
  next_round,   ///< the children are done; the task goes on (next iteration, end)
  sleeping,     ///< `wait`
  calling,      ///< a call is out
  backing_off,  ///< a retry is scheduled
  retrying,     ///< the retry is due
  finishing,    ///< what it waited for came; the task is to be ended
  failing,      ///< an error is to be handled
  attempt_failed,  ///< of a `try`: the time for one run of the body is over
  scope_ended,  ///< past the last task of its list
  joined,       ///< a branch that is done
  extended,     ///< the list of an extension is done
  prepared,     ///< what the task needs before it begins is here
  listening,    ///< `listen` waits for its next event
  deciding,     ///< a person is to decide
};

/// How far a `listen` is.
struct Listen {
  std::vector<json::Value> consumed;  ///< its output so far
  std::vector<json::Value> queue;     ///< taken, and `foreach` has not begun with them
  std::optional<json::Value> item;    ///< foreach.do runs with it
  std::vector<uint32_t> met;          ///< sites that had their event
  std::vector<Variable> bound;        ///< keys whose value an event gave
  Address last;                       ///< the newest event taken
  bool closed = false;                ///< takes no more
  uint64_t items = 0;                 ///< `foreach` has begun with
  /// Follows from the rest and is not stored; nothing until somebody asks.
  std::optional<uint64_t> held;

  /// What it is charged for what was consumed and what queues: the text, and kValueBytes a value, so that many
  /// small ones have their bound too.
  uint64_t held_bytes();
  static constexpr uint64_t kValueBytes = 64;
  static uint64_t bytes_of(const json::Value& value) { return kValueBytes + value->to_text().size(); }

  template <typename A> void fields(A& a) { a(consumed, queue, item, met, bound, last, closed, items); }
};

struct Frame {
  FrameId id = kNoFrame;
  FrameId parent = kNoFrame;
  ScopeIndex scope = kRootScope;
  TaskIndex task = kNone;
  FrameState state = FrameState::ready;
  json::Value carry;                      ///< raw input of `task`; at the scope's end, its output
  std::optional<json::Value> task_input;  ///< after input.from, if it has one
  std::optional<json::Value> raw_output;  ///< once known
  std::optional<json::Value> error;       ///< the last one of a `try`, or the one being handled
  std::optional<json::Value> items;       ///< of a `for`
  std::optional<json::Value> authorization;  ///< of a call: {scheme, parameter}
  std::optional<json::Value> request;     ///< of a call with output `response`: {method, uri, headers}
  UtcTime started_at;
  uint32_t attempt = 0;                   ///< retries of a `try` so far
  uint64_t rounds = 0;                    ///< of a `for`: iterations begun
  uint32_t pending = 0;                   ///< of a `fork`: branches still running
  bool handling = false;                  ///< of a `try`: catch.do runs
  Branch branch = Branch::none;
  std::vector<Variable> variables;        ///< visible here and below
  uint32_t extension = 0;                 ///< the last one entered, as in ScopeEntered
  TaskIndex next = kNone;                 ///< where the task goes after its extensions
  bool ends = false;
  bool exited = false;                    ///< of an extension's list: left by `then: exit`
  std::optional<json::Value> document;    ///< fetched for the task
  std::optional<Listen> listen;
  CompensationId compensates = 0;         ///< of the outermost frame of a compensation
  bool held = false;                      ///< goes on when its turn comes after a suspension

  const json::Value& input() const { return task_input ? *task_input : carry; }
  bool runnable() const {
    return !held && state != FrameState::inside && state != FrameState::sleeping &&
           state != FrameState::calling && state != FrameState::backing_off &&
           state != FrameState::joined && state != FrameState::listening &&
           state != FrameState::deciding;
  }

  template <typename A>
  void fields(A& a) {
    a(id, parent, scope, task, state, carry, task_input, raw_output, error, items, authorization,
      request, started_at, attempt, rounds, pending, handling, branch, variables, extension, next,
      ends, exited, document, listen, compensates, held);
  }
};

struct Timer {
  TimerId id = 0;
  FrameId frame = kNoFrame;
  TimerPurpose purpose = TimerPurpose::wait;
  UtcTime due;
  bool operator==(const Timer&) const = default;
  template <typename A> void fields(A& a) { a(id, frame, purpose, due); }
};

struct Call {
  CallId id = 0;
  FrameId frame = kNoFrame;
  CallKind kind = CallKind::http;
  template <typename A> void fields(A& a) { a(id, frame, kind); }
};

/// What a `listen` is registered for.
struct Wait {
  WaitId id = 0;
  FrameId frame = kNoFrame;
  uint32_t site = 0;
  std::optional<json::Value> value;
  std::vector<json::Value> expected;
  template <typename A> void fields(A& a) { a(id, frame, site, value, expected); }
};

struct Approval {
  ApprovalId id = 0;
  FrameId frame = kNoFrame;
  template <typename A> void fields(A& a) { a(id, frame); }
};

/// A task that has something that undoes it: under way, or over and to be undone if the instance
/// comes to fail.
struct Compensation {
  CompensationId id = 0;
  TaskIndex task = kNone;
  FrameId frame = kNoFrame;           ///< while the task is under way
  FrameId parent = kNoFrame;          ///< of that frame
  json::Value input;                  ///< once it is over: what it was given, and gave;
  std::optional<json::Value> output;  ///< absent: it did not complete. Under way: of an earlier run in the same `try`
  uint32_t effects = 0;               ///< calls and events of it that may have had an effect
  std::optional<json::Value> error;   ///< of undoing it: parked
  template <typename A> void fields(A& a) { a(id, task, frame, parent, input, output, effects, error); }
};

/// How the instance ends once everything registered is undone.
struct Ending {
  Phase phase = Phase::faulted;
  std::optional<json::Value> error;
  std::string reason;
  bool partial = false;  ///< something stays undone
  UtcTime since;
  template <typename A> void fields(A& a) { a(phase, error, reason, partial, since); }
};

/// Who suspended it, and why.
struct Suspension {
  std::string by;
  std::string reason;
  UtcTime at;
  Asker asker = Asker::person;
  template <typename A> void fields(A& a) { a(by, reason, at, asker); }
};

/// What came while the instance was suspended. What it gave a frame is in the frame, which is held; a
/// timer is here.
struct Arrival {
  ArrivalKind kind = ArrivalKind::call;
  FrameId frame = kNoFrame;
  std::optional<Timer> timer;  ///< of a timer; nothing if what it was for has ended meanwhile
  template <typename A> void fields(A& a) { a(kind, frame, timer); }
};

/// What a fault took away, so that a retry can bring it back.
struct Fallen {
  FrameId failed = kNoFrame;  ///< whose task failed; none: the instance as a whole
  FrameId top = kNoFrame;     ///< how far up the error has come
  std::vector<Frame> frames;
  template <typename A> void fields(A& a) { a(failed, top, frames); }
};

/// Serialisable; changed by apply() alone.
struct Instance {
  Phase phase = Phase::pending;   ///< pending, running, suspended or an end; see shown_phase()
  json::Value input;              ///< raw
  json::Value context;            ///< {} at the start
  std::optional<json::Value> output;
  std::optional<json::Value> error;
  UtcTime started_at;
  UtcTime ended_at;
  uint64_t steps = 0;             ///< tasks begun, skipped and lists entered, in all
  uint32_t last_id = 0;           ///< of frames, timers and calls together
  std::vector<Frame> frames;      ///< by ascending id
  std::vector<Timer> timers;
  std::vector<Call> calls;
  std::vector<Wait> waits;
  std::vector<Compensation> compensations;  ///< those over in the order they ended
  std::optional<Ending> ending;             ///< while it is compensating
  Compensated compensated = Compensated::none;
  std::vector<Approval> approvals;          ///< that wait for a decision
  uint32_t limits_near = 0;                 ///< a bit a Limit that is half used
  std::optional<Suspension> suspension;
  std::vector<Arrival> arrivals;  ///< in the order they came
  std::optional<Fallen> fallen;   ///< while an error goes up, and of a faulted instance

  bool ended() const { return phase >= Phase::cancelled && phase <= Phase::completed; }
  /// The phase as users see it: `waiting` where every frame waits for the outside.
  Phase shown_phase() const;
  /// The compensation that waits for a person; null if none does.
  const Compensation* parked() const;
  const Frame* find_frame(FrameId id) const;
  Frame* find_frame(FrameId id);
  const Timer* find_timer(TimerId id) const;
  const Call* find_call(CallId id) const;
  const Wait* find_wait(WaitId id) const;
  const Approval* find_approval(ApprovalId id) const;
  /// Whether what comes waits for its turn: it is suspended, or earlier arrivals do.
  bool holds() const { return phase == Phase::suspended || !arrivals.empty(); }
  /// Whether an end of the frame's task is due already: what comes for it or below comes too late.
  bool overtaken(FrameId id) const;
  /// The timer due first; nothing if there is none.
  const Timer* next_timer() const;

  template <typename A>
  void fields(A& a) {
    a(phase, input, context, output, error, started_at, ended_at, steps, last_id, frames, timers,
      calls, waits, compensations, ending, compensated, approvals, limits_near, suspension,
      arrivals, fallen);
  }
};

/// Folds one fact into the state. Total: a fact that does not fit (a frame that is gone) is a
/// HENCE_CHECK, since only the machine makes facts. Call it qualified (workflow::apply): std::apply
/// competes for a variant.
void apply(Instance& instance, const Fact& fact);

}  // namespace hence::workflow

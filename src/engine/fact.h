// SPDX-License-Identifier: Apache-2.0
#pragma once

// A record is a list of facts: what one command came to in one partition. State is the fold of
// facts (state.h applies them); nothing else changes it. Bytes: docs/formats/records.md.
//
// Facts are only ever added, with new numbers, and fields only at the end of a fact.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/codec.h"
#include "base/ids.h"
#include "base/result.h"
#include "engine/effect.h"
#include "json/value.h"
#include "workflow/facts.h"

namespace hence::engine {

/// An event entered the partition. Its record's address is its identity.
struct EventAccepted {
  std::string text;    ///< structured form, as received where it came so
  std::string source;  ///< Source resource, empty for POST /events, "engine" for emitted ones
  uint32_t depth = 0;  ///< events between it and the outside
  bool expired = false;  ///< past its expirytime: it met no rules
  Address cause;         ///< event whose rule or instance emitted it
  template <typename A> void fields(A& a) { a(text, source, depth, expired, cause); }
};

/// One consequence of a matched rule.
struct ActionTaken {
  enum class Kind : uint8_t { start, emit, deliver };
  Kind kind = Kind::start;
  std::string target;  ///< workflow, event type or sink
  std::string error;   ///< why it did not happen; empty when it did
  EffectId effect;     ///< of a deliver
  template <typename A> void fields(A& a) { a(kind, target, error, effect); }
};
struct RuleMatched {
  std::string rule;
  uint64_t version = 0;  ///< control sequence of the rule's document
  std::vector<ActionTaken> actions;
  template <typename A> void fields(A& a) { a(rule, version, actions); }
};
struct RuleFailed {
  std::string rule;
  uint64_t version = 0;
  std::string error;
  template <typename A> void fields(A& a) { a(rule, version, error); }
};
/// A `listen` whose filter an event met; who waited there is in the records of the waits.
struct SiteMet {
  std::string workflow;  ///< "ns/name:version"
  uint64_t revision = 0;
  std::string task;      ///< pointer of the filter in the document
  std::string value;     ///< of the key it correlates by, as JSON; empty if it has none
  std::string error;     ///< why it was not asked further; empty when it was
  template <typename A> void fields(A& a) { a(workflow, revision, task, value, error); }
};
/// What matched an event, under which definitions, and what stopped others where that cannot be
/// found again.
struct Decision {
  uint64_t version = 0;  ///< of the definitions in force
  std::vector<RuleMatched> matched;
  std::vector<RuleFailed> failed;
  std::string stopped;  ///< why no rule was asked (depth, expiry); empty when they were
  std::vector<SiteMet> listened;
  template <typename A> void fields(A& a) { a(version, matched, failed, stopped, listened); }
};

/// Ask another partition (or this one) for a record of its own. Numbered per receiver.
struct MessageSent {
  enum class Kind : uint8_t {
    start, event, wait, wait_end, meet, wake, kept_answer, child_end, child_cancel, schedule, gather, child_suspend,
  };
  Partition to = 0;
  uint64_t number = 0;
  Kind kind = Kind::start;
  std::string body;  ///< encoded request of the kind
  template <typename A> void fields(A& a) { a(to, number, kind, body); }
};
/// The receiver's side: everything from that sender up to the number is taken.
struct MessageTaken {
  Address from;  ///< the sender's record
  uint64_t number = 0;
  template <typename A> void fields(A& a) { a(from, number); }
};
/// Of an instance that is a subflow: whose task asked for it.
struct ParentLink {
  Address instance;
  uint32_t call = 0;     ///< the parent's number of it
  bool awaited = false;  ///< its end is the task's
  template <typename A> void fields(A& a) { a(instance, call, awaited); }
};
/// What began an instance without being asked.
struct ScheduleCause {
  std::string schedule;  ///< name of a Schedule, or "ns/name" of a workflow with one
  workflow::Trigger trigger = workflow::Trigger::cron;
  UtcTime due;           ///< when it was to begin; of `on`, when the event came
  bool awaited = false;  ///< the schedule wants to know of its end
  template <typename A> void fields(A& a) { a(schedule, trigger, due, awaited); }
};
struct StartRequest {
  std::string workflow;
  json::Value input;
  std::string key;
  std::string id;
  uint8_t on_conflict = 0;
  Address event;       ///< the event that asked for it
  std::string rule;
  uint32_t action = 0; ///< index in the rule
  uint32_t depth = 0;
  std::optional<ParentLink> parent;
  std::optional<ScheduleCause> schedule = {};
  std::string traceparent = {};  ///< of the parent; empty: the asking record's
  template <typename A> void fields(A& a) {
    a(workflow, input, key, id, on_conflict, event, rule, action, depth, parent, schedule, traceparent);
  }
};
struct EventRequest {
  std::string text;
  Address cause;  ///< event
  Address instance;
  uint32_t depth = 0;
  std::string traceparent = {};  ///< of the instance; empty: the asking record's
  template <typename A> void fields(A& a) { a(text, cause, instance, depth, traceparent); }
};

/// child_end: an awaited subflow ended by itself. Neither output nor error: it was cancelled.
struct ChildEnd {
  Address child;
  ParentLink parent;
  std::optional<json::Value> output;
  std::optional<json::Value> error;
  std::string reason;
  template <typename A> void fields(A& a) { a(child, parent, output, error, reason); }
};
/// child_cancel: the parent no longer waits for it.
struct ChildCancel {
  ParentLink parent;
  std::string reason;
  bool undo = false;  ///< what its tasks did is undone first (metadata.compensate)
  template <typename A> void fields(A& a) { a(parent, reason, undo); }
};

/// child_suspend: the parent was suspended, or goes on, and so does the subflow.
struct ChildSuspend {
  ParentLink parent;
  bool resumes = false;
  std::string by;  ///< who suspended the parent
  std::string reason;
  template <typename A> void fields(A& a) { a(parent, resumes, by, reason); }
};

/// Where waits of one filter for one value are registered: hashes under the folder's key.
struct WaitPlace {
  Hash128 site;
  Hash128 value;  ///< zero: any event of the filter
  template <typename A> void fields(A& a) { a(site, value); }
  bool operator==(const WaitPlace&) const = default;
};
/// Of a filter, by its number among the sites of a definition. workflow: "ns/name:version".
Hash128 site_hash(Hash128 key, std::string_view name_space, std::string_view workflow, uint64_t revision, uint32_t site);
/// wait: register; wait_end: no longer.
struct WaitRequest {
  WaitPlace place;
  Address instance;
  uint32_t wait = 0;
  Address after;      ///< an event the instance has had
  template <typename A> void fields(A& a) { a(place, instance, wait, after); }
};
/// meet: an event for whoever waits at a place. The event travels beside, or is read from its record.
struct MeetRequest {
  WaitPlace place;
  Address event;
  uint32_t depth = 0;
  bool keep = false;
  Duration keep_for;
  uint32_t keep_max = 0;
  template <typename A> void fields(A& a) { a(place, event, depth, keep, keep_for, keep_max); }
};
/// schedule: look at the schedule as it is defined now.
struct ScheduleRequest {
  std::string schedule;
  template <typename A> void fields(A& a) { a(schedule); }
};
/// gather: an event for a `schedule.on.all`, which starts an instance once each filter has one.
struct GatherRequest {
  MeetRequest meet;      ///< its place is that of the event's own filter
  std::string workflow;  ///< "ns/name:version"
  uint64_t revision = 0;
  uint32_t site = 0;
  template <typename A> void fields(A& a) { a(meet, workflow, revision, site); }
};
/// wake: the event for instances of the partition.
struct WakeRequest {
  struct Target {
    Address instance;
    uint32_t wait = 0;
    template <typename A> void fields(A& a) { a(instance, wait); }
  };
  Address event;
  uint32_t depth = 0;
  std::vector<Target> targets;
  std::optional<WaitRequest> kept;  ///< it was kept: answer with a KeptAnswer
  Sequence kept_at = 0;             ///< the record that kept it
  template <typename A> void fields(A& a) { a(event, depth, targets, kept, kept_at); }
};
/// kept_answer: whether the instance took the event, and whether it goes on waiting.
struct KeptAnswer {
  WaitRequest wait;
  Address event;
  Sequence kept_at = 0;
  bool taken = false;
  bool open = false;
  template <typename A> void fields(A& a) { a(wait, event, kept_at, taken, open); }
};

/// Control partition: what was set and deleted; the record's sequence is the new version.
struct DefinitionsChanged {
  struct Change {
    std::string name_space;
    std::string kind;
    std::string name;
    json::Value value;  ///< null: deleted
    std::string digest;
    template <typename A> void fields(A& a) { a(name_space, kind, name, value, digest); }
  };
  std::vector<Change> changes;
  template <typename A> void fields(A& a) { a(changes); }
};
/// From this record on the partition decides under this version.
struct DefinitionsAdopted {
  uint64_t version = 0;
  template <typename A> void fields(A& a) { a(version); }
};

/// The record's address is the instance's id.
struct InstanceStarted {
  std::string workflow;   ///< "ns/name"
  std::string version;    ///< of the document
  uint64_t revision = 0;  ///< control sequence of the definition it stays on
  std::string key;
  std::string id;         ///< the caller's own
  Address event;
  std::string rule;
  uint32_t depth = 0;     ///< events and subflows between it and the outside
  std::optional<ParentLink> parent;
  std::optional<ScheduleCause> schedule = {};
  std::string traceparent = {};  ///< W3C trace context that its calls and events belong to; empty if none
  template <typename A> void fields(A& a) {
    a(workflow, version, revision, key, id, event, rule, depth, parent, schedule, traceparent);
  }
};
/// A start that did not happen, and why; for the asking event's explanation.
struct StartRefused {
  std::string workflow;
  Address event;
  std::string rule;
  std::string reason;
  Address existing;  ///< the instance that has the id already
  std::optional<ScheduleCause> schedule = {};
  template <typename A> void fields(A& a) { a(workflow, event, rule, reason, existing, schedule); }
};
/// One step of an instance's task machine.
struct InstanceStepped {
  Address instance;
  workflow::Fact fact;
  template <typename A> void fields(A& a) { a(instance, fact); }
};
/// The instance has more to do than one command's budget allows.
struct InstanceContinues {
  Address instance;
  bool pending = false;
  template <typename A> void fields(A& a) { a(instance, pending); }
};

struct EffectCreated {
  Effect effect;
  template <typename A> void fields(A& a) { a(effect); }
};
/// An attempt ended and there will be another at due.
struct AttemptFailed {
  EffectId effect;
  uint32_t attempt = 0;
  int32_t status = 0;
  std::string error;
  UtcTime due;
  template <typename A> void fields(A& a) { a(effect, attempt, status, error, due); }
};
/// No attempt follows by itself.
struct EffectEnded {
  enum class Kind : uint8_t { done, parked, cancelled };
  EffectId effect;
  Kind kind = Kind::done;
  uint32_t attempts = 0;
  int32_t status = 0;
  std::string error;
  template <typename A> void fields(A& a) { a(effect, kind, attempts, status, error); }
};
struct EffectRedriven {
  EffectId effect;
  uint32_t attempt = 0;  ///< the number the next attempt has
  template <typename A> void fields(A& a) { a(effect, attempt); }
};
/// Something came too late to matter (a cancel of an ended instance, the answer to a call that
/// nobody waits for) and is on record.
struct Ignored {
  std::string what;
  Address instance;  ///< none where it was about something else
  EffectId effect;   ///< none where it was about something else
  template <typename A> void fields(A& a) { a(what, instance, effect); }
};
/// The delivery whose waiting time is over is ready again.
struct EffectReady {
  EffectId effect;
  template <typename A> void fields(A& a) { a(effect); }
};

/// What a request under an Idempotency-Key was answered; the next one gets the same.
struct ReplyKept {
  std::string key;
  Address address;
  uint64_t version = 0;
  UtcTime until;
  Hash128 request;  ///< of what was asked; the key with another request is refused
  std::string answer;  ///< of an apply, or of a request of several commands; "duplicate": it was there already
  template <typename A> void fields(A& a) { a(key, address, version, until, request, answer); }
};
/// A kept reply's time is over.
struct ReplyForgotten {
  std::string key;
  UtcTime until;
  template <typename A> void fields(A& a) { a(key, until); }
};

/// An event came again: it changed nothing and was answered with the first one's position.
struct DuplicateSeen {
  Address first;
  std::string source;  ///< Source resource it came by, empty for POST /events
  template <typename A> void fields(A& a) { a(first, source); }
};

/// Control partition: from this record on the log is read and written as this level says
/// (feature_level.h). A program that does not know the level refuses the folder.
struct FeatureLevelRaised {
  uint32_t level = 0;
  template <typename A> void fields(A& a) { a(level); }
};
/// The event of this record does not fit its type, and was accepted all the same (mode warn).
struct EventFaults {
  std::string event_type;  ///< EventType resource
  json::Value faults;      ///< as every interface shows them, kFaultBytesMax at most
  template <typename A> void fields(A& a) { a(event_type, faults); }
};
/// Events were refused because they do not fit their type; one of them as a sample.
struct EventsRefused {
  std::string event_type;
  uint64_t count = 0;  ///< since the type's last such record, this one included
  std::string id;
  std::string source;
  std::string type;
  json::Value faults;
  template <typename A> void fields(A& a) { a(event_type, count, id, source, type, faults); }
};
/// An instance is to be told of events of the place.
struct WaitRegistered {
  WaitPlace place;
  Address instance;
  uint32_t wait = 0;
  template <typename A> void fields(A& a) { a(place, instance, wait); }
};
struct WaitRemoved {
  WaitPlace place;
  Address instance;
  uint32_t wait = 0;
  template <typename A> void fields(A& a) { a(place, instance, wait); }
};
/// Nobody waits for the event yet; it is kept for who comes.
struct EventKept {
  WaitPlace place;
  Address event;
  std::string text;
  uint32_t depth = 0;
  UtcTime until;
  template <typename A> void fields(A& a) { a(place, event, text, depth, until); }
};
/// The event is kept no longer.
struct KeptEnded {
  WaitPlace place;
  Address event;
  UtcTime until;
  uint64_t bytes = 0;
  Address taken_by;  ///< none: nobody came in time
  template <typename A> void fields(A& a) { a(place, event, until, bytes, taken_by); }
};
/// Nobody waits for the event, and it could not be kept.
struct EventNotKept {
  Address event;
  std::string reason;
  template <typename A> void fields(A& a) { a(event, reason); }
};
/// "nobody came for it until …", "taken by 07-2".
std::string kept_end_text(const KeptEnded& ended);
/// An event goes to more instances than one record tells: the rest follows in continuations.
struct SpreadPending {
  Address spread;  ///< record that began it
  WaitPlace place;
  Address event;
  std::string text;  ///< of the event; in the first of a spread only
  uint32_t depth = 0;
  Address after;   ///< the last instance told, and its wait
  uint32_t wait = 0;
  bool done = false;
  template <typename A> void fields(A& a) { a(spread, place, event, text, depth, after, wait, done); }
};
/// Ended instances and deliveries whose rows go. Their records stay as long as the log keeps them.
struct Forgotten {
  std::vector<Sequence> instances;   ///< of this partition
  std::vector<EffectId> deliveries;
  template <typename A> void fields(A& a) { a(instances, deliveries); }
};

/// A trigger of a schedule waits for its next due time.
struct ScheduleArmed {
  std::string schedule;
  workflow::Trigger trigger = workflow::Trigger::cron;
  std::string timing;  ///< what it was computed from: "cron 0 2 * * * in Europe/Berlin"
  UtcTime anchor;      ///< from which `every` counts
  UtcTime due;
  UtcTime at;          ///< due and its jitter: when it fires
  std::string zones;   ///< version of the time zone database, where it was asked
  std::string error;   ///< why there is no due time; empty if there is one
  template <typename A> void fields(A& a) { a(schedule, trigger, timing, anchor, due, at, zones, error); }
};
/// A due time came: what became of it.
struct ScheduleFired {
  enum class Outcome : uint8_t { started, queued, skipped };
  std::string schedule;
  workflow::Trigger trigger = workflow::Trigger::cron;
  UtcTime due;
  Outcome outcome = Outcome::started;
  bool waited = false;   ///< it was queued before
  bool awaited = false;  ///< of started: the schedule wants to know of the instance's end
  std::string reason;    ///< why it was queued or skipped
  std::vector<ActionTaken> actions;
  template <typename A> void fields(A& a) { a(schedule, trigger, due, outcome, waited, awaited, reason, actions); }
};
/// Due times that passed without a server and are not made up for.
struct ScheduleMissed {
  std::string schedule;
  workflow::Trigger trigger = workflow::Trigger::cron;
  UtcTime first;
  UtcTime last;
  uint64_t count = 0;
  bool more = false;  ///< there were more than that; they were not counted
  template <typename A> void fields(A& a) { a(schedule, trigger, first, last, count, more); }
};
/// A trigger waits no longer: its schedule was changed, disabled or deleted.
struct ScheduleStopped {
  std::string schedule;
  workflow::Trigger trigger = workflow::Trigger::cron;
  bool forgotten = false;  ///< there is no such schedule any more
  template <typename A> void fields(A& a) { a(schedule, trigger, forgotten); }
};

using Fact = std::variant<EventAccepted, Decision, MessageSent, MessageTaken, DefinitionsChanged,
                          DefinitionsAdopted, InstanceStarted, StartRefused, InstanceStepped,
                          InstanceContinues, EffectCreated, AttemptFailed, EffectEnded,
                          EffectRedriven, Ignored, EffectReady, ReplyKept, ReplyForgotten,
                          DuplicateSeen, FeatureLevelRaised, EventFaults, EventsRefused,
                          WaitRegistered, WaitRemoved, EventKept, KeptEnded, EventNotKept,
                          SpreadPending, Forgotten, ScheduleArmed, ScheduleFired, ScheduleMissed,
                          ScheduleStopped>;

/// An EventAccepted on its way into a payload: its text is not copied before that.
struct AcceptedEvent {
  std::string_view text;
  std::string_view source;
  uint32_t depth = 0;
  bool expired = false;
  Address cause;
  template <typename A> void fields(A& a) { a(text, source, depth, expired, cause); }
};

namespace internal {
template <typename One, typename... Ts>
constexpr size_t fact_kind(std::variant<Ts...>*) {
  size_t index = 0;
  static_cast<void>(((std::is_same_v<One, Ts> || (++index, false)) || ...));
  return index;
}
}  // namespace internal

/// The number a kind of fact has in a payload.
template <typename One>
inline constexpr size_t kFactKind = internal::fact_kind<One>(static_cast<Fact*>(nullptr));

/// Appends a fact to a record's payload.
template <typename One>
void append_fact(std::string& payload, const One& fact) {
  static_assert(kFactKind<One> < std::variant_size_v<Fact>);
  Encoder encoder(payload);
  encoder.varint(kFactKind<One>);
  encoder.put(fact);
}
void append_fact(std::string& payload, const AcceptedEvent& fact);
void append_fact(std::string& payload, const Fact& fact);
/// All facts of a payload. Errors: LogDamaged (cut short, or a fact of a newer version).
Result<std::vector<Fact>> parse_facts(std::string_view payload);

}  // namespace hence::engine

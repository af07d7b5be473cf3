// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the state store holds. Every key begins with the partition (two bytes, big endian) and a
// table letter, so that one partition can be moved or restored by itself. Numbers in keys are big
// endian, so keys sort as the numbers do.
//
//   state family
//     pp m                       PartitionMeta
//     pp i seq                   InstanceRow
//     pp j pp seq call           address of the awaited subflow that an instance's call started
//     pp u ns 0 workflow 0 id    address of the instance with the caller's own id
//     pp t due kind id           a timer (TimerKey); a kept reply's has the reply's key as value
//     pp e seq index             EffectRow
//     pp r seq index             the effect is ready to be attempted: of a delivery ns 0 sink, else empty
//     pp k ns 0 sink 0 length key seq index   empty; a delivery in its key's order at a sink, the first
//                                under way, the others waiting for their turn; without ns 0 below
//                                kLevelOrderByNamespace
//     pp c seq                   empty; the instance goes on in a continuation
//     pp w site value seq wait   sequence since when the wait is registered (WaitPlace, instance, wait)
//     pp b site value seq        KeptRow: an event nobody waits for yet
//     pp f seq                   SpreadRow: an event on its way to many instances
//     pp s ns 0 name             ScheduleRow
//     pp q key                   ReplyRow of an Idempotency-Key
//     pp v hash                  text of a large value (large_values.h), by its SHA-256
//     pp n hash                  how many fields of the partition's rows refer to it
//     control: g                 feature level of the log, once it was raised
//     pp y ns 0 name             RefusalRow of an event type
//     pp a seq number            ApprovalRow of an instance's approval
//     pp o ended seq [index]     empty; an instance, or with index a delivery, that is over
//     pp l ns 0 workflow         number of instances that run on it ("ns/name:version"); none: no row
//     control: d kind 0 ns 0 name 0 version     DefinitionRow, all versions
//   index family (written blindly, can be rebuilt)
//     L ns 0 ~started pp seq     InstanceSummary: instances, newest first
//     A ns 0 ~requested pp seq number   ApprovalRow without details: approvals, newest first
//     D ns 0 ~created pp seq idx DeliverySummary: deliveries, newest first
//     V pp seq 'i'|'d'|'x'|'e'|'p'|'w'|'k' pp seq idx   what an event led to: instance, delivery,
//                                refused start, emitted event; 'p': came again; 'w': an instance
//                                that listened took it; 'k': kept for instances to come
//     V pp seq 'c' pp seq call   what an instance led to: a subflow
//     H pp seq seq               an instance's records after its first, in order

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/ids.h"
#include "engine/fact.h"
#include "json/value.h"
#include "log/sha256.h"
#include "workflow/instance.h"

namespace hence::engine {

struct PartitionMeta {
  Sequence last_sequence = 0;
  uint64_t adopted = 0;                 ///< version of the definitions it decides under
  std::map<uint16_t, uint64_t> sent;    ///< per receiver, the last message's number
  std::map<uint16_t, uint64_t> taken;   ///< per sender, the highest number taken
  UtcTime last_time;                    ///< command time of the last record; never goes back
  uint64_t kept_bytes = 0;              ///< of the events kept for instances to come
  template <typename A> void fields(A& a) { a(last_sequence, adopted, sent, taken, last_time, kept_bytes); }
};

/// SHA-256 of a large value's text.
using ValueHash = log::Digest;

struct InstanceRow {
  std::string name_space;
  std::string workflow;  ///< "ns/name"
  std::string version;
  uint64_t revision = 0;
  std::string key;
  std::string id;        ///< the caller's own
  Address event;         ///< that started it, none for the API
  std::string rule;
  uint32_t depth = 0;
  UtcTime started;
  UtcTime ended;
  Sequence last_record = 0;             ///< newest record of its history
  std::map<uint64_t, EffectId> calls;   ///< open calls by the machine's number
  workflow::Instance machine;
  uint32_t approvals = 0;               ///< asked for so far
  std::optional<ParentLink> parent;     ///< of a subflow
  std::optional<ScheduleCause> schedule;  ///< that started it
  std::string traceparent;              ///< of what started it
  std::vector<ValueHash> held;          ///< not stored: large values that the stored row refers to
  template <typename A> void fields(A& a) {
    a(name_space, workflow, version, revision, key, id, event, rule, depth, started, ended,
      last_record, calls, machine, approvals, parent, schedule, traceparent);
  }
};

enum class EffectState : uint8_t { ready, delayed, blocked, parked, done, cancelled };
std::string_view effect_state_name(EffectState state);

struct EffectRow {
  Effect effect;
  EffectState state = EffectState::ready;
  UtcTime due;             ///< of the next attempt while delayed
  UtcTime changed;
  uint32_t attempts = 0;   ///< ended so far
  int32_t last_status = 0;
  std::string last_error;
  uint32_t attempts_before_redrive = 0;  ///< do not count against the retry limit
  std::vector<Sequence> records;  ///< after the creating one: each attempt, its end
  std::vector<ValueHash> held;    ///< not stored: large values that the stored row refers to
  template <typename A> void fields(A& a) {
    a(effect, state, due, changed, attempts, last_status, last_error, attempts_before_redrive, records);
  }
};

enum class ApprovalStatus : uint8_t { pending, granted, denied, expired, withdrawn };
std::string_view approval_status_name(ApprovalStatus status);

struct ApprovalRow {
  std::string name_space;
  std::string workflow;  ///< "ns/name"
  std::string task;
  std::string title;
  json::Value details;
  std::vector<std::string> approvers;  ///< none: everyone
  UtcTime requested;
  UtcTime due;                         ///< zero: no deadline
  ApprovalStatus status = ApprovalStatus::pending;
  UtcTime decided;
  std::string by;
  std::string reason;
  bool claimed = false;
  std::vector<ValueHash> held;  ///< not stored: large values that the stored row refers to
  template <typename A> void fields(A& a) {
    a(name_space, workflow, task, title, details, approvers, requested, due, status, decided, by, reason, claimed);
  }
};

struct TimerKey {
  enum class Kind : uint8_t { instance = 1, effect = 2, reply = 3, kept = 4, schedule = 5 };
  UtcTime due;
  Kind kind = Kind::instance;
  Address address;      ///< of the instance, the effect's record, the reply's record, the kept event, or the record that armed the schedule
  uint64_t number = 0;  ///< the machine's timer, or the effect's index, or 0, or the place's or the schedule's hash
};

struct DefinitionRow {
  json::Value value;  ///< null: deleted
  std::string digest;
  UtcTime changed;
  template <typename A> void fields(A& a) { a(value, digest, changed); }
};

struct InstanceSummary {
  std::string workflow;
  std::string version;
  std::string status;
  std::string id;
  UtcTime started;
  UtcTime ended;
  std::string waits;
  std::string compensated;  ///< "true", "partial", or empty
  bool parked = false;      ///< a compensation waits for a person
  std::optional<Address> parent;  ///< of a subflow
  template <typename A> void fields(A& a) {
    a(workflow, version, status, id, started, ended, waits, compensated, parked, parent);
  }
};

struct DeliverySummary {
  std::string sink;
  std::string rule;
  Address event;
  EffectState state = EffectState::ready;
  uint32_t attempts = 0;
  int32_t last_status = 0;
  std::string last_error;
  UtcTime created;
  UtcTime changed;
  template <typename A> void fields(A& a) {
    a(sink, rule, event, state, attempts, last_status, last_error, created, changed);
  }
};

struct ReplyRow {
  Address address;
  uint64_t version = 0;
  Hash128 request;
  std::string answer;
  template <typename A> void fields(A& a) { a(address, version, request, answer); }
};

/// What was refused because it does not fit an event type.
struct RefusalRow {
  uint64_t count = 0;
  UtcTime last;
  Address record;      ///< of the last sample
  std::string id;
  std::string source;
  std::string type;
  json::Value faults;
  template <typename A> void fields(A& a) { a(count, last, record, id, source, type, faults); }
};

struct KeptRow {
  json::Value text;  ///< of the event, as it was received: a string
  uint32_t depth = 0;
  UtcTime until;
  Sequence at = 0;  ///< record that kept it: the order in which they are given
  std::vector<ValueHash> held;  ///< not stored: large values that the stored row refers to
  template <typename A> void fields(A& a) { a(text, depth, until, at); }
};

struct SpreadRow {
  std::string name_space;
  WaitPlace place;
  Address event;
  json::Value text;  ///< of the event, as it was received: a string
  uint32_t depth = 0;
  Address after;
  uint32_t wait = 0;
  std::vector<ValueHash> held;  ///< not stored: large values that the stored row refers to
  template <typename A> void fields(A& a) { a(name_space, place, event, text, depth, after, wait); }
};

/// The value of a schedule's timer.
struct ScheduleTimer {
  std::string name_space;
  std::string schedule;
  workflow::Trigger trigger = workflow::Trigger::cron;
  template <typename A> void fields(A& a) { a(name_space, schedule, trigger); }
};
/// What a schedule waits for and what came of it so far.
struct ScheduleRow {
  struct Waiting {
    workflow::Trigger trigger = workflow::Trigger::cron;
    std::string timing;
    UtcTime anchor, due, at;
    Sequence armed_by = 0;   ///< the record; 0: it waits for no time
    std::string zones;
    std::string error;
    template <typename A> void fields(A& a) { a(trigger, timing, anchor, due, at, armed_by, zones, error); }
  };
  struct Due {
    workflow::Trigger trigger = workflow::Trigger::cron;
    UtcTime due;
    template <typename A> void fields(A& a) { a(trigger, due); }
  };
  std::vector<Waiting> triggers;
  uint64_t fired = 0, missed = 0, skipped = 0;
  Due last;                     ///< the newest due time that came, whatever became of it
  UtcTime last_fired;           ///< when something was started for one
  Address last_instance;        ///< where it lies with its schedule
  Sequence last_record = 0;     ///< with what came of the newest due time
  std::string last_error;
  uint32_t starting = 0;        ///< awaited instances asked for and not begun
  std::vector<Address> running; ///< awaited instances
  std::vector<Due> queue;       ///< due times that wait for those to end
  template <typename A> void fields(A& a) {
    a(triggers, fired, missed, skipped, last, last_fired, last_instance, last_record, last_error, starting, running, queue);
  }
  Waiting* find(workflow::Trigger trigger);
  const Waiting* find(workflow::Trigger trigger) const;
  bool busy() const { return starting > 0 || !running.empty(); }
};

namespace keys {
std::string table(Partition partition, char letter);
std::string meta(Partition partition);
std::string instance(Address instance);
std::string unique_id(Partition partition, std::string_view name_space, std::string_view workflow, std::string_view id);
std::string child(Partition partition, const ParentLink& parent);
std::string timer(Partition partition, const TimerKey& timer);
std::optional<TimerKey> parse_timer(std::string_view key);
std::string effect(const EffectId& id);
std::string ready(const EffectId& id);
std::optional<EffectId> parse_effect(std::string_view key);  ///< of an 'e' or 'r' key
/// Where the refusals of an event type are on record.
Partition refusals_partition(uint16_t partitions, std::string_view name_space, std::string_view event_type);
std::string refusals(Partition partition, std::string_view name_space, std::string_view event_type);
/// Prefix of an order's entries. name_space: empty for the order that all namespaces shared (feature_level.h).
std::string order(Partition partition, std::string_view name_space, std::string_view sink, std::string_view key);
std::string order_entry(std::string_view order, const EffectId& id);
EffectId parse_order_entry(Partition partition, std::string_view key);
std::string continuing(Address instance);
std::string waits(Partition partition, const WaitPlace& place);  ///< prefix of its waits
std::string wait(Partition partition, const WaitPlace& place, Address instance, uint32_t wait);
WakeRequest::Target parse_wait(std::string_view key);
std::string kept_of(Partition partition, const WaitPlace& place);
std::string kept(Partition partition, const WaitPlace& place, Address event);
Address parse_kept(std::string_view key);
std::string spread(Address record);
/// Where a schedule's row and timers are, and the instances that are placed nowhere else.
Partition schedule_partition(uint16_t partitions, std::string_view name_space, std::string_view schedule);
std::string schedule(Partition partition, std::string_view name_space, std::string_view schedule);
/// Tells the timers apart that one record sets.
uint64_t schedule_number(std::string_view name_space, std::string_view schedule, workflow::Trigger trigger);
uint64_t place_number(const WaitPlace& place);  ///< for the timer of a kept event
std::string reply(Partition partition, std::string_view key);
std::string feature_level();
std::string large_value(Partition partition, const ValueHash& hash);
std::string value_count(Partition partition, const ValueHash& hash);
std::string over(UtcTime ended, Address instance);
std::string over(UtcTime ended, const EffectId& delivery);
struct Over {
  UtcTime ended;
  EffectId id;             ///< of an instance: its address
  bool delivery = false;
};
std::optional<Over> parse_over(std::string_view key);
std::string running(Partition partition, std::string_view name_space, std::string_view workflow);
std::string definition(std::string_view kind, std::string_view name_space, std::string_view name, uint64_t version);
struct DefinitionKey {
  std::string kind, name_space, name;
  uint64_t version = 0;
};
std::optional<DefinitionKey> parse_definition(std::string_view key);

std::string instance_index(std::string_view name_space, UtcTime started, Address instance);
std::string approval(const EffectId& id);
std::string approvals_of(Address instance);  ///< prefix
std::string approval_index(std::string_view name_space, UtcTime requested, const EffectId& id);
std::string delivery_index(std::string_view name_space, UtcTime created, const EffectId& id);
std::string index_prefix(char letter, std::string_view name_space);
Address parse_instance_index(std::string_view key);
EffectId parse_delivery_index(std::string_view key);
std::string consequence(Address event, char kind, const EffectId& id);  ///< an instance has index 0
std::string consequences_of(Address event);
std::string history(Address instance, Sequence record);
std::string history_of(Address instance);
Sequence parse_history(std::string_view key);
struct Consequence {
  char kind = 'i';
  EffectId id;
};
Consequence parse_consequence(std::string_view key);
}  // namespace keys

}  // namespace hence::engine

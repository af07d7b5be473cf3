// SPDX-License-Identifier: Apache-2.0
#pragma once

// The engine turns commands into records and effects. It is synchronous and deterministic: time and
// randomness arrive in the commands. A driver (server/, harness/) turns the crank:
//
//   commands ──► decide() ──► Batch ──► log.stage, write, sync ──► durable() ──► replies, effects
//                  │  on the overlay: the next batch may be decided while the disk works
//                  └─ nothing of a batch may leave before durable() has returned for it
//
// One command makes one record in its partition; what crosses partitions (starts, emitted events)
// is a message taken, as a record of its own, within the same batch, so one commit holds both ends.

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/command.h"
#include "engine/definitions.h"
#include "engine/feature_level.h"
#include "engine/state.h"
#include "log/log.h"
#include "store/store.h"
#include "workflow/machine.h"

namespace hence::engine {

/// What the actions of one event's rules may put into its record; beyond it an action is refused and
/// the decision says so.
inline constexpr size_t kActionBytesMax = 48 << 20;
/// What the steps of one command may put into an instance's record before the rest goes on in a
/// continuation.
inline constexpr size_t kStepBytesMax = 4 << 20;
/// Starts and events that the steps of one command may leave waiting before the rest goes on in a
/// continuation.
inline constexpr size_t kMessagesWaitingMax = 1'000;
/// Of the faults of one event that go on record, as JSON.
inline constexpr size_t kFaultBytesMax = 16 << 10;

struct EngineOptions {
  uint16_t partitions = 64;               ///< fixed when the data folder is made; at most 1,024
  Hash128 hash_key;                       ///< of the data folder; keys the deduplication hash
  Duration dedup_window = Duration::days(7);
  Duration reply_window = Duration::hours(24);  ///< how long an Idempotency-Key is remembered
  uint32_t depth_max = 16;                ///< events between one and the outside
  Duration refusal_interval = Duration::seconds(10);  ///< between refusals of one event type on record
  uint32_t cascade_max = 10'000;          ///< starts and emitted events that one command may lead to
  /// What one command may put on record. Beyond it, starts and emitted events it leads to are refused
  /// and the rest of its work goes on in later commands.
  size_t command_bytes_max = 128 << 20;
  size_t batch_bytes_max = 64 << 20;      ///< of records; commands beyond it are for the next batch
  uint32_t children_per_command = 100;    ///< subflows that begin or end and run on in one go; more do so in continuations
  uint32_t step_budget = 2'000;           ///< task transitions of one command; more go on in a continuation
  uint32_t timers_per_command = 1'000;
  uint64_t kept_bytes_max = 64 << 20;     ///< of a partition: events kept for instances to come
  uint32_t recovery_records_per_write = 10'000;
  uint32_t first_feature_level = kFeatureLevel;  ///< that the folder's log begins at
  size_t large_value_bytes = kLargeValueBytes;  ///< above it state keeps a value by its hash
  workflow::Limits workflow_limits;
  Budgets budgets;                        ///< of expressions
  /// Secrets of a namespace as an object, for tasks that read them outside of calls; none: they may not.
  std::function<Result<json::Value>(const Definitions&, std::string_view name_space,
                                    const std::vector<std::string>& names)> read_secrets;
  ZonesPtr zones = utc_only();
  Duration schedule_grace = Duration::minutes(1);  ///< a due time later than that was missed
  uint32_t schedule_queue_max = 100;      ///< due times of one schedule that wait for its instance
  bool plant_message_twice = false;       ///< a mistake the simulator must see (docs/simulation.md)
};

/// One record as the log wants it, owning its bytes.
struct OwnedRecord {
  Address address;
  UtcTime time;
  std::string name_space;
  Actor actor;
  std::string payload;
  std::optional<Hash128> event_hash;

  log::Record view() const;
};

/// An instance that uses half of a bound: for whoever watches.
struct LimitNote {
  Address instance;
  std::string workflow;  ///< "ns/name:version"
  workflow::LimitNear near;
};

struct Batch {
  std::vector<OwnedRecord> records;   ///< in log order; empty: nothing to commit, replies may go
  size_t bytes = 0;                   ///< of the records' payloads
  size_t decided = 0;                 ///< commands, the first ones; what is left is for the next batch
  std::vector<Reply> replies;
  std::vector<Effect> effects;        ///< to hand out
  std::vector<LimitNote> limits_near;
  std::vector<EffectId> cancelled;    ///< calls nobody waits for any more
  std::shared_ptr<const Definitions> definitions;  ///< the new snapshot, if it changed

  std::vector<log::Record> views() const;
};

class Engine {
 public:
  /// Recovers: the stored state plus the log's tail. Both outlive the engine.
  /// Errors: StoreFailed, LogDamaged, LogVersionNewer.
  static Result<std::unique_ptr<Engine>> open(store::Store& store, log::Log& log, EngineOptions options);

  /// Decides commands in order, all but those beyond batch_bytes_max. Errors: StoreFailed, DiskFailed, LogDamaged: end the process.
  Result<Batch> decide(const std::vector<Command>& commands);
  /// The same for commands that came in groups.
  Result<Batch> decide(std::span<const std::vector<Command>* const> groups);

  /// The oldest batch with records that is not yet so is durable, up to end. Errors: StoreFailed.
  Status durable(Position end);

  const std::shared_ptr<const Definitions>& definitions() const { return definitions_; }
  const EngineOptions& options() const { return options_; }
  Partition place(std::string_view name_space, std::string_view key) const;

  /// Of the log as it is now: below kFeatureLevel a driver sends RaiseFeatureLevel first.
  uint32_t feature_level() const { return state_.feature_level(); }
  /// When TimersDue has something to do next; for which partitions it has now.
  std::optional<UtcTime> next_timer() const { return state_.next_timer(); }
  std::vector<Partition> partitions_due(UtcTime now) const { return state_.partitions_due(now); }
  /// Instances with work left over: send each a ContinueInstance.
  const std::set<Address>& continuing() const { return state_.continuing(); }

  /// A digest of the state (state family of the store and what is decided on top): equal states
  /// have equal digests. Reads everything; for tests and the simulator.
  Result<Hash128> state_digest();

 private:
  friend class Recorder;
  struct Message {
    Address from;
    std::string name_space;
    std::string traceparent;  ///< of the sender's record
    MessageSent sent;
    std::optional<event::Event> event;  ///< of an event's, parsed already
    json::Value met = {};               ///< of a meet or wake: the event
  };

  Engine(store::Store& store, log::Log& log, EngineOptions options);
  Status recover();
  Status load_definitions();
  Status apply_tail(Position from);
  Status check_feature_level(uint32_t level) const;

  Status decide_one(const Command& command, Batch& batch);
  void run(const Command& command, Batch& batch);
  void run(const Command& command, const IngestEvent& body, Batch& batch);
  void run(const Command& command, const ApplyResources& body, Batch& batch);
  void run(const Command& command, const StartInstance& body, Batch& batch);
  void run(const Command& command, const CancelInstance& body, Batch& batch);
  void run(const Command& command, const DecideParked& body, Batch& batch);
  void run(const Command& command, const DecideApproval& body, Batch& batch);
  /// The running instance that an operator means; none, with the reply's error, where there is no such
  /// one or it has ended.
  const InstanceRow* find_open(class Recorder& record, Address instance, std::string_view act, Reply& reply);
  void run(const Command& command, const ActOnInstance& body, Batch& batch);
  void run(const Command& command, const KeepAnswer& body, Batch& batch);
  void run(const Command& command, const AttemptEnded& body, Batch& batch);
  void run(const Command& command, const RedriveDelivery& body, Batch& batch);
  void run(const Command& command, const TimersDue& body, Batch& batch);
  void run(const Command& command, const ContinueInstance& body, Batch& batch);
  void run(const Command& command, const ForgetEnded& body, Batch& batch);
  void run(const Command& command, const AdoptIndex& body, Batch& batch);
  void run(const Command& command, const RaiseFeatureLevel& body, Batch& batch);
  void take(const Command& command, const Message& message, Batch& batch, bool again = false);
  void note_late(const Command& command, const AttemptEnded& body, const std::optional<EffectRow>& row, Batch& batch);

  // decide_event.cc
  struct Incoming {
    std::string_view source;
    const Matched* matched = nullptr;  ///< none: not matched yet
    Address cause;
    uint32_t depth = 0;
    std::string stopped = {};  ///< why no rule is asked, empty if they are
    resource::VerdictPtr verdict = {};  ///< what does not fit its type, of an event accepted with it
  };
  /// Answers an event that does not fit its type; a sample of those goes on record.
  void refuse(const Command& command, const IngestEvent& body, const resource::VerdictPtr& verdict, Batch& batch);
  void accept(class Recorder& record, const event::Event& event, const Incoming& incoming);
  void decide_rules(class Recorder& record, const event::Event& event, const Incoming& incoming, const Matched& matched,
                    Decision& decision);
  ActionTaken act(class Recorder& record, const event::Event& event, const Incoming& incoming,
                  const Definitions::RuleEntry& rule, uint32_t index);
  Status act_start(class Recorder& record, const event::Event& event, const Incoming& incoming,
                   const Definitions::RuleEntry& rule, uint32_t index, ActionTaken& taken);
  Status act_emit(class Recorder& record, const event::Event& event, const Incoming& incoming,
                  const Definitions::RuleEntry& rule, uint32_t index, ActionTaken& taken);
  Status act_deliver(class Recorder& record, const event::Event& event,
                     const Definitions::RuleEntry& rule, uint32_t index, ActionTaken& taken);

  // decide_instance.cc
  /// Starts an instance in record, or says why not. Returns what its asker is told.
  Reply begin_instance(class Recorder& record, const StartRequest& request);
  enum class Turn : uint8_t { start, timer, call, cancel, go_on, event, parked, approval, suspend, resume, retry, skip, set_context };
  struct Move {
    Turn turn = Turn::go_on;
    json::Value input;    ///< of a start; the event
    uint64_t number = 0;  ///< of the timer, call or wait
    const workflow::CallOutcome* outcome = nullptr;
    std::string reason;
    Address event = {};
    uint32_t depth = 0;   ///< of the event
    bool again = false;   ///< of the call: it may have been made before
    workflow::Undo undo = workflow::Undo::no;                 ///< of a cancel
    workflow::Parked decision = workflow::Parked::redrive;    ///< of what is parked
    const workflow::Decision* approval = nullptr;
    std::string by = {};  ///< who suspends it
    workflow::Asker asker = workflow::Asker::person;  ///< of a suspension or its end
    std::string task = {};
    std::optional<json::Value> value = {};  ///< as in ActOnInstance
    bool by_parent = false;  ///< of a cancel: the parent has no use for the end
    bool later = false;      ///< what it leads to goes on in a continuation
  };
  /// A subflow that is awaited, and by which task.
  struct OpenChild {
    workflow::CallId call = 0;
    workflow::TaskIndex task = 0;
  };
  workflow::Advance move_instance(class Recorder& record, Address instance, const Move& move);
  /// What one turn of an instance's machine came to.
  struct Turned {
    InstanceRow& row;
    Address instance;
    const workflow::Definition& definition;
    std::vector<workflow::Fact> facts;
    std::vector<OpenChild> children;  ///< before it
    const Move& move;
    std::optional<LifecycleView> lifecycle = std::nullopt;
  };
  void emit_consequences(class Recorder& record, Turned& turned);
  void emit_event(class Recorder& record, const InstanceRow& row, Address instance, const json::Value& emitted);
  workflow::Advance turn_machine(const workflow::Definition& definition, InstanceRow& row, Address instance,
                                 const workflow::StepContext& context, const Move& move, class Recorder& record);
  Result<std::shared_ptr<const workflow::Definition>> definition_of(const InstanceRow& row);

  // decide_approval.cc
  void emit_approval_event(class Recorder& record, const InstanceRow& row, const EffectId& id);
  // decide_operate.cc
  Status act_on(class Recorder& record, const ActOnInstance& body);
  /// Which instance has the caller's id that this faulted one had; none if it has it still, or had none.
  Address replaced_by(Address instance);
  Status give_event(class Recorder& record, Address instance, const event::Event& event);
  // decide_child.cc
  Result<std::string> find_child_workflow(std::string_view name_space, std::string_view reference, uint32_t depth) const;
  static std::vector<OpenChild> open_children(const workflow::Instance& machine);
  Partition child_partition(std::string_view name_space, const ParentLink& parent) const;
  void start_child(class Recorder& record, const InstanceRow& row, Address instance, const workflow::CallRequested& call);
  void cancel_child(class Recorder& record, const Turned& turned, const OpenChild& child);
  /// Suspends the subflows that are awaited, or lets them go on, as the fact says of their parent.
  void suspend_children(class Recorder& record, const Turned& turned, const workflow::Fact& fact);
  void report_end(class Recorder& record, const InstanceRow& row, Address instance, const workflow::InstanceEnded& ended);
  void tell_end(class Recorder& record, const ChildEnd& end);
  void take_child_end(class Recorder& record, const ChildEnd& end);
  void take_child_cancel(class Recorder& record, const ChildCancel& cancel);
  void take_child_suspend(class Recorder& record, const ChildSuspend& asked);
  /// False if the kind is another's.
  bool take_child_message(class Recorder& record, MessageSent::Kind kind, std::string_view body);
  /// Counts one more subflow of the command; true if what it leads to is to wait for a continuation.
  bool leave_for_later() { return ++children_ > options_.children_per_command; }

  // decide_wait.cc
  Hash128 site_hash(std::string_view name_space, std::string_view workflow, uint64_t revision, uint32_t site) const;
  WaitPlace place_of(Hash128 site, const std::optional<json::Value>& value) const;
  Partition place_partition(std::string_view name_space, const WaitPlace& where, const std::optional<json::Value>& value) const;
  void meet_sites(class Recorder& record, const event::Event& event, const Incoming& incoming, const Matched& matched,
                  Decision& decision);
  void meet(class Recorder& record, const MeetRequest& request, const json::Value& event);
  /// Sends the event to the next waits of the place that stood there before; how many it looked at.
  bool waits_at(Partition partition, const WaitPlace& place);
  /// How many waits one command tells of the event.
  size_t most_told(const json::Value& event) const;
  size_t tell_waits(class Recorder& record, SpreadRow& spread, const json::Value& event, Sequence before);
  void go_on_spreading(class Recorder& record, Address begun);
  void keep_event(class Recorder& record, const MeetRequest& request, const json::Value& event);
  /// Gives a wait the next kept event after the one kept by the record `after`.
  void offer_kept(class Recorder& record, const WaitRequest& wait, Sequence after);
  void take_kept_answer(class Recorder& record, const KeptAnswer& answer);
  void wake(class Recorder& record, const WakeRequest& request, const json::Value& event);
  void register_waits(class Recorder& record, const InstanceRow& row, Address instance, const workflow::Fact& fact);
  // decide_schedule.cc
  /// Tells each schedule that a change of definitions is about to look at itself again.
  void tell_schedules(class Recorder& record, const Definitions& before, const std::vector<ResourceChange>& changes);
  void reconcile_schedule(class Recorder& record, const std::string& name);
  void schedule_due(class Recorder& record, const ScheduleTimer& timer, Sequence armed_by);
  /// Passes over the due times that are too late, as the schedule says. The one to fire; none.
  std::optional<UtcTime> catch_up(class Recorder& record, const workflow::Timing& timing,
                                  const calendar::Timetable& table, const ScheduleTimer& timer, UtcTime due);
  UtcTime last_late(UtcTime now, const workflow::Timing& timing) const;
  /// after: of `every` and `cron`, the due time before.
  void arm_schedule(class Recorder& record, const Definitions::ScheduleEntry& entry, workflow::Trigger trigger,
                    UtcTime anchor, UtcTime after);
  /// What becomes of a due time. waited: it is the first in the queue.
  void fire_schedule(class Recorder& record, const Definitions::ScheduleEntry& entry, ScheduleRow::Due due, bool waited);
  ActionTaken scheduled_start(class Recorder& record, const Definitions::ScheduleEntry& entry, const ScheduleCause& cause);
  ActionTaken scheduled_emit(class Recorder& record, const Definitions::ScheduleEntry& entry, const ScheduleCause& cause);
  /// An awaited instance is over, or never began.
  void schedule_goes_on(class Recorder& record, const ScheduleCause& cause);

  // decide_gather.cc
  /// An event that met a filter of `schedule.on`. started: the workflows it has started already.
  void meet_schedule(class Recorder& record, const event::Event& event, uint32_t depth, const Definitions::SiteEntry& entry,
                     std::set<std::string>& started, Decision& decision);
  void gather(class Recorder& record, const GatherRequest& request, const json::Value& event);
  /// The first one kept after a record, but for one: its address, and the record that kept it.
  std::optional<std::pair<Address, Sequence>> oldest_kept(Partition partition, const WaitPlace& place, Sequence after, Address except);

  /// False if the kind is another's.
  bool take_wait_message(class Recorder& record, MessageSent::Kind kind, std::string_view body, const json::Value& event);

  std::optional<Reply> kept_reply(const Command& command);
  void keep_reply(const Command& command, const Reply& reply, Batch& batch);
  std::optional<Address> seen(Hash128 hash, UtcTime now);

  log::Log& log_;
  EngineOptions options_;
  Overlay overlay_;
  State state_;
  store::Store& store_;
  std::shared_ptr<const Definitions> definitions_ = Definitions::empty();
  std::map<std::pair<std::string, uint64_t>, std::shared_ptr<const workflow::Definition>> old_definitions_;
  std::deque<Message> messages_;
  std::unordered_map<Hash128, Address> batch_events_;
  struct RefusalSample {
    UtcTime next;        ///< when one goes on record again
    uint64_t count = 0;  ///< refused since the last record
  };
  std::map<std::pair<std::string, std::string>, RefusalSample> refusals_;  ///< by namespace and event type
  workflow::LoopCursors loops_;
  uint32_t cascade_ = 0;  ///< messages taken for the present command
  size_t command_began_ = 0;  ///< bytes of the batch before it
  uint32_t children_ = 0; ///< subflows that began or ended for the present command
  filter::MatchScratch scratch_;
  std::optional<Error> failure_;
};

/// The event's text that places it, and the text whose hash tells duplicates.
Hash128 event_hash(Hash128 key, std::string_view name_space, const event::Event& event);

}  // namespace hence::engine

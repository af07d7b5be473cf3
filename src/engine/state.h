// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fold: facts change the state, nothing else does. Deciding and recovery call the same apply(),
// so a server that crashed comes back to the very state it had.
//
// Rows of instances that a record touches are open until the record ends; then the row's timers and
// the effects of calls nobody waits for any more are brought in line in one go. The row itself is
// written when the batch ends: many records of a batch may be about one instance, and a row with a
// thousand branches takes longer to write than what happened to it.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/fact.h"
#include "engine/large_values.h"
#include "engine/overlay.h"
#include "engine/rows.h"

namespace hence::engine {

/// Where a fact stands: its record.
struct RecordContext {
  Address address;
  UtcTime time;
  std::string_view name_space;
};

class State {
 public:
  struct Settings {
    uint16_t partitions;
    size_t large_value_bytes;
    uint32_t first_feature_level;
  };
  State(Overlay& overlay, const Settings& settings)
      : overlay_(overlay), settings_(settings), values_(overlay), partitions_(settings.partitions),
        meta_(partitions_ + 1u), changed_meta_(partitions_ + 1u) {
    set_feature_level(settings.first_feature_level);
  }

  /// Loads what is held in memory. Errors: StoreFailed.
  Status load();

  /// Folds one fact of a record. With replaying, steps of instances are applied to their machines
  /// too; while deciding, the machine has already done so itself.
  void apply(const RecordContext& record, const Fact& fact, bool replaying);
  /// The same while deciding, for a fact whose kind the caller knows.
  template <typename One>
  void apply(const RecordContext& record, const One& fact) {
    replaying_ = false;
    on(record, fact);
  }
  /// EventAccepted while deciding: the event itself is at hand and lives until the record ends.
  void accept(const RecordContext& record, const json::Value& event, uint32_t depth, Address cause);
  /// Ends a record: closes the rows it opened.
  void end_record(const RecordContext& record);
  /// Ends a batch of records: stores the rows of the instances and the meta of the partitions it touched.
  void end_batch();

  PartitionMeta& meta(Partition partition);
  uint16_t partitions() const { return partitions_; }
  uint32_t feature_level() const { return feature_level_; }

  /// Ends a record that came to nothing: rows that were looked at are let go.
  void drop_record() { open_.clear(); }

  /// The instance's row, open for this record; nullptr if there is none. Kept only if a fact of the
  /// record is about the instance: a fold of the facts would not know of it otherwise.
  InstanceRow* open_instance(Address instance);
  /// The instance's row, to look at; nullptr if there is none.
  const InstanceRow* find_instance(Address instance) { return hold_instance(instance); }
  std::optional<EffectRow> effect(const EffectId& id) {
    return values_.load<EffectRow>(id.record.partition, keys::effect(id));
  }
  std::optional<KeptRow> kept_event(Partition partition, const WaitPlace& place, Address event) {
    return values_.load<KeptRow>(partition, keys::kept(partition, place, event));
  }
  std::optional<SpreadRow> spread(Address record) {
    return values_.load<SpreadRow>(record.partition, keys::spread(record));
  }

  std::optional<ApprovalRow> approval(const EffectId& id) {
    return values_.load<ApprovalRow>(id.record.partition, keys::approval(id));
  }

  /// The earliest timer of any partition; of one partition.
  std::optional<UtcTime> next_timer() const;
  std::vector<Partition> partitions_due(UtcTime now) const;
  /// Where a look-up of the partition's timers begins.
  std::string timers_from(Partition partition) const {
    const auto from = timers_from_.find(partition);
    return from == timers_from_.end() ? std::string() : from->second;
  }

  /// Effects that became ready, and calls nobody waits for any more, since the last take.
  std::vector<EffectId> take_ready() { return std::exchange(ready_, {}); }
  std::vector<EffectId> take_cancelled() { return std::exchange(cancelled_, {}); }
  const std::set<Address>& continuing() const { return continuing_; }
  /// Instances and deliveries of the partition that were over before a time, the longest over first.
  Forgotten find_ended(Partition partition, UtcTime before, uint32_t limit);

  Overlay& overlay() { return overlay_; }

 private:
  struct HeldInstance {
    InstanceRow row;
    bool changed = false;  ///< since it was loaded
  };
  struct OpenInstance {
    HeldInstance* held = nullptr;
    std::vector<workflow::Timer> timers_before;
    std::vector<workflow::CallId> calls_gone;  ///< that the machine waits for no longer
    bool touched = false;  ///< by a fact of this record
  };

  void on(const RecordContext& record, const EventAccepted& fact);
  void on(const RecordContext&, const Decision&) {}
  void on(const RecordContext& record, const Ignored& fact);
  void on(const RecordContext& record, const FeatureLevelRaised& fact);
  void on(const RecordContext& record, const MessageSent& fact);
  void on(const RecordContext& record, const MessageTaken& fact);
  void on(const RecordContext& record, const DefinitionsChanged& fact);
  void on(const RecordContext& record, const DefinitionsAdopted& fact);
  void on(const RecordContext& record, const InstanceStarted& fact);
  void on(const RecordContext& record, const StartRefused& fact);
  void on(const RecordContext& record, const InstanceStepped& fact);
  void on(const RecordContext& record, const InstanceContinues& fact);
  void on(const RecordContext& record, const EffectCreated& fact);
  void on(const RecordContext& record, const AttemptFailed& fact);
  void on(const RecordContext& record, const EffectEnded& fact);
  void on(const RecordContext& record, const EffectRedriven& fact);
  void on(const RecordContext& record, const EffectReady& fact);
  void on(const RecordContext& record, const ReplyKept& fact);
  void on(const RecordContext& record, const ReplyForgotten& fact);
  void on(const RecordContext& record, const DuplicateSeen& fact);
  void on(const RecordContext&, const EventFaults&) {}
  void on(const RecordContext& record, const EventsRefused& fact);
  // state_waits.cc
  void on(const RecordContext& record, const WaitRegistered& fact);
  void on(const RecordContext& record, const WaitRemoved& fact);
  void on(const RecordContext& record, const EventKept& fact);
  void on(const RecordContext& record, const KeptEnded& fact);
  void on(const RecordContext& record, const EventNotKept& fact);
  void on(const RecordContext& record, const SpreadPending& fact);
  void on(const RecordContext& record, const Forgotten& fact);
  // state_schedules.cc
  void on(const RecordContext& record, const ScheduleArmed& fact);
  void on(const RecordContext& record, const ScheduleFired& fact);
  void on(const RecordContext& record, const ScheduleMissed& fact);
  void on(const RecordContext& record, const ScheduleStopped& fact);
  void note_started(const RecordContext& record, const ScheduleCause& cause);
  void note_refused(const RecordContext& record, const ScheduleCause& cause, const std::string& reason);
  void note_ended(Address instance, std::string_view name_space, const ScheduleCause& cause);
  void stop_waiting(const RecordContext& record, std::string_view schedule, ScheduleRow::Waiting& waiting);

  size_t index_of(Partition partition) const {
    HENCE_CHECK(partition < partitions_ || partition == kControlPartition);
    return partition == kControlPartition ? partitions_ : partition;
  }
  void set_feature_level(uint32_t level);
  /// The record's event as it leaves for the outside.
  const json::Value& outgoing_event();
  void make_ready(EffectRow& row);
  void save_effect(EffectRow& row);
  void erase_effect(EffectRow& row);
  std::string order_of(const Effect& delivery) const;
  std::optional<EffectId> first_in_order(Partition partition, const std::string& order, const std::string& from);
  void release_order(const RecordContext& record, const EffectRow& row);
  void take_turn(const RecordContext& record, EffectRow& row);
  void remember_gone(const std::string& order, const EffectId& id);
  void part_orders(const RecordContext& record);
  InstanceRow* hold_instance(Address instance);
  OpenInstance* open(Address instance);
  OpenInstance* touch(Address instance);
  InstanceRow* touch_instance(Address instance);
  void change_timers(Address instance, std::vector<workflow::Timer> before, std::vector<workflow::Timer> now);
  void save_held(Address address, HeldInstance& held);
  void save_all_held();
  void close_instance(const RecordContext& record, Address address, OpenInstance& open);
  void put_timer(Partition partition, const TimerKey& timer, std::string value = {});
  void erase_timer(Partition partition, const TimerKey& timer);
  void find_next_timer(Partition partition);
  // state_approvals.cc
  void ask(const RecordContext& record, Address instance, InstanceRow& row, const workflow::ApprovalRequested& fact);
  void decide(const RecordContext& record, const EffectId& id, const std::function<void(ApprovalRow&)>& change);
  void save_approval(const EffectId& id, ApprovalRow& row);
  void forget_approvals(Address instance);
  /// One more or one less instance that runs on its version.
  void count_running(Partition partition, const InstanceRow& row, int64_t change);
  void count_all_running();
  void forget_instance(Address instance);
  void forget_delivery(const EffectId& id);
  void erase_over(Partition partition, std::string key);

  Overlay& overlay_;
  Settings settings_;
  LargeValues values_;
  uint32_t feature_level_ = 0;
  uint16_t partitions_;
  bool replaying_ = false;
  std::vector<PartitionMeta> meta_;   ///< the control partition's last
  std::vector<bool> changed_meta_;    ///< since the batch began
  std::map<Partition, UtcTime> next_timer_;
  /// No timer of the partition is before this key: a look-up that began at the front would pass all that
  /// fired, which the store forgets only in time.
  std::map<Partition, std::string> timers_from_;
  std::map<Address, HeldInstance> held_;  ///< rows that records of this batch opened
  std::map<Address, OpenInstance> open_;
  /// The open record's event, as it lies where the record is made or folded.
  struct Accepted {
    const json::Value* event = nullptr;  ///< while deciding
    std::string_view text;               ///< while replaying
    uint32_t depth = 0;
  };
  std::optional<Accepted> accepted_;
  std::optional<json::Value> outgoing_;  ///< made of it at the first delivery
  std::set<Address> continuing_;
  std::map<std::string, int64_t> running_;  ///< changes of counts since the batch began, by the row's key
  std::map<Partition, std::string> forgotten_to_;  ///< last key erased: a look-up begins there
  /// The last delivery that left its key's order, of some orders: none before it is left, and a look-up begins there.
  std::map<std::string, EffectId> gone_to_;
  std::vector<EffectId> ready_;
  std::vector<EffectId> cancelled_;
};

/// An instance's line in lists.
InstanceSummary summarize(const InstanceRow& row);
/// "true", "partial", or empty where nothing was to be undone.
std::string_view compensated_text(workflow::Compensated compensated);
/// What it waits for, in a few words ("timer until …, call http"), empty if nothing.
std::string describe_waits(const workflow::Instance& machine);

}  // namespace hence::engine

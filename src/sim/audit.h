// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a log from its start, record by record, and says which promise it breaks. Knows nothing of
// the engine's state: what it checks follows from the facts alone.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "calendar/timetable.h"
#include "engine/fact.h"
#include "engine/rows.h"
#include "log/record.h"
#include "sim/living.h"
#include "sim/naive.h"
#include "store/store.h"
#include "workflow/definition.h"

namespace hence::sim {

/// A promise that was broken: the number it has in reliability.md's list of invariants.
struct Violation {
  std::string invariant;  ///< "I-8"
  std::string message;
};

class Audit {
 public:
  Audit(Duration dedup_window, uint32_t depth_max) : dedup_window_(dedup_window), depth_max_(depth_max) {}

  /// Events that are not newer than this may be taken for new: the log's memory for them is bounded.
  /// Workflows whose instances end as the naive interpreter says.
  void set_generated(Documents documents) { generated_ = std::move(documents); }
  void set_dedup_horizon(UtcTime horizon) { dedup_horizon_ = horizon; }
  /// The next record of the log.
  void read(const log::Record& record);
  /// After the last one: what must hold of the whole.
  void end();
  /// Whether the state's deliveries and calls are those of the log: none lost, none made up, each in
  /// the state its facts lead to.
  void check_effects(const store::Store& state);

  /// What was found since the last time.
  std::vector<Violation> take_violations() { return std::exchange(violations_, {}); }
  /// Identity of the event accepted at an address, "source id"; empty if there is none.
  std::string event_at(Address address) const;
  bool has_instance(Address address) const { return instances_.contains(address); }
  Sequence last_sequence(Partition partition) const;
  const Living& living() const { return living_; }
  uint64_t records() const { return records_; }
  uint64_t events() const { return events_; }
  uint64_t instances_started() const { return instances_.size(); }
  /// Ends of generated workflows that were compared.
  uint64_t outcomes() const { return outcomes_; }

 private:
  enum class Delivery : uint8_t { open, delayed, parked, done };
  struct EffectStory {
    bool delivery = false;
    Delivery state = Delivery::open;
    uint32_t attempt = 1;
    UtcTime due;
  };
  using Workflow = std::shared_ptr<const workflow::Definition>;
  struct InstanceStory {
    bool ended = false;
    Workflow workflow;  ///< the definition it is pinned to; none where the log has none
    std::map<uint32_t, uint32_t> tasks;  ///< by frame, the task it is at
    std::map<uint32_t, UtcTime> timers;
    std::set<uint32_t> timers_over, calls, calls_over;
    std::set<uint32_t> frames, frames_over, asked, decided;
    // What undoes tasks: under way by frame, completed in that order, and over in another way.
    std::map<uint32_t, uint32_t> undo_open;
    std::vector<uint32_t> undo_done;
    std::set<uint32_t> undo_maybe;
    std::optional<uint32_t> undoing;   ///< begun, and neither done nor parked
    std::optional<uint32_t> undo_parked;
    bool compensating = false;
    std::pair<uint32_t, Address> last_start;  ///< frame, and the record of it
    std::map<uint32_t, uint32_t> parents;     ///< of frames
    bool faulted = false;                     ///< at its end; an operator may have it run again
    Address retried;                          ///< the record in which that last happened
    uint32_t retries = 0;
    std::set<uint32_t> children;  ///< calls that started a subflow
    std::optional<engine::ParentLink> parent;
    bool given_up = false;        ///< ended by its parent's message
    uint32_t reports = 0;         ///< ends told to its parent, one each time it ended
    std::string generated;        ///< the document it runs, if it is one of those
    json::Value input;            ///< of such a one
  };
  struct Context {
    Address address;
    UtcTime time;
    std::string name_space;
  };
  /// One trigger of a schedule: every due time of its calendar becomes one thing.
  struct ScheduleStory {
    std::optional<calendar::Timetable> table;  ///< none: of `after`
    std::optional<UtcTime> waits;              ///< the due time that is next to become something
    std::optional<UtcTime> last;               ///< the last one that did
    std::set<UtcTime> queued;
  };
  /// What one partition asked of another.
  struct Messages {
    uint64_t sent = 0;
    uint64_t taken = 0;
    std::deque<engine::MessageSent::Kind> waiting;  ///< sent and not taken
  };
  /// What the record being read has so far.
  struct InRecord {
    std::optional<engine::MessageSent::Kind> taken;
    uint32_t events = 0, decisions = 0, starts = 0, asked_starts = 0;
    bool caused = false;  ///< an event or a start that another record asked for
    std::set<Address> ended;  ///< instances
  };

  void broken(const char* invariant, std::string message) { violations_.push_back({invariant, std::move(message)}); }
  void on(const Context& at, const engine::EventAccepted& fact);
  void on(const Context& at, const engine::MessageSent& fact);
  void on(const Context& at, const engine::MessageTaken& fact);
  void on(const Context& at, const engine::Decision& fact);
  void on(const Context& at, const engine::DefinitionsChanged& fact);
  void on(const Context& at, const engine::InstanceStarted& fact);
  void on(const Context& at, const engine::StartRefused& fact);
  void on(const Context& at, const engine::InstanceStepped& fact);
  void on(const Context& at, const engine::EffectCreated& fact);
  void on(const Context& at, const engine::AttemptFailed& fact);
  void on(const Context& at, const engine::EffectEnded& fact);
  void on(const Context& at, const engine::EffectReady& fact);
  void on(const Context& at, const engine::EffectRedriven& fact);
  // audit_schedules.cc
  void on(const Context& at, const engine::ScheduleArmed& fact);
  void on(const Context& at, const engine::ScheduleFired& fact);
  void on(const Context& at, const engine::ScheduleMissed& fact);
  void on(const Context& at, const engine::ScheduleStopped& fact);
  ScheduleStory* schedule_story(const Context& at, const std::string& schedule, workflow::Trigger trigger, const char* what);
  template <typename Fact>
  void on(const Context&, const Fact&) {}
  void end_record(const Context& at);
  void check_timer(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story);
  void check_once(const engine::InstanceStepped& fact, InstanceStory& story);
  void spoil(InstanceStory& story);
  void check_by_hand(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story);
  void check_undone(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story);
  void check_undo_begins(const std::string& name, uint32_t id, InstanceStory& story);
  void check_outcome(const engine::InstanceStepped& fact, InstanceStory& story);
  void check_family(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story);
  void read_report(const Context& at, const engine::MessageSent& fact);
  void check_pinned(const engine::InstanceStepped& fact, InstanceStory& story);
  EffectStory* story(const Context& at, const engine::EffectId& id, const char* what);

  Living living_;
  Documents generated_;
  Duration dedup_window_;
  uint32_t depth_max_;
  UtcTime dedup_horizon_;
  uint64_t records_ = 0;
  uint64_t outcomes_ = 0;
  uint64_t events_ = 0;
  std::map<Partition, Sequence> last_;
  std::map<Partition, UtcTime> last_time_;
  std::map<std::string, std::pair<Address, UtcTime>> newest_event_;
  std::map<Address, std::string> event_at_;
  std::map<Address, InstanceStory> instances_;
  std::set<std::pair<Address, uint32_t>> children_;  ///< parent and call of each subflow
  std::map<std::pair<std::string, workflow::Trigger>, ScheduleStory> schedules_;
  std::map<engine::EffectId, EffectStory> effects_;
  std::map<std::pair<Partition, Partition>, Messages> messages_;  ///< by sender and receiver
  std::map<std::string, Workflow> workflows_;  ///< by namespace, name, version and revision
  InRecord in_record_;
  std::vector<Violation> violations_;
};

}  // namespace hence::sim

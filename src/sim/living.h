// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lives, from the facts alone: instances under way with their timers, calls and approvals, deliveries not done,
// schedules, events kept for those to come, and the definitions all of it was made under. The state must have each
// of them whole: what retention drops from the log can be read nowhere else.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "engine/fact.h"
#include "store/store.h"

namespace hence::sim {

class Living {
 public:
  struct Instance {
    std::string name_space;
    std::string definition;  ///< key of its row
    std::map<uint32_t, UtcTime> timers;
    std::map<uint64_t, engine::EffectId> calls;
    std::set<uint32_t> detached;  ///< calls that are nobody's
    std::map<uint32_t, std::string> approvals;  ///< by number, what is asked
    bool ended = false;
  };
  struct Effect {
    std::string name_space;
    Hash128 content;
    Hash128 event;  ///< of a delivery
    bool delivery = false;
  };

  /// The next record of the log.
  void read(Address record, std::string_view name_space, const std::vector<engine::Fact>& facts);
  /// What a state that holds all that was read lacks of it, a sentence each.
  std::vector<std::string> missing_in(const store::Snapshot& state) const;

  /// Ended ones too.
  const std::map<Address, Instance>& instances() const { return instances_; }
  /// Calls, and deliveries that are not done: parked ones wait for a person.
  const std::map<engine::EffectId, Effect>& effects() const { return effects_; }

 private:
  struct At {
    Address record;
    std::string_view name_space;
  };
  template <typename Fact>
  void on(const At&, const Fact&) {}
  void on(const At& at, const engine::EventAccepted& fact);
  void on(const At& at, const engine::DefinitionsChanged& fact);
  void on(const At& at, const engine::InstanceStarted& fact);
  void on(const At& at, const engine::InstanceStepped& fact);
  void on(const At& at, const engine::EffectCreated& fact);
  void on(const At& at, const engine::EffectEnded& fact);
  void on(const At& at, const engine::Forgotten& fact);
  void on(const At& at, const engine::WaitRegistered& fact);
  void on(const At& at, const engine::WaitRemoved& fact);
  void on(const At& at, const engine::EventKept& fact);
  void on(const At& at, const engine::KeptEnded& fact);
  void on(const At& at, const engine::SpreadPending& fact);
  void on(const At& at, const engine::ScheduleArmed& fact);
  void on(const At& at, const engine::ScheduleFired& fact);
  void on(const At& at, const engine::ScheduleMissed& fact);
  void on(const At& at, const engine::ScheduleStopped& fact);
  void step(Instance& instance, const workflow::Fact& fact);
  void end_call(Instance& instance, uint64_t call);

  class Check;

  std::map<Partition, Sequence> last_;
  std::map<Address, Instance> instances_;
  std::map<engine::EffectId, Effect> effects_;
  Hash128 event_;  ///< that the record being read accepted
  std::map<std::string, Hash128> definitions_;  ///< rows by key
  std::map<std::pair<std::string, workflow::Trigger>, std::pair<std::string, std::string>> schedules_;  ///< keys of timer and row
  std::set<std::string> waits_;                                                 ///< keys of rows
  std::map<std::string, std::pair<Partition, Hash128>> kept_;                   ///< by row's key, the text
  std::map<std::string, std::pair<Partition, Hash128>> spreads_;
};

}  // namespace hence::sim

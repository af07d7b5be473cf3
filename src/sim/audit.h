// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a log from its start, record by record, and says which promise it breaks. Knows nothing of
// the engine's state: what it checks follows from the facts alone.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "engine/fact.h"
#include "log/record.h"

namespace hence::sim {

/// A promise that was broken: the number it has in reliability.md's list of invariants.
struct Violation {
  std::string invariant;  ///< "I-8"
  std::string message;
};

class Audit {
 public:
  Audit(Duration dedup_window, uint32_t depth_max) : dedup_window_(dedup_window), depth_max_(depth_max) {}

  /// The next record of the log.
  void read(const log::Record& record);
  /// After the last one: what must hold of the whole.
  void end();

  const std::vector<Violation>& violations() const { return violations_; }
  /// Identity of the event accepted at an address, "source id"; empty if there is none.
  std::string event_at(Address address) const;
  bool has_instance(Address address) const { return instances_.contains(address); }
  Sequence last_sequence(Partition partition) const;
  uint64_t records() const { return records_; }
  uint64_t events() const { return events_; }
  uint64_t instances_started() const { return instances_.size(); }

 private:
  enum class Delivery : uint8_t { open, delayed, parked, done };
  struct EffectStory {
    bool delivery = false;
    Delivery state = Delivery::open;
    uint32_t attempt = 1;
    UtcTime due;
  };
  struct InstanceStory {
    bool ended = false;
    std::map<uint32_t, UtcTime> timers;
    std::set<uint32_t> timers_over, calls, calls_over;
    std::set<uint32_t> frames, frames_over;
  };
  struct Context {
    Address address;
    UtcTime time;
    std::string name_space;
  };

  void broken(const char* invariant, std::string message) { violations_.push_back({invariant, std::move(message)}); }
  void on(const Context& at, const engine::EventAccepted& fact);
  void on(const Context& at, const engine::MessageSent& fact);
  void on(const Context& at, const engine::MessageTaken& fact);
  void on(const Context& at, const engine::InstanceStarted& fact);
  void on(const Context& at, const engine::InstanceStepped& fact);
  void on(const Context& at, const engine::EffectCreated& fact);
  void on(const Context& at, const engine::AttemptFailed& fact);
  void on(const Context& at, const engine::EffectEnded& fact);
  void on(const Context& at, const engine::EffectReady& fact);
  void on(const Context& at, const engine::EffectRedriven& fact);
  template <typename Fact>
  void on(const Context&, const Fact&) {}
  EffectStory* story(const Context& at, const engine::EffectId& id, const char* what);

  Duration dedup_window_;
  uint32_t depth_max_;
  uint64_t records_ = 0;
  uint64_t events_ = 0;
  std::map<Partition, Sequence> last_;
  std::map<Partition, UtcTime> last_time_;
  std::map<std::string, std::pair<Address, UtcTime>> newest_event_;
  std::map<Address, std::string> event_at_;
  std::map<Address, InstanceStory> instances_;
  std::map<engine::EffectId, EffectStory> effects_;
  std::map<std::pair<Partition, Partition>, std::pair<uint64_t, uint64_t>> messages_;  ///< sent, taken
  std::vector<Violation> violations_;
};

}  // namespace hence::sim

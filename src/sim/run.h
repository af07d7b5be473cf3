// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state of one run: the node, what it stands on, and what its users were told.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/node.h"
#include "os/simulated_disk.h"
#include "sim/planted_store.h"
#include "sim/simulation.h"
#include "sim/target.h"

namespace hence::sim {

/// What the seed decided before the first step. Each fault is off in half of all runs: leaving some
/// out finds more than having all of them always.
struct Setup {
  harness::NodeOptions node;
  bool crashes = false;
  bool bad_disk = false;       ///< writes and syncs that fail
  bool wall_jumps = false;
  bool ill_targets = false;    ///< answers other than success
  bool slow_targets = false;   ///< answers take long
  bool changes = false;        ///< of definitions
  bool duplicates = false;
  uint32_t keys = 3;
};

class Run : private harness::NodeWatcher {
 public:
  explicit Run(const SimulationOptions& options);
  ~Run() override;
  SimulationResult run();

 private:
  // run.cc
  void note(std::string line);
  void broken(std::string invariant, std::string message);
  bool is_over() const { return !result_.violations.empty(); }
  void check(const Status& status, const char* what);
  void open_node();
  void crash();
  void audit(bool compare_state);
  void check_against_log(const Audit& audit);
  void compare_with_fold();
  void heal();
  void check_quiet();
  void on_durable(const engine::Batch& batch) override;

  // run_steps.cc: what users, threads and the world do
  void step();
  void step_user();
  void step_node();
  void step_world();
  void send_event(bool again);
  void start_instance();
  void cancel_instance();
  void redrive();
  void apply_variant(int variant);
  void answer_call(bool well);
  void submit(engine::Command command, std::function<void(const engine::Reply&)> then);
  void let_time_pass();
  void after_calls();
  uint64_t below(uint64_t n) { return os::below(random_, n); }
  bool chance(uint64_t percent) { return below(100) < percent; }

  const SimulationOptions options_;
  os::SimulatedRandom random_;        ///< the scheduler's
  os::SimulatedRandom node_random_;   ///< what commands are given
  Setup setup_;
  os::SimulatedClock clock_;
  os::SimulatedDisk disk_;
  PlantedStore store_;
  Target target_;
  std::unique_ptr<harness::Node> node_;
  bool recovering_ = false;
  bool fault_expected_ = false;       ///< a write or sync was told to fail

  // What users know; outlives crashes.
  std::vector<std::string> sent_;                       ///< events, as text
  std::map<Address, std::string> acked_events_;         ///< "source id"
  std::map<std::string, Address> first_answer_;         ///< of an event
  std::set<Address> acked_starts_;
  std::map<std::string, Address> answers_by_key_;       ///< Idempotency-Key → instance
  std::vector<Address> instances_;
  uint64_t last_event_ = 0;

  SimulationResult result_;
  std::deque<std::string> last_steps_;
  uint64_t steps_made_ = 0;
};

}  // namespace hence::sim

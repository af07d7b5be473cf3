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
#include "log/log.h"
#include "log/verify.h"
#include "os/simulated_disk.h"
#include "resource/resource.h"
#include "sim/faulty_store.h"
#include "sim/setup.h"
#include "sim/simulation.h"
#include "sim/target.h"

namespace hence::sim {

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
  bool is_durable(Address address);
  void open_node();
  void lose_unsynced();
  void crash();
  void restart();
  void reopen();
  void give_space();
  void spoil_footer();
  void heal();
  void on_durable(const engine::Batch& batch) override;
  void on_outcome(const engine::AttemptEnded& ended) override;

  // run_retention.cc
  struct Segment {
    Position base;
    uint64_t bytes = 0;
    UtcTime last_time;
  };
  void retain();
  std::vector<Segment> list_segments();
  void check_dropped(const std::vector<Segment>& before, const log::RetentionLimits& limits, Position saved, uint64_t staged);
  bool keep_fold();
  void drop_definitions();

  // run_living.cc
  void check_living();
  void ask_of_living(engine::Query& query);

  // run_checks.cc
  void take_checkpoint();
  void compress();
  /// What the stored state holds of the log.
  Position applied();
  void audit();
  void audit_with_state(bool whole = false);
  void check_acknowledged();
  void compare_with_fold(store::Store& fold, const char* what);
  void check_quiet();
  void check_bounds();

  // run_steps.cc: what users, threads and the world do
  void step();
  void step_user();
  void step_node();
  void step_world();
  void step_fault();
  void look();
  void merge_rules();
  void send_event(bool again);
  std::string event_text();
  void start_instance();
  void send_start(const engine::Command& command);
  void cancel_instance();
  void act_on_instance();
  bool resume_all();
  using List = Result<json::Value> (engine::Query::*)(std::string_view name_space, const engine::ListOptions& options);
  /// The first ten that a list shows; a list that cannot be read is a broken promise, and empty.
  json::Value listed(List list, engine::ListOptions options);
  void retry_instance();
  /// Of the newest; none if there is none.
  std::optional<Address> one_in_status(std::string_view status);
  json::Value given_by_hand();
  void act(Address instance, engine::ActOnInstance::Act act);
  void act(engine::ActOnInstance body);
  void redrive();
  bool decide_approval();
  bool decide_parked(workflow::Parked decision);
  void apply_variant(int variant);
  void make_workflows();
  bool send_all_awaited();
  void send_awaited(const std::string& type, const std::string& key);
  void answer_call(bool well);
  void submit(engine::Command command, std::function<void(const engine::Reply&)> then);
  void let_time_pass();
  void repeat_outcome();
  void check_key(const std::string& key, UtcTime asked, Address address);
  void after_calls();
  uint64_t below(uint64_t n) { return os::below(random_, n); }
  bool chance(uint64_t percent) { return below(100) < percent; }

  const SimulationOptions options_;
  os::SimulatedRandom random_;        ///< the scheduler's
  os::SimulatedRandom node_random_;   ///< what commands are given
  Setup setup_;
  os::SimulatedClock clock_;
  os::SimulatedDisk disk_;
  FaultyStore store_;
  Target target_;
  std::unique_ptr<harness::Node> node_;
  std::vector<resource::Resource> generated_;  ///< workflows of this run alone
  Audit audit_;                       ///< of all that was ever durable
  Position audited_to_;
  std::optional<log::VerifyExpectation> audited_;  ///< a commit's end before that, and the chain there
  std::unique_ptr<store::MemoryStore> fold_;  ///< of all records, when retention last dropped some
  std::unique_ptr<store::MemoryStore> audited_fold_;  ///< of all records at the last audit; null since retention
  uint32_t checkpoints_ = 0;          ///< the newest one's number
  uint32_t compared_checkpoint_ = 0;  ///< the last one from which the log was folded
  bool fault_expected_ = false;       ///< a write or sync was told to fail
  bool disk_is_full_ = false;
  bool wall_jumped_ = false;

  // What users know; outlives crashes.
  std::vector<std::string> sent_;                       ///< events, as text
  std::map<Address, std::string> acked_events_;         ///< "source id"
  std::map<std::string, Address> first_answer_;         ///< of an event
  std::set<Address> acked_starts_;
  struct Answer {
    Address address;
    UtcTime asked;
  };
  std::map<std::string, Answer> answers_by_key_;        ///< Idempotency-Key → first answer
  std::map<std::string, engine::Command> starts_by_key_;  ///< the newest under each, to come again
  std::deque<engine::AttemptEnded> outcomes_;           ///< the newest, to come again
  std::vector<Address> instances_;
  uint64_t last_event_ = 0;

  SimulationResult result_;
  std::deque<std::string> last_steps_;
  uint64_t steps_made_ = 0;
};

}  // namespace hence::sim

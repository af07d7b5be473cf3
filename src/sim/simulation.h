// SPDX-License-Identifier: Apache-2.0
#pragma once

// One run: a seed decides the configuration, which faults there are, what users do, and which thread
// makes its next step, over the production engine, log and dispatcher (harness/node.h) on simulated
// disk, store, clock and HTTP. Equal seeds make equal runs.
//
//   warm-up and chaos: random steps, crashes between any two of them
//   heal:              no faults; everything answers; time passes until nothing is left to do
//   audit:             the log is read from its start; its fold must be the state
//
// Invariants and how to read a failure: docs/simulation.md.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/audit.h"

namespace hence::sim {

/// Mistakes made on purpose, to know that the simulation would see them.
enum class Plant : uint8_t {
  none,
  ack_before_sync,       ///< the user is told before the commit is synced
  effect_before_record,  ///< a call leaves before the record that asks for it is durable
  dedup_lost,            ///< after a restart no event is known as seen
  timer_twice,           ///< a timer that fired is not always removed
  message_twice,         ///< what one partition asks of another is done twice
  parked_dropped,        ///< a parked delivery is not always kept
  retention_too_far,     ///< one segment more than the limits allow is dropped
  state_dropped_too,     ///< with a segment go revisions of definitions that its records made
  overlay_kept,          ///< what was decided on top of a commit that failed stays in the state
};
/// "ack-before-sync", …; none if the word is no plant.
Plant find_plant(std::string_view word);
std::string_view plant_name(Plant plant);
/// All words, separated by commas.
std::string plant_names();

struct SimulationOptions {
  uint64_t seed = 1;
  uint32_t steps = 500;   ///< of the chaos
  Plant plant = Plant::none;
  bool trace = false;     ///< print every step as it is made
};

struct SimulationResult {
  std::vector<Violation> violations;  ///< empty: the seed passed
  std::vector<std::string> last_steps;
  uint64_t trace_hash = 0;            ///< equal runs have equal hashes
  uint64_t records = 0, events = 0, instances = 0, calls = 0, crashes = 0, commits = 0, folds = 0;
  uint64_t outcomes = 0;  ///< ends of generated workflows that were compared
};

SimulationResult simulate(const SimulationOptions& options);

}  // namespace hence::sim

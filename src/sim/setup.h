// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a seed decides before the first step. Each class of fault is off in about half of all runs:
// leaving some out finds more than having all of them always.

#include <cstdint>

#include "harness/node.h"
#include "os/random.h"
#include "sim/simulation.h"

namespace hence::sim {

struct Setup {
  harness::NodeOptions node;
  bool crashes = false;
  bool bad_disk = false;       ///< writes and syncs that fail
  bool bad_store = false;      ///< batches of the state store that fail, applied or not
  bool full_disk = false;      ///< no space for what the log wants next
  Duration sync_time;          ///< of a slow disk
  bool wall_jumps = false;
  bool ill_targets = false;    ///< answers other than success
  bool slow_targets = false;   ///< answers take long
  bool repeated_replies = false;  ///< an outcome comes again, at once or much later
  bool changes = false;        ///< of definitions
  bool duplicates = false;
  bool rot = false;            ///< a sealed segment's footer has a flipped bit when read again
  bool large_events = false;   ///< some fill a good part of a segment
  bool retention = false;      ///< the oldest segments go, by bytes and age
  bool compression = false;    ///< sealed segments are written again, compressed
  uint32_t keys = 3;
  bool generated = false;      ///< workflows made at random: no limit is so tiny that it decides how they end
};

Setup decide_setup(os::Random& random, const SimulationOptions& options);

}  // namespace hence::sim

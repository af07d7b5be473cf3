// SPDX-License-Identifier: Apache-2.0
#include "sim/setup.h"

#include <algorithm>

namespace hence::sim {
namespace {

/// Draws in the order it is asked; every draw is made whatever the others came to.
class Draw {
 public:
  explicit Draw(os::Random& random) : random_(random) {}
  uint64_t below(uint64_t n) { return os::below(random_, n); }
  bool either() { return below(2) == 0; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  /// The usual value in half of all runs, else a tiny one: low + 0..n-1.
  uint64_t usual_or_tiny(uint64_t usual, uint64_t low, uint64_t n) {
    const uint64_t tiny = low + below(n);
    return either() ? usual : tiny;
  }

 private:
  os::Random& random_;
};

void decide_limits(Draw& draw, harness::NodeOptions& node) {
  engine::EngineOptions& engine = node.engine;
  engine.partitions = static_cast<uint16_t>(1 + draw.below(8));
  engine.dedup_window = draw.either() ? Duration::days(7) : Duration::minutes(2);
  engine.reply_window = Duration::minutes(1 + static_cast<int64_t>(draw.below(10)));
  engine.depth_max = 1 + static_cast<uint32_t>(draw.below(4));
  engine.cascade_max = static_cast<uint32_t>(draw.usual_or_tiny(10'000, 2, 6));
  engine.children_per_command = static_cast<uint32_t>(draw.usual_or_tiny(100, 0, 4));
  engine.step_budget = static_cast<uint32_t>(draw.usual_or_tiny(10'000, 2, 5));
  engine.timers_per_command = static_cast<uint32_t>(draw.usual_or_tiny(1'000, 1, 3));
  engine.recovery_records_per_write = static_cast<uint32_t>(draw.usual_or_tiny(10'000, 1, 20));
  engine.command_bytes_max = draw.usual_or_tiny(128 << 20, 500, 5'000);
  engine.batch_bytes_max = draw.usual_or_tiny(64 << 20, 1, 4'000);
  engine.large_value_bytes = draw.usual_or_tiny(engine::kLargeValueBytes, 1, 40);  // nearly every value by its hash
  engine.workflow_limits.steps = draw.usual_or_tiny(10'000'000, 4, 60);
  node.log.segment_bytes = 64 << 10;
  node.log.zero_ahead_bytes = draw.either() ? 4 << 10 : 64 << 10;
  if (node.log.zero_ahead_bytes == 4 << 10) node.log.zeroed_commit_bytes_max = 2 << 10;  // larger ones extend the file
  node.log.filter_bytes_max = draw.usual_or_tiny(1 << 20, 1, 4 << 10);
}

void decide_deliveries(Draw& draw, delivery::DispatcherOptions& dispatcher) {
  if (draw.either()) return;
  dispatcher.window_max = 2 + draw.below(10);
  dispatcher.destination_max = 1 + draw.below(4);
  dispatcher.destination_min = 1;
  dispatcher.calls_max = 1 + draw.below(4);
}

void decide_plant(Plant plant, Setup& setup) {
  setup.node.plant_reply_before_sync = plant == Plant::ack_before_sync;
  setup.node.plant_effect_before_record = plant == Plant::effect_before_record;
  setup.node.plant_failed_batch_kept = plant == Plant::overlay_kept;
  setup.node.engine.plant_message_twice = plant == Plant::message_twice;
  if (plant != Plant::none) setup.crashes = true;
  if (plant == Plant::dedup_lost) setup.duplicates = true;
  if (plant == Plant::overlay_kept) setup.bad_disk = true;
  if (plant == Plant::parked_dropped) setup.ill_targets = true;
  if (plant == Plant::retention_too_far || plant == Plant::state_dropped_too) setup.retention = setup.large_events = true;
}

}  // namespace

Setup decide_setup(os::Random& random, const SimulationOptions& options) {
  Draw draw(random);
  Setup setup;
  setup.node.engine.hash_key.high = random.next();
  setup.node.engine.hash_key.low = random.next();
  decide_limits(draw, setup.node);
  const bool strict = setup.node.engine.hash_key.low % 2 == 0;  // in half of all runs nearly every late due time is missed
  if (strict) setup.node.engine.schedule_grace = Duration::seconds(1 + static_cast<int64_t>(setup.node.engine.hash_key.high % 5));
  if (strict) setup.node.engine.schedule_queue_max = 2;
  decide_deliveries(draw, setup.node.dispatcher);
  setup.crashes = !draw.one_in(4);
  setup.bad_disk = draw.either() && setup.crashes;
  setup.bad_store = draw.either() && setup.crashes;
  setup.full_disk = draw.either() && setup.crashes;
  const auto sync_ms = static_cast<int64_t>(draw.below(400));
  if (draw.one_in(4)) setup.sync_time = Duration::milliseconds(sync_ms);
  setup.wall_jumps = draw.either();
  setup.ill_targets = draw.either();
  setup.slow_targets = draw.either();
  setup.repeated_replies = draw.either();
  setup.changes = draw.either();
  setup.duplicates = draw.either();
  setup.large_events = draw.one_in(4);
  setup.rot = draw.one_in(8);
  setup.retention = draw.either();
  setup.compression = draw.either();
  setup.keys = 1 + static_cast<uint32_t>(draw.below(5));
  setup.generated = setup.node.engine.workflow_limits.steps >= 10'000'000;
  // One event must reach every `listen` of the generated workflows.
  if (setup.generated) setup.node.engine.command_bytes_max = std::max<uint64_t>(setup.node.engine.command_bytes_max, 5'000);
  decide_plant(options.plant, setup);
  return setup;
}

}  // namespace hence::sim

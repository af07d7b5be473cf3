// SPDX-License-Identifier: Apache-2.0
#include "sim/run.h"

#include <cstdio>

#include "base/hash.h"
#include "base/reached.h"
#include "log/format.h"
#include "sim/workload.h"

namespace hence::sim {
namespace {

constexpr size_t kLastSteps = 200;
constexpr int kRecoveryTries = 20;
constexpr uint32_t kHealRoundsMax = 5'000;
constexpr uint32_t kHealBatchesMax = 20'000;  ///< of a round
constexpr size_t kOutcomesKept = 50;
constexpr std::string_view kFooterEnd = "HENCEEND";  ///< docs/formats/log.md
constexpr UtcTime kStart{1'767'225'600'000'000};

}  // namespace

Run::Run(const SimulationOptions& options)
    : options_(options), random_(options.seed), node_random_(options.seed ^ 0x5DEECE66Dull),
      setup_(decide_setup(random_, options)), clock_(kStart), disk_(&clock_),
      store_(options.plant, options.seed), audit_(setup_.node.engine.dedup_window, setup_.node.engine.depth_max) {
  disk_.set_sync_time(setup_.sync_time);
  if (setup_.generated) make_workflows();
}

Run::~Run() = default;

void Run::note(std::string line) {
  line = std::to_string(++steps_made_) + " " + format_rfc3339(clock_.now()) + " " + line;
  result_.trace_hash = siphash128({result_.trace_hash, options_.seed}, line).low;
  if (options_.trace) std::printf("%s\n", line.c_str());
  last_steps_.push_back(std::move(line));
  if (last_steps_.size() > kLastSteps) last_steps_.pop_front();
}

void Run::broken(std::string invariant, std::string message) {
  note("BROKEN " + invariant + ": " + message);
  result_.violations.push_back({std::move(invariant), std::move(message)});
}

/// A step that failed: the process ends, as it does in the server.
void Run::check(const Status& status, const char* what) {
  if (status.ok() || is_over()) return;
  note(std::string(what) + " failed: " + status.error().message());
  if (fault_expected_) return crash();
  broken("I-2", std::string(what) + " failed without a fault: " + status.error().message());
}

/// Whether the record is in the log, or was, before retention.
bool Run::is_durable(Address address) {
  if (!node_) return false;  // during recovery nothing leaves
  const auto found = node_->log().find(address);
  return found.ok() ? found->has_value() : found.error().code() == ErrorCode::BeyondRetention;
}

void Run::open_node() {
  node_.reset();
  target_.connect([this](Address address) { return is_durable(address); });
  const harness::NodePorts ports{clock_, node_random_, disk_, store_, target_.http(), target_.processes(),
                                 [](std::string_view name) -> Result<std::string> {
                                   return Error(ErrorCode::SecretUnavailable, std::string(name));
                                 }};
  harness::NodeOptions options = setup_.node;
  if (options_.plant == Plant::dedup_lost) options.engine.dedup_window = {};
  for (int attempt = 1; attempt <= kRecoveryTries; ++attempt) {
    // Recovery is cut short too, but not for ever.
    const bool fails = setup_.bad_disk && result_.crashes > 0 && attempt < 3 && chance(20);
    if (fails) chance(50) ? disk_.fail_write(1 + below(3)) : disk_.fail_sync(1 + below(3));
    Result<std::unique_ptr<harness::Node>> opened = harness::Node::open(ports, options, this);
    if (opened.ok()) {
      node_ = std::move(*opened);
      if (fails || disk_is_full_) fault_expected_ = true;
      if (disk_is_full_) SIM_REACHED("sim: recovery with a full disk");
      return;
    }
    note("recovery failed: " + opened.error().message());
    if (!fails && !disk_is_full_) return broken("I-5", "recovery fails: " + opened.error().message());
    SIM_REACHED("sim: recovery is cut short");
    lose_unsynced();
    if (attempt > 2) give_space();
  }
  broken("I-32", "recovery does not come to an end");
}

/// The power fails.
void Run::lose_unsynced() {
  disk_.crash(random_);
  store_.crash(below(store_.inner().batches_since_flush() + 1));
  if (setup_.rot && chance(30)) spoil_footer();
}

/// The trailer that ends a sealed segment (12 bytes: checksum and magic): what it says can be made again.
void Run::spoil_footer() {
  const auto names = disk_.list();
  if (!names.ok()) return broken("I-2", names.error().message());
  std::vector<std::string> segments;
  for (const std::string& name : *names) {
    if (log::parse_segment_name(name)) segments.push_back(name);
  }
  if (segments.size() < 2) return;  // the last one may be open
  const std::string& name = segments[below(segments.size() - 1)];
  const auto file = disk_.open(name, os::OpenMode::existing);
  const auto size = file.ok() ? (*file)->size() : Result<uint64_t>(file.error());
  if (!size.ok()) return broken("I-2", size.error().message());
  // Its footer may just be on its way to being made again: then the end is that of the records.
  std::string end(kFooterEnd.size(), '\0');
  const auto read = (*file)->read_at(*size - end.size(), {end.data(), end.size()});
  if (!read.ok() || end != kFooterEnd) return;
  note("a bit of the end of " + name + " flips");
  const uint64_t from_end = 1 + below(12);
  disk_.flip_bit(name, *size - from_end, static_cast<int>(below(8)));
}

void Run::crash() {
  ++result_.crashes;
  note("crash with " + std::to_string(node_ ? node_->in_flight() : 0) + " batches in flight");
  node_.reset();
  fault_expected_ = false;
  lose_unsynced();
  if (disk_is_full_ && chance(60)) give_space();
  reopen();
}

/// The process ends in order and is started again: nothing is lost, and nothing is left to recover.
void Run::restart() {
  note("restart");
  check(store_.flush(), "flush");
  check(node_->log().close(), "close");
  if (is_over()) return;
  node_.reset();
  reopen();
}

void Run::reopen() {
  open_node();
  if (is_over()) return;
  note("recovered to " + std::to_string(node_->log().durable().value) + ", events known since " +
       std::to_string(node_->log().dedup_horizon().micros));
  audit_with_state();
}

void Run::give_space() {
  disk_is_full_ = false;
  disk_.set_capacity(uint64_t{1} << 40);
}

void Run::on_durable(const engine::Batch& batch) { result_.commits += batch.records.empty() ? 0 : 1; }

void Run::on_outcome(const engine::AttemptEnded& ended) {
  outcomes_.push_back(ended);
  if (outcomes_.size() > kOutcomesKept) outcomes_.pop_front();
}

/// Nothing fails any more and everything is answered: what is left must come to its end.
void Run::heal() {
  note("heal");
  setup_.crashes = setup_.bad_disk = setup_.bad_store = setup_.ill_targets = setup_.wall_jumps = false;
  give_space();
  if (fault_expected_) crash();
  if (is_over()) return;
  // Schedules would go on for ever. What was applied before is taken first, so that this comes last.
  if (const Status committed = node_->commit_all(kHealBatchesMax); !committed.ok()) return broken("I-18", committed.error().message());
  take_checkpoint();  // the end is compared with the fold from here
  apply_variant(kQuietVariant);
  for (uint32_t round = 0; round < kHealRoundsMax && !is_over(); ++round) {
    const Result<bool> dispatched = node_->dispatch();
    if (!dispatched.ok()) return broken("I-18", dispatched.error().message());
    const bool decides = node_->can_decide() || node_->in_flight() > 0;
    const Status committed = node_->commit_all(kHealBatchesMax);
    if (!committed.ok()) return broken("I-18", committed.error().message());
    after_calls();
    if (!target_.hanging().empty()) {
      answer_call(true);
      continue;
    }
    if (*dispatched || decides) continue;
    // Nothing fails any more: what is parked is undone when asked to.
    if (decide_parked(workflow::Parked::redrive)) continue;
    const auto due = node_->next_due();
    // What is many days away comes after everything that people do.
    const bool quiet = !due || *due - clock_.now() > Duration::days(20);
    if (quiet && (resume_all() || decide_approval() || send_all_awaited())) continue;
    if (!due) return check_quiet();
    clock_.advance_to(std::max(*due, clock_.now() + Duration{1}));
  }
  if (is_over()) return;
  engine::ListOptions list;
  list.status = "waiting";
  broken("I-18", "it does not come to rest; what waits: " + listed(&engine::Query::instances, list)->to_text());
}

SimulationResult Run::run() {
  note("seed " + std::to_string(options_.seed) + " partitions " + std::to_string(setup_.node.engine.partitions));
  open_node();
  if (!is_over()) apply_variant(0);
  for (uint32_t i = 0; i < options_.steps && !is_over(); ++i) step();
  if (!is_over()) heal();
  if (!is_over()) audit_with_state(true);
  if (!is_over() && options_.plant == Plant::none) {
    // A cold start: equal again, with nothing unsynced to lose.
    crash();
  }
  result_.calls = target_.calls();
  result_.last_steps.assign(last_steps_.begin(), last_steps_.end());
  node_.reset();
  return std::move(result_);
}

SimulationResult simulate(const SimulationOptions& options) { return Run(options).run(); }

namespace {

constexpr std::pair<Plant, std::string_view> kPlants[] = {
    {Plant::ack_before_sync, "ack-before-sync"}, {Plant::effect_before_record, "effect-before-record"},
    {Plant::dedup_lost, "dedup-lost"},           {Plant::timer_twice, "timer-twice"},
    {Plant::message_twice, "message-twice"},     {Plant::parked_dropped, "parked-dropped"},
    {Plant::overlay_kept, "overlay-kept"},       {Plant::retention_too_far, "retention-too-far"},
    {Plant::state_dropped_too, "state-dropped-too"},
};

}  // namespace

Plant find_plant(std::string_view word) {
  for (const auto& [plant, name] : kPlants) {
    if (name == word) return plant;
  }
  return Plant::none;
}

std::string_view plant_name(Plant wanted) {
  for (const auto& [plant, name] : kPlants) {
    if (plant == wanted) return name;
  }
  return "none";
}

std::string plant_names() {
  std::string names;
  for (const auto& entry : kPlants) names += (names.empty() ? "" : ", ") + std::string(entry.second);
  return names;
}

}  // namespace hence::sim

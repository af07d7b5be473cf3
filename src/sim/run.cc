// SPDX-License-Identifier: Apache-2.0
#include "sim/run.h"

#include <cstdio>

#include "base/hash.h"
#include "engine/overlay.h"
#include "log/verify.h"
#include "sim/workload.h"

namespace hence::sim {
namespace {

constexpr size_t kLastSteps = 200;
constexpr int kRecoveryTries = 20;
constexpr uint32_t kHealRoundsMax = 5'000;
constexpr UtcTime kStart{1'767'225'600'000'000};

Setup decide_setup(os::Random& random, const SimulationOptions& options) {
  Setup setup;
  const auto pick = [&](uint64_t n) { return os::below(random, n); };
  const auto either = [&] { return pick(2) == 0; };
  engine::EngineOptions& engine = setup.node.engine;
  engine.partitions = static_cast<uint16_t>(1 + pick(8));
  engine.hash_key = {random.next(), random.next()};
  engine.dedup_window = either() ? Duration::days(7) : Duration::minutes(2);
  engine.reply_window = Duration::minutes(1 + static_cast<int64_t>(pick(10)));
  engine.depth_max = 1 + static_cast<uint32_t>(pick(4));
  engine.step_budget = either() ? 10'000 : 2 + static_cast<uint32_t>(pick(5));
  engine.timers_per_command = either() ? 1'000 : 1 + static_cast<uint32_t>(pick(3));
  engine.recovery_records_per_write = either() ? 10'000 : 1 + static_cast<uint32_t>(pick(20));
  setup.node.log.segment_bytes = 64 << 10;
  setup.node.log.zero_ahead_bytes = either() ? 4 << 10 : 64 << 10;
  setup.node.log.filter_bytes_max = either() ? 1 << 20 : 4 << 10;
  delivery::DispatcherOptions& dispatcher = setup.node.dispatcher;
  if (either()) {
    dispatcher.window_max = 2 + pick(10);
    dispatcher.destination_max = 1 + pick(4);
    dispatcher.destination_min = 1;
    dispatcher.calls_max = 1 + pick(4);
  }
  setup.crashes = options.plant != Plant::none || pick(4) != 0;
  setup.bad_disk = either() && setup.crashes;
  setup.wall_jumps = either();
  setup.ill_targets = either();
  setup.slow_targets = either();
  setup.changes = either();
  setup.duplicates = options.plant == Plant::dedup_lost || either();
  setup.keys = 1 + static_cast<uint32_t>(pick(5));
  setup.node.plant_reply_before_sync = options.plant == Plant::ack_before_sync;
  setup.node.plant_effect_before_record = options.plant == Plant::effect_before_record;
  return setup;
}

std::string shown_key(const std::string& key) {
  std::string text;
  for (const char c : key) {
    if (c >= 0x20 && c < 0x7F) text.push_back(c);
    else {
      static constexpr char kDigits[] = "0123456789abcdef";
      text += {'\\', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[static_cast<unsigned char>(c) & 15]};
    }
  }
  return text;
}

/// The first row of the state family that two stores do not share.
std::string first_difference(const store::Store& state, const store::Store& fold) {
  using Rows = std::map<std::string, std::string>;
  const auto rows_of = [](const store::Store& from) {
    Rows rows;
    (void)from.scan(store::Family::state, {}, [&](std::string_view key, std::string_view value) {
      if (key.size() > 2) rows.emplace(key, value);
      return true;
    });
    return rows;
  };
  const Rows ours = rows_of(state), theirs = rows_of(fold);
  for (const auto& [key, value] : ours) {
    const auto found = theirs.find(key);
    if (found == theirs.end()) return "the state has the row " + shown_key(key) + ", the fold has not";
    if (found->second != value) return "row " + shown_key(key) + " is " + shown_key(value) + ", the fold has " + shown_key(found->second);
  }
  for (const auto& [key, value] : theirs) {
    if (!ours.contains(key)) return "the fold has the row " + shown_key(key) + ", the state has not";
  }
  return "every row is equal";
}

}  // namespace

Run::Run(const SimulationOptions& options)
    : options_(options), random_(options.seed), node_random_(options.seed ^ 0x5DEECE66Dull),
      setup_(decide_setup(random_, options)), clock_(kStart), disk_(&clock_),
      store_(options.plant == Plant::timer_twice, options.seed) {}

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

void Run::open_node() {
  node_.reset();
  target_.connect([this](Address address) {
    // During recovery nothing leaves.
    if (!node_) return false;
    const auto found = node_->log().find(address);
    return found.ok() && found->has_value();
  });
  const harness::NodePorts ports{clock_, node_random_, disk_, store_, target_.http(), target_.processes(),
                                 [](std::string_view name) -> Result<std::string> {
                                   return Error(ErrorCode::SecretUnavailable, std::string(name));
                                 }};
  harness::NodeOptions options = setup_.node;
  if (options_.plant == Plant::dedup_lost) options.engine.dedup_window = {};
  for (int attempt = 1; attempt <= kRecoveryTries; ++attempt) {
    // Recovery is cut short too, but not for ever.
    const bool fails = setup_.bad_disk && result_.crashes > 0 && attempt < 3 && chance(20);
    if (fails) disk_.fail_write(1 + below(3));
    Result<std::unique_ptr<harness::Node>> opened = harness::Node::open(ports, options, this);
    if (opened.ok()) {
      node_ = std::move(*opened);
      if (fails) fault_expected_ = true;
      return;
    }
    note("recovery failed: " + opened.error().message());
    if (!fails) return broken("I-5", "recovery fails: " + opened.error().message());
    disk_.crash(random_);
    store_.inner().crash(below(store_.inner().batches_since_flush() + 1));
  }
  broken("I-32", "recovery does not come to an end");
}

void Run::crash() {
  ++result_.crashes;
  note("crash with " + std::to_string(node_ ? node_->in_flight() : 0) + " batches in flight");
  node_.reset();
  fault_expected_ = false;
  disk_.crash(random_);
  store_.inner().crash(below(store_.inner().batches_since_flush() + 1));
  open_node();
  if (is_over()) return;
  note("recovered to " + std::to_string(node_->log().durable().value));
  audit(true);
}

void Run::on_durable(const engine::Batch& batch) { result_.commits += batch.records.empty() ? 0 : 1; }

/// Folds the log from its start into a store of its own and compares with the state as it is.
void Run::compare_with_fold() {
  store::MemoryStore fresh;
  Result<std::unique_ptr<engine::Engine>> folded = engine::Engine::open(fresh, node_->log(), setup_.node.engine);
  if (!folded.ok()) return broken("I-4", "the log cannot be folded from its start: " + folded.error().message());
  const Result<Hash128> fold = (*folded)->state_digest();
  const Result<Hash128> state = node_->engine().state_digest();
  if (!fold.ok() || !state.ok()) return broken("I-4", (fold.ok() ? state : fold).error().message());
  if (*state == *fold) return note("state " + std::to_string(state->low));
  broken("I-4", "the state after recovery is not the fold of the log: " + first_difference(store_, fresh));
}

/// Reads the log from its start and compares. compare_state: the state has nothing on top of it.
void Run::audit(bool compare_state) {
  Audit audit(setup_.node.engine.dedup_window, setup_.node.engine.depth_max);
  Result<log::Cursor> cursor = node_->log().read_from(node_->log().begin());
  if (!cursor.ok()) return broken("I-3", cursor.error().message());
  while (true) {
    const auto entry = cursor->next();
    if (!entry.ok()) return broken("I-3", entry.error().message());
    if (!*entry) break;
    audit.read((*entry)->record);
  }
  audit.end();
  for (const Violation& violation : audit.violations()) broken(violation.invariant, violation.message);
  const auto verified = log::verify(disk_);
  if (!verified.ok()) broken("I-3", verified.error().message());
  else if (verified->damage) broken("I-3", verified->damage->to_string());
  check_against_log(audit);
  result_.records = audit.records();
  result_.events = audit.events();
  result_.instances = audit.instances_started();
  if (!compare_state || is_over()) return;
  compare_with_fold();
}

void Run::check_against_log(const Audit& audit) {
  for (const auto& [address, id] : acked_events_) {
    if (audit.event_at(address) == id) continue;
    broken("I-1", "event " + id + " was acknowledged as " + address.to_string() + ", where the log has \"" +
                      audit.event_at(address) + "\"");
  }
  for (const Address address : acked_starts_) {
    if (!audit.has_instance(address)) broken("I-1", "instance " + address.to_string() + " was acknowledged and is not in the log");
  }
}

/// Nothing fails any more and everything is answered: what is left must come to its end.
void Run::heal() {
  note("heal");
  setup_.crashes = setup_.bad_disk = setup_.ill_targets = setup_.wall_jumps = false;
  if (fault_expected_) crash();
  for (uint32_t round = 0; round < kHealRoundsMax && !is_over(); ++round) {
    const Result<bool> dispatched = node_->dispatch();
    if (!dispatched.ok()) return broken("I-18", dispatched.error().message());
    const bool decides = node_->can_decide() || node_->in_flight() > 0;
    const Status committed = node_->commit_all();
    if (!committed.ok()) return broken("I-18", committed.error().message());
    after_calls();
    if (!target_.hanging().empty()) {
      answer_call(true);
      continue;
    }
    if (*dispatched || decides) continue;
    const auto due = node_->next_due();
    if (!due) return check_quiet();
    clock_.advance_to(std::max(*due, clock_.now() + Duration{1}));
  }
  if (!is_over()) broken("I-18", "it does not come to rest");
}

void Run::check_quiet() {
  const auto effects = engine::ready_effects(*store_.snapshot(), setup_.node.engine.partitions, std::nullopt, 10);
  if (!effects.ok()) return broken("I-18", effects.error().message());
  if (!effects->empty()) {
    const delivery::Dispatcher& dispatcher = node_->dispatcher();
    std::string where = "; the dispatcher holds " + std::to_string(dispatcher.held()) + ", wants " +
                        (dispatcher.wants_pull() ? "more" : "none");
    for (const delivery::DestinationReport& report : dispatcher.destinations()) {
      where += "; " + report.name + ": " + std::to_string(report.waiting) + " waiting, " +
               std::to_string(report.in_flight) + " in flight, " + std::string(breaker_state_name(report.breaker));
    }
    broken("I-18", "effect " + effects->front().id.to_string() + " is ready for ever, attempt " +
                       std::to_string(effects->front().attempt) + where);
  }
  if (!node_->engine().continuing().empty()) broken("I-18", "an instance has work left over for ever");
  const Status scanned = store_.scan(store::Family::state, {}, [&](std::string_view key, std::string_view value) {
    if (key.size() <= 3) return true;
    if (key[2] == 'i') {
      const auto row = decode<engine::InstanceRow>(value, "an instance");
      if (!row.ok() || !row->machine.ended()) {
        broken("I-18", "an instance of " + (row.ok() ? row->workflow : "?") + " waits for nothing: " +
                           (row.ok() ? engine::describe_waits(row->machine) : row.error().message()));
      }
    } else if (key[2] == 'e') {
      const auto row = decode<engine::EffectRow>(value, "an effect");
      const bool over = row.ok() && (row->state == engine::EffectState::done || row->state == engine::EffectState::parked);
      if (!over) broken("I-18", "an effect is neither done nor parked");
    } else if (key[2] == 't' || key[2] == 'r' || key[2] == 'c' || key[2] == 'k') {
      broken("I-18", std::string("a row of table ") + key[2] + " is left over");
    }
    return !is_over();
  });
  if (!scanned.ok()) broken("I-18", scanned.error().message());
}

SimulationResult Run::run() {
  note("seed " + std::to_string(options_.seed) + " partitions " + std::to_string(setup_.node.engine.partitions));
  open_node();
  if (!is_over()) apply_variant(0);
  for (uint32_t i = 0; i < options_.steps && !is_over(); ++i) step();
  if (!is_over()) heal();
  if (!is_over()) audit(true);
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

Plant find_plant(std::string_view word) {
  if (word == "ack-before-sync") return Plant::ack_before_sync;
  if (word == "dedup-lost") return Plant::dedup_lost;
  if (word == "timer-twice") return Plant::timer_twice;
  if (word == "effect-before-record") return Plant::effect_before_record;
  return Plant::none;
}

}  // namespace hence::sim

// SPDX-License-Identifier: Apache-2.0
// What must hold of log and state: after each crash, at random moments, and at the end.

#include <limits>

#include "base/reached.h"
#include "engine/overlay.h"
#include "engine/query.h"
#include "log/verify.h"
#include "sim/run.h"

namespace hence::sim {
namespace {

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

/// What a node that opens on this store and log would hand out.
Result<std::string> ready_list(const store::Store& store, uint16_t partitions) {
  HENCE_TRY(const auto effects, engine::ready_effects(*store.snapshot(), partitions, std::nullopt, 100'000));
  std::string list;
  for (const engine::Effect& effect : effects.effects) list += effect.id.to_string() + "/" + std::to_string(effect.attempt) + " ";
  return list;
}

}  // namespace

/// Folds the log onto a store and compares with the state as it is. fold: empty, or an older state;
/// what: how to call it. Folds in other bites than the node's own recovery did.
void Run::compare_with_fold(store::Store& fold, const char* what) {
  ++result_.folds;
  engine::EngineOptions options = setup_.node.engine;
  options.recovery_records_per_write = 1 + static_cast<uint32_t>(result_.folds % 7) * 50;
  const Result<std::unique_ptr<engine::Engine>> folded = engine::Engine::open(fold, node_->log(), options);
  if (!folded.ok()) return broken("I-4", "the log cannot be folded from " + std::string(what) + ": " + folded.error().message());
  const Status values = engine::check_large_values(*fold.snapshot(), options.partitions);
  if (!values.ok()) return broken("I-4", values.error().message());
  const Result<Hash128> theirs = (*folded)->state_digest();
  const Result<Hash128> ours = node_->engine().state_digest();
  if (!theirs.ok() || !ours.ok()) return broken("I-4", (theirs.ok() ? ours : theirs).error().message());
  if (*theirs != *ours) {
    return broken("I-4", "the state is not the fold of the log from " + std::string(what) + ": " + first_difference(store_, fold));
  }
  const Result<std::string> our_effects = ready_list(store_, options.partitions);
  const Result<std::string> their_effects = ready_list(fold, options.partitions);
  if (!our_effects.ok() || !their_effects.ok() || *our_effects != *their_effects) {
    return broken("I-6", "another node that folds the log from " + std::string(what) + " hands out other effects");
  }
  note("state " + std::to_string(ours->low) + " is the fold from " + what);
}

/// Keeps the state as it is, as a checkpoint does. The log from its position on leads to every later
/// state.
void Run::take_checkpoint() {
  const std::string name = "checkpoint " + std::to_string(++checkpoints_);
  note("take " + name);
  check(store_.checkpoint(name), "checkpoint");
}

/// The log's new records are read, and the whole log is checked against its chain: what was read before is
/// then still there, byte for byte.
void Run::audit() {
  const auto verified = log::verify(disk_, audited_);
  if (!verified.ok()) return broken("I-3", verified.error().message());
  if (verified->damage) {
    return broken(audited_ ? "I-1" : "I-3", verified->damage->to_string());
  }
  const log::Log& log = node_->log();
  // Where the clock was set, an old segment may hold an event of a later time than a new one begins with.
  const UtcTime horizon = log.dedup_horizon();
  const bool bounded = horizon.micros != std::numeric_limits<int64_t>::min();
  audit_.set_dedup_horizon(bounded && wall_jumped_ ? clock_.now() + Duration::hours(24 * 365) : horizon);
  Result<log::Cursor> cursor = node_->log().read_from(std::max(audited_to_, log.begin()));
  if (!cursor.ok()) return broken("I-3", cursor.error().message());
  while (true) {
    const auto entry = cursor->next();
    if (!entry.ok()) return broken("I-3", entry.error().message());
    if (!*entry) break;
    audit_.read((*entry)->record);
    audited_to_ = (*entry)->next;
    // Behind an empty commit, or a segment's beginning, no commit ends: the last expectation stays.
    if (audited_to_ == log.durable()) audited_ = log::VerifyExpectation{log.durable(), log.chain()};
  }
  audit_.end();
  for (const Violation& violation : audit_.take_violations()) broken(violation.invariant, violation.message);
  check_acknowledged();
  result_.records = audit_.records();
  result_.events = audit_.events();
  result_.outcomes = audit_.outcomes();
  result_.instances = audit_.instances_started();
}

void Run::check_acknowledged() {
  for (const auto& [address, id] : acked_events_) {
    if (audit_.event_at(address) == id) continue;
    broken("I-1", "event " + id + " was acknowledged as " + address.to_string() + ", where the log has \"" +
                      audit_.event_at(address) + "\"");
  }
  for (const Address address : acked_starts_) {
    if (!audit_.has_instance(address)) broken("I-1", "instance " + address.to_string() + " was acknowledged and is not in the log");
  }
}

/// Log, and state as what the log makes of it. Only when nothing is decided on top of the state. whole: folded
/// from the log's start at once; else from where the audit before ended, to which it was folded then.
void Run::audit_with_state(bool whole) {
  audit();
  if (is_over()) return;
  if (applied() > node_->log().durable()) return broken("I-5", "the state holds more of the log than is durable");
  audit_.check_effects(store_);
  for (const Violation& violation : audit_.take_violations()) broken(violation.invariant, violation.message);
  if (is_over()) return;
  if (whole || !audited_fold_) {
    audited_fold_ = fold_ ? std::make_unique<store::MemoryStore>(*fold_) : std::make_unique<store::MemoryStore>();
  }
  compare_with_fold(*audited_fold_, "its start");
  if (is_over() || (!whole && checkpoints_ == compared_checkpoint_)) return;
  compared_checkpoint_ = checkpoints_;
  if (checkpoints_ == 0) return;
  const auto checkpoint = store_.inner().open_checkpoint("checkpoint " + std::to_string(checkpoints_));
  const Result<Position> from = engine::Overlay::applied_position(*checkpoint);
  if (!from.ok() || *from < node_->log().begin()) return;  // retention went on: it needs a newer one
  if (*from < node_->log().durable()) SIM_REACHED("sim: the state is folded from a checkpoint");
  compare_with_fold(*checkpoint, "the last checkpoint");
}

/// Nothing in memory grows beyond what it was told to.
void Run::check_bounds() {
  const delivery::DispatcherOptions& limits = setup_.node.dispatcher;
  const delivery::Dispatcher& dispatcher = node_->dispatcher();
  if (dispatcher.held() > limits.window_max) broken("I-19", "the dispatcher holds " + std::to_string(dispatcher.held()) + " effects");
  if (dispatcher.in_flight() > limits.calls_max) broken("I-19", "the dispatcher makes " + std::to_string(dispatcher.in_flight()) + " calls at once");
  if (node_->in_flight() > harness::Node::kBatchesInFlightMax) broken("I-19", "more batches than allowed are ahead of the disk");
}

void Run::check_quiet() {
  if (node_->dispatcher().held() > 0) broken("I-19", "at rest the dispatcher still holds " + std::to_string(node_->dispatcher().held()) + " effects");
  const auto effects = engine::ready_effects(*store_.snapshot(), setup_.node.engine.partitions, std::nullopt, 10);
  if (!effects.ok()) return broken("I-18", effects.error().message());
  if (!effects->effects.empty()) {
    const delivery::Dispatcher& dispatcher = node_->dispatcher();
    std::string where = "; the dispatcher holds " + std::to_string(dispatcher.held()) + ", wants " +
                        (dispatcher.wants_pull() ? "more" : "none");
    for (const delivery::DestinationReport& report : dispatcher.destinations()) {
      where += "; " + report.name + ": " + std::to_string(report.waiting) + " waiting, " +
               std::to_string(report.in_flight) + " in flight, " + std::string(breaker_state_name(report.breaker));
    }
    broken("I-18", "effect " + effects->effects.front().id.to_string() + " is ready for ever, attempt " +
                       std::to_string(effects->effects.front().attempt) + where);
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

}  // namespace hence::sim

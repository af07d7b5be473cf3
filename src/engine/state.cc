// SPDX-License-Identifier: Apache-2.0
#include "engine/state.h"

#include <algorithm>
#include <iterator>

#include "engine/feature_level.h"
#include "json/builder.h"
#include "json/parse.h"

namespace hence::engine {

Status State::load() {
  std::vector<Partition> all;
  for (uint32_t partition = 0; partition < partitions_; ++partition) all.push_back(static_cast<Partition>(partition));
  all.push_back(kControlPartition);
  for (const Partition partition : all) {
    if (auto row = overlay_.load<PartitionMeta>(keys::meta(partition))) meta(partition) = std::move(*row);
    find_next_timer(partition);
    overlay_.scan(keys::table(partition, 'c'), {}, [&](std::string_view key, std::string_view) {
      const auto id = keys::parse_effect(std::string(key) + std::string(4, '\0'));
      if (id) continuing_.insert(id->record);
      return true;
    });
  }
  if (const std::optional<std::string> level = overlay_.get(keys::feature_level())) {
    set_feature_level(static_cast<uint32_t>(Decoder(*level).varint()));
  }
  if (overlay_.failure()) return *overlay_.failure();
  return {};
}

void State::set_feature_level(uint32_t level) {
  feature_level_ = level;
  values_.set_large_bytes(level >= kLevelLargeValues ? settings_.large_value_bytes : SIZE_MAX);
}

PartitionMeta& State::meta(Partition partition) { return meta_[index_of(partition)]; }

void State::apply(const RecordContext& record, const Fact& fact, bool replaying) {
  replaying_ = replaying;
  std::visit([&](const auto& alternative) { on(record, alternative); }, fact);
}

void State::end_record(const RecordContext& record) {
  for (auto& [address, open] : open_) {
    if (open.touched) close_instance(record, address, open);
  }
  open_.clear();
  accepted_.reset();
  outgoing_.reset();
  PartitionMeta& changed = meta(record.address.partition);
  changed.last_sequence = record.address.sequence;
  changed.last_time = std::max(changed.last_time, record.time);
  changed_meta_[index_of(record.address.partition)] = true;
}

void State::end_batch() {
  save_all_held();
  held_.clear();
  for (size_t index = 0; index < meta_.size(); ++index) {
    if (!changed_meta_[index]) continue;
    const Partition partition = index == partitions_ ? kControlPartition : static_cast<Partition>(index);
    overlay_.save(keys::meta(partition), meta_[index]);
    changed_meta_[index] = false;
  }
  for (const auto& [key, change] : std::exchange(running_, {})) {
    if (change == 0) continue;
    const std::optional<std::string> before = overlay_.get(key);
    const int64_t count = change + static_cast<int64_t>(before ? Decoder(*before).varint() : 0);
    HENCE_CHECK(count >= 0);
    std::string text;
    Encoder(text).varint(static_cast<uint64_t>(count));
    if (count == 0) overlay_.erase(key);
    else overlay_.put(key, std::move(text));
  }
}

void State::count_running(Partition partition, const InstanceRow& row, int64_t change) {
  if (feature_level_ < kLevelOperating) return;
  running_[keys::running(partition, row.name_space, row.workflow + ":" + row.version)] += change;
}

/// Those that were there before anybody counted.
void State::count_all_running() {
  save_all_held();
  for (uint32_t partition = 0; partition < partitions_; ++partition) {
    overlay_.scan(keys::table(static_cast<Partition>(partition), 'i'), {}, [&](std::string_view, std::string_view bytes) {
      const Result<InstanceRow> row = decode<InstanceRow>(bytes, "an instance");
      HENCE_CHECK(row.ok());
      if (!row->machine.ended()) count_running(static_cast<Partition>(partition), *row, 1);
      return true;
    });
  }
}

// Events, messages and definitions

void State::on(const RecordContext& record, const EventAccepted& fact) {
  accepted_ = Accepted{nullptr, fact.text, fact.depth};
  if (!fact.cause.is_none()) overlay_.put_index(keys::consequence(fact.cause, 'e', {record.address, 0}), {});
}

void State::accept(const RecordContext& record, const json::Value& event, uint32_t depth, Address cause) {
  replaying_ = false;
  accepted_ = Accepted{&event, {}, depth};
  if (!cause.is_none()) overlay_.put_index(keys::consequence(cause, 'e', {record.address, 0}), {});
}

void State::on(const RecordContext& record, const DuplicateSeen& fact) {
  overlay_.put_index(keys::consequence(fact.first, 'p', {record.address, 0}), format_rfc3339(record.time));
}

void State::on(const RecordContext& record, const EventsRefused& fact) {
  const std::string key = keys::refusals(record.address.partition, record.name_space, fact.event_type);
  const RefusalRow before = overlay_.load<RefusalRow>(key).value_or(RefusalRow{});
  overlay_.save(key, RefusalRow{before.count + fact.count, record.time, record.address, fact.id, fact.source, fact.type,
                                fact.faults});
}

void State::on(const RecordContext& record, const MessageSent& fact) {
  meta(record.address.partition).sent[fact.to] = fact.number;
}

void State::on(const RecordContext& record, const MessageTaken& fact) {
  uint64_t& taken = meta(record.address.partition).taken[fact.from.partition];
  HENCE_CHECK(fact.number > taken);
  taken = fact.number;
}

void State::on(const RecordContext& record, const DefinitionsChanged& fact) {
  for (const DefinitionsChanged::Change& change : fact.changes) {
    overlay_.save(keys::definition(change.kind, change.name_space, change.name, record.address.sequence),
                  DefinitionRow{change.value, change.digest, record.time});
  }
}

void State::on(const RecordContext& record, const DefinitionsAdopted& fact) {
  meta(record.address.partition).adopted = fact.version;
}

void State::on(const RecordContext& record, const FeatureLevelRaised& fact) {
  const bool begins_to_count = feature_level_ < kLevelOperating && fact.level >= kLevelOperating;
  const bool parts_orders = feature_level_ < kLevelOrderByNamespace && fact.level >= kLevelOrderByNamespace;
  set_feature_level(fact.level);
  if (begins_to_count) count_all_running();
  if (parts_orders) part_orders(record);
  std::string level;
  Encoder(level).varint(fact.level);
  overlay_.put(keys::feature_level(), std::move(level));
}

/// Shown where its instance and its delivery are.
void State::on(const RecordContext& record, const Ignored& fact) {
  const bool at_home = fact.instance.partition == record.address.partition && fact.instance != record.address;
  if (!fact.instance.is_none() && at_home) {
    overlay_.put_index(keys::history(fact.instance, record.address.sequence), {});
  }
  if (fact.effect.record.is_none()) return;
  std::optional<EffectRow> row = effect(fact.effect);
  if (!row || row->effect.kind != EffectKind::deliver) return;
  row->records.push_back(record.address.sequence);
  save_effect(*row);
}

// Instances

InstanceRow* State::hold_instance(Address instance) {
  const auto found = held_.find(instance);
  if (found != held_.end()) return &found->second.row;
  std::optional<InstanceRow> row = values_.load<InstanceRow>(instance.partition, keys::instance(instance));
  if (!row) return nullptr;
  return &held_.try_emplace(instance, HeldInstance{std::move(*row)}).first->second.row;
}

State::OpenInstance* State::open(Address instance) {
  const auto found = open_.find(instance);
  if (found != open_.end()) return &found->second;
  if (hold_instance(instance) == nullptr) return nullptr;
  OpenInstance& open = open_[instance];
  open.held = &held_.at(instance);
  open.timers_before = open.held->row.machine.timers;
  return &open;
}

InstanceRow* State::open_instance(Address instance) {
  OpenInstance* at = open(instance);
  return at == nullptr ? nullptr : &at->held->row;
}

State::OpenInstance* State::touch(Address instance) {
  OpenInstance* at = open(instance);
  if (at != nullptr) at->touched = true;
  return at;
}

InstanceRow* State::touch_instance(Address instance) {
  OpenInstance* at = touch(instance);
  return at == nullptr ? nullptr : &at->held->row;
}

void State::on(const RecordContext& record, const InstanceStarted& fact) {
  OpenInstance& open = open_[record.address];
  open.held = &held_[record.address];
  open.touched = true;
  InstanceRow& row = open.held->row;
  row.name_space = record.name_space;
  row.workflow = fact.workflow;
  row.version = fact.version;
  row.revision = fact.revision;
  row.key = fact.key;
  row.id = fact.id;
  row.event = fact.event;
  row.rule = fact.rule;
  row.depth = fact.depth;
  row.started = record.time;
  count_running(record.address.partition, row, 1);
  row.traceparent = fact.traceparent;
  row.schedule = fact.schedule;
  if (fact.schedule) note_started(record, *fact.schedule);
  if (!fact.id.empty()) {
    std::string address;
    Encoder(address).put(record.address);
    overlay_.put(keys::unique_id(record.address.partition, record.name_space, fact.workflow, fact.id),
                 std::move(address));
  }
  if (!fact.event.is_none()) overlay_.put_index(keys::consequence(fact.event, 'i', {record.address, 0}), fact.rule);
  row.parent = fact.parent;
  if (!fact.parent) return;
  overlay_.put_index(keys::consequence(fact.parent->instance, 'c', {record.address, fact.parent->call}), {});
  if (!fact.parent->awaited) return;
  std::string address;
  Encoder(address).put(record.address);
  overlay_.put(keys::child(record.address.partition, *fact.parent), std::move(address));
}

void State::on(const RecordContext& record, const StartRefused& fact) {
  if (!fact.event.is_none()) overlay_.put_index(keys::consequence(fact.event, 'x', {record.address, 0}), fact.rule);
  if (fact.schedule) note_refused(record, *fact.schedule, fact.reason);
}

void State::on(const RecordContext& record, const InstanceStepped& fact) {
  OpenInstance* open = touch(fact.instance);
  HENCE_CHECK(open != nullptr);
  InstanceRow* row = &open->held->row;
  if (const auto* over = std::get_if<workflow::CallEnded>(&fact.fact)) open->calls_gone.push_back(over->call);
  if (const auto* given_up = std::get_if<workflow::CallCancelled>(&fact.fact)) open->calls_gone.push_back(given_up->call);
  if (replaying_) workflow::apply(row->machine, fact.fact);
  if (std::holds_alternative<workflow::InstanceEnded>(fact.fact)) {
    row->ended = record.time;
    if (feature_level_ >= kLevelForgetting) overlay_.put(keys::over(row->ended, fact.instance), {});
    if (feature_level_ < kLevelOperating) row->machine.fallen.reset();
    count_running(fact.instance.partition, *row, -1);
    if (row->schedule) note_ended(fact.instance, row->name_space, *row->schedule);
    if (row->parent && row->parent->awaited) overlay_.erase(keys::child(fact.instance.partition, *row->parent));
  }
  if (std::holds_alternative<workflow::InstanceRetried>(fact.fact)) {
    overlay_.erase(keys::over(row->ended, fact.instance));
    count_running(fact.instance.partition, *row, 1);
    row->ended = UtcTime{};
  }
  if (const auto* asked = std::get_if<workflow::ApprovalRequested>(&fact.fact)) {
    ask(record, fact.instance, *row, *asked);
  } else if (const auto* decided = std::get_if<workflow::ApprovalDecided>(&fact.fact)) {
    decide(record, {fact.instance, decided->approval}, [decided](ApprovalRow& approval) {
      approval.status = static_cast<ApprovalStatus>(static_cast<int>(decided->verdict) + 1);
      approval.by = decided->by;
      approval.reason = decided->reason;
      approval.claimed = decided->claimed;
    });
  } else if (const auto* withdrawn = std::get_if<workflow::ApprovalWithdrawn>(&fact.fact)) {
    decide(record, {fact.instance, withdrawn->approval},
           [](ApprovalRow& approval) { approval.status = ApprovalStatus::withdrawn; });
  }
  if (const auto* consumed = std::get_if<workflow::EventConsumed>(&fact.fact)) {
    row->depth = consumed->depth;  // what it emits now follows from this event
    overlay_.put_index(keys::consequence(consumed->event, 'w', {fact.instance, consumed->wait}), {});
  }
}

void State::on(const RecordContext&, const InstanceContinues& fact) {
  if (fact.pending) {
    continuing_.insert(fact.instance);
    overlay_.put(keys::continuing(fact.instance), {});
  } else {
    continuing_.erase(fact.instance);
    overlay_.erase(keys::continuing(fact.instance));
  }
}

void State::close_instance(const RecordContext& record, Address address, OpenInstance& open) {
  InstanceRow& row = open.held->row;
  open.held->changed = true;
  if (row.machine.timers != open.timers_before) change_timers(address, open.timers_before, row.machine.timers);
  if (row.machine.ended()) {
    for (const auto& [call, id] : row.calls) open.calls_gone.push_back(static_cast<workflow::CallId>(call));
  }
  for (const workflow::CallId gone : open.calls_gone) {
    const auto call = row.calls.find(gone);
    if (call == row.calls.end()) continue;
    if (std::optional<EffectRow> unwanted = effect(call->second)) erase_effect(*unwanted);
    overlay_.erase(keys::ready(call->second));
    cancelled_.push_back(call->second);
    row.calls.erase(call);
  }
  row.last_record = record.address.sequence;
  if (record.address != address) overlay_.put_index(keys::history(address, record.address.sequence), {});
}

/// Both lists are by ascending id, but for timers that a retry brought back.
void State::change_timers(Address instance, std::vector<workflow::Timer> before, std::vector<workflow::Timer> now) {
  const auto by_id = [](const workflow::Timer& a, const workflow::Timer& b) { return a.id < b.id; };
  for (auto* timers : {&before, &now}) {
    if (!std::is_sorted(timers->begin(), timers->end(), by_id)) std::sort(timers->begin(), timers->end(), by_id);
  }
  const auto key_of = [&](const workflow::Timer& timer) {
    return TimerKey{timer.due, TimerKey::Kind::instance, instance, timer.id};
  };
  std::vector<workflow::Timer> changed;
  std::set_difference(before.begin(), before.end(), now.begin(), now.end(), std::back_inserter(changed), by_id);
  for (const workflow::Timer& timer : changed) erase_timer(instance.partition, key_of(timer));
  changed.clear();
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(changed), by_id);
  for (const workflow::Timer& timer : changed) put_timer(instance.partition, key_of(timer));
}

void State::save_held(Address address, HeldInstance& held) {
  if (!held.changed) return;
  held.changed = false;
  values_.save(address.partition, keys::instance(address), held.row);
  overlay_.put_index(keys::instance_index(held.row.name_space, held.row.started, address), encode(summarize(held.row)));
}

void State::save_all_held() {
  for (auto& [address, held] : held_) save_held(address, held);
}

// Effects

/// With how far it is from the outside (delivery adds one), so that loops through other systems end.
const json::Value& State::outgoing_event() {
  if (outgoing_) return *outgoing_;
  HENCE_CHECK(accepted_.has_value());
  json::Value event;
  if (accepted_->event != nullptr) {
    event = *accepted_->event;
  } else {
    auto parsed = json::parse(accepted_->text, {.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins});
    HENCE_CHECK(parsed.ok());
    event = *std::move(parsed);
  }
  json::Builder builder;
  builder.begin_object();
  for (const auto [key, value] : event->members()) {
    if (key != "hencedepth" && key != "data" && key != "data_base64") builder.member(key, value);
  }
  builder.key("hencedepth").number(int64_t{accepted_->depth});
  for (const std::string_view key : {"data", "data_base64"}) {
    if (const auto data = event->find(key)) builder.member(key, *data);
  }
  builder.end_object();
  return outgoing_.emplace(std::move(builder).finish());
}

void State::make_ready(EffectRow& row) {
  row.state = EffectState::ready;
  overlay_.put(keys::ready(row.effect.id), row.effect.sink.empty() ? std::string() : row.effect.name_space + '\0' + row.effect.sink);
  ready_.push_back(row.effect.id);
}

void State::erase_effect(EffectRow& row) {
  values_.erase(row.effect.id.record.partition, keys::effect(row.effect.id), row);
}

void State::save_effect(EffectRow& row) {
  values_.save(row.effect.id.record.partition, keys::effect(row.effect.id), row);
  if (row.effect.kind != EffectKind::deliver) return;
  overlay_.put_index(keys::delivery_index(row.effect.name_space, row.effect.created, row.effect.id),
                     encode(DeliverySummary{row.effect.sink, row.effect.rule, row.effect.event, row.state,
                                            row.attempts, row.last_status, row.last_error,
                                            row.effect.created, row.changed}));
}

void State::on(const RecordContext& record, const EffectCreated& fact) {
  EffectRow row;
  row.effect = fact.effect;
  row.changed = record.time;
  const Effect& effect = fact.effect;
  if (effect.kind != EffectKind::deliver) {
    InstanceRow* instance = touch_instance(effect.instance);
    HENCE_CHECK(instance != nullptr);
    // A detached call is nobody's: its end changes the effect alone.
    if (instance->machine.find_call(static_cast<workflow::CallId>(effect.call)) != nullptr) {
      instance->calls[effect.call] = effect.id;
    }
  } else {
    row.effect.event_json = outgoing_event();
    overlay_.put_index(keys::consequence(effect.event, 'd', effect.id), effect.rule);
  }
  bool first = true;
  if (!effect.ordering_key.empty()) {
    const std::string order = order_of(effect);
    const auto gone = gone_to_.find(order);
    const std::string from = gone == gone_to_.end() ? std::string() : keys::order_entry(order, gone->second);
    first = !first_in_order(effect.id.record.partition, order, from);
    overlay_.put(keys::order_entry(order, effect.id), {});
  }
  if (first) make_ready(row);
  else row.state = EffectState::blocked;
  save_effect(row);
}

void State::on(const RecordContext& record, const AttemptFailed& fact) {
  std::optional<EffectRow> row = effect(fact.effect);
  HENCE_CHECK(row.has_value());
  row->state = EffectState::delayed;
  row->attempts = fact.attempt;
  row->last_status = fact.status;
  row->last_error = fact.error;
  row->due = fact.due;
  row->changed = record.time;
  row->records.push_back(record.address.sequence);
  overlay_.erase(keys::ready(fact.effect));
  put_timer(record.address.partition, {fact.due, TimerKey::Kind::effect, fact.effect.record, fact.effect.index});
  save_effect(*row);
}

void State::on(const RecordContext& record, const EffectReady& fact) {
  std::optional<EffectRow> row = effect(fact.effect);
  HENCE_CHECK(row.has_value());
  erase_timer(record.address.partition, {row->due, TimerKey::Kind::effect, fact.effect.record, fact.effect.index});
  row->effect.attempt = row->attempts + 1;
  row->changed = record.time;
  make_ready(*row);
  save_effect(*row);
}

void State::on(const RecordContext& record, const EffectEnded& fact) {
  std::optional<EffectRow> row = effect(fact.effect);
  HENCE_CHECK(row.has_value());
  overlay_.erase(keys::ready(fact.effect));
  if (row->effect.kind != EffectKind::deliver) {
    erase_effect(*row);
    if (InstanceRow* instance = touch_instance(row->effect.instance)) instance->calls.erase(row->effect.call);
    return;
  }
  row->state = fact.kind == EffectEnded::Kind::done ? EffectState::done
             : fact.kind == EffectEnded::Kind::parked ? EffectState::parked : EffectState::cancelled;
  row->attempts = fact.attempts;
  row->last_status = fact.status;
  row->last_error = fact.error;
  row->changed = record.time;
  row->records.push_back(record.address.sequence);
  if (!row->effect.ordering_key.empty()) release_order(record, *row);
  if (row->state != EffectState::parked) {  // what is over keeps its story, not its payload
    if (feature_level_ >= kLevelForgetting) overlay_.put(keys::over(row->changed, fact.effect), {});
    row->effect.event_json = {};
    row->effect.body.reset();
  }
  save_effect(*row);
}

void State::on(const RecordContext& record, const EffectRedriven& fact) {
  std::optional<EffectRow> row = effect(fact.effect);
  HENCE_CHECK(row.has_value());
  row->attempts_before_redrive = row->attempts;
  row->effect.attempt = fact.attempt;
  row->changed = record.time;
  row->records.push_back(record.address.sequence);
  make_ready(*row);
  save_effect(*row);
}

// What is over for long enough

Forgotten State::find_ended(Partition partition, UtcTime before, uint32_t limit) {
  Forgotten found;
  uint32_t count = 0;
  overlay_.scan(keys::table(partition, 'o'), forgotten_to_[partition], [&](std::string_view key, std::string_view) {
    const std::optional<keys::Over> over = keys::parse_over(key);
    if (!over || over->ended >= before || count == limit) return false;
    ++count;
    if (over->delivery) found.deliveries.push_back(over->id);
    else found.instances.push_back(over->id.record.sequence);
    return true;
  });
  return found;
}

void State::on(const RecordContext& record, const Forgotten& fact) {
  for (const Sequence sequence : fact.instances) forget_instance({record.address.partition, sequence});
  for (const EffectId& id : fact.deliveries) forget_delivery(id);
}

void State::forget_instance(Address address) {
  if (hold_instance(address) == nullptr) return;
  auto taken = held_.extract(address);
  InstanceRow& row = taken.mapped().row;
  values_.erase(address.partition, keys::instance(address), row);
  if (!row.id.empty()) {
    const std::string key = keys::unique_id(address.partition, row.name_space, row.workflow, row.id);
    std::string own;
    Encoder(own).put(address);
    if (overlay_.get(key) == own) overlay_.erase(key);  // else another instance has the id by now
  }
  if (!row.event.is_none()) overlay_.erase_index(keys::consequence(row.event, 'i', {address, 0}));
  if (row.parent) overlay_.erase_index(keys::consequence(row.parent->instance, 'c', {address, row.parent->call}));
  if (row.last_record != address.sequence) overlay_.erase_index_prefix(keys::history_of(address));
  overlay_.erase_index(keys::instance_index(row.name_space, row.started, address));
  if (row.approvals > 0) forget_approvals(address);
  erase_over(address.partition, keys::over(row.ended, address));
}

void State::forget_delivery(const EffectId& id) {
  std::optional<EffectRow> row = effect(id);
  if (!row) return;
  erase_effect(*row);
  overlay_.erase_index(keys::consequence(row->effect.event, 'd', id));
  overlay_.erase_index(keys::delivery_index(row->effect.name_space, row->effect.created, id));
  erase_over(id.record.partition, keys::over(row->changed, id));
}

void State::erase_over(Partition partition, std::string key) {
  overlay_.erase(key);
  forgotten_to_[partition] = std::max(std::exchange(forgotten_to_[partition], {}), key);
}

// Replies kept for an Idempotency-Key

void State::on(const RecordContext& record, const ReplyKept& fact) {
  overlay_.save(keys::reply(record.address.partition, fact.key), ReplyRow{fact.address, fact.version, fact.request, fact.answer});
  put_timer(record.address.partition, {fact.until, TimerKey::Kind::reply, record.address, 0}, fact.key);
}

void State::on(const RecordContext& record, const ReplyForgotten& fact) {
  overlay_.erase(keys::reply(record.address.partition, fact.key));
  overlay_.scan(keys::table(record.address.partition, 't'), timers_from(record.address.partition), [&](std::string_view key, std::string_view value) {
    const std::optional<TimerKey> timer = keys::parse_timer(key);
    if (!timer || timer->due > fact.until) return false;
    if (timer->kind != TimerKey::Kind::reply || timer->due != fact.until || value != fact.key) return true;
    erase_timer(record.address.partition, *timer);
    return false;
  });
}

// Timers

void State::put_timer(Partition partition, const TimerKey& timer, std::string value) {
  std::string key = keys::timer(partition, timer);
  if (std::string& from = timers_from_[partition]; key < from) from = key;
  overlay_.put(std::move(key), std::move(value));
  const auto next = next_timer_.find(partition);
  if (next == next_timer_.end() || timer.due < next->second) next_timer_[partition] = timer.due;
}

void State::erase_timer(Partition partition, const TimerKey& timer) {
  overlay_.erase(keys::timer(partition, timer));
  const auto next = next_timer_.find(partition);
  if (next != next_timer_.end() && next->second == timer.due) find_next_timer(partition);
}

void State::find_next_timer(Partition partition) {
  next_timer_.erase(partition);
  std::string& from = timers_from_[partition];
  overlay_.scan(keys::table(partition, 't'), from, [&](std::string_view key, std::string_view) {
    if (const auto timer = keys::parse_timer(key)) next_timer_[partition] = timer->due;
    from = key;
    return false;
  });
}

std::optional<UtcTime> State::next_timer() const {
  std::optional<UtcTime> earliest;
  for (const auto& [partition, due] : next_timer_) {
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

std::vector<Partition> State::partitions_due(UtcTime now) const {
  std::vector<Partition> due;
  for (const auto& [partition, time] : next_timer_) {
    if (time <= now) due.push_back(partition);
  }
  return due;
}

// Summaries

InstanceSummary summarize(const InstanceRow& row) {
  InstanceSummary summary;
  summary.workflow = row.workflow;
  summary.version = row.version;
  summary.status = workflow::phase_name(row.machine.shown_phase());
  summary.id = row.id;
  summary.started = row.started;
  summary.ended = row.ended;
  summary.waits = describe_waits(row.machine);
  summary.compensated = compensated_text(row.machine.compensated);
  summary.parked = row.machine.parked() != nullptr;
  if (row.parent) summary.parent = row.parent->instance;
  return summary;
}

std::string_view compensated_text(workflow::Compensated compensated) {
  switch (compensated) {
    case workflow::Compensated::none: return "";
    case workflow::Compensated::all: return "true";
    case workflow::Compensated::partial: return "partial";
  }
  return "";
}

std::string describe_waits(const workflow::Instance& machine) {
  if (machine.ended()) return {};
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!text.empty()) text += "; ";
    text += part;
  };
  if (const workflow::Compensation* parked = machine.parked()) {
    const json::View error = *parked->error;
    const std::string_view why = error.string_or("detail", error.string_or("title", error.string_or("type", "")));
    add("a person: a compensation failed (" + std::string(why) + ")");
  }
  if (machine.suspension) add("a resume");
  for (const workflow::Call& call : machine.calls) {
    add(call.kind == workflow::CallKind::shell      ? "shell command"
        : call.kind == workflow::CallKind::workflow ? "subflow"
                                                    : "HTTP call");
  }
  for (size_t i = 0; i < machine.approvals.size(); ++i) add("a person's approval");
  for (const workflow::Wait& wait : machine.waits) {
    add(wait.value ? "event for " + (*wait.value)->to_text() : "event");
  }
  for (const workflow::Timer& timer : machine.timers) {
    if (timer.purpose == workflow::TimerPurpose::wait) add("until " + format_rfc3339(timer.due));
    if (timer.purpose == workflow::TimerPurpose::retry) add("retry at " + format_rfc3339(timer.due));
  }
  return text;
}

}  // namespace hence::engine

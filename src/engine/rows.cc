// SPDX-License-Identifier: Apache-2.0
#include "engine/rows.h"

#include "base/hash.h"
#include "engine/place_keys.h"

namespace hence::engine {

std::string_view effect_state_name(EffectState state) {
  switch (state) {
    case EffectState::ready: return "ready";
    case EffectState::delayed: return "delayed";
    case EffectState::blocked: return "blocked";
    case EffectState::parked: return "parked";
    case EffectState::done: return "done";
    case EffectState::cancelled: return "cancelled";
  }
  return "unknown";
}

ScheduleRow::Waiting* ScheduleRow::find(workflow::Trigger trigger) {
  for (Waiting& one : triggers) {
    if (one.trigger == trigger) return &one;
  }
  return nullptr;
}
const ScheduleRow::Waiting* ScheduleRow::find(workflow::Trigger trigger) const {
  return const_cast<ScheduleRow*>(this)->find(trigger);
}

namespace keys {
namespace {

template <typename T>
void put_big(std::string& key, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(value >> shift));
  }
}

template <typename T>
T take_big(std::string_view& key) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T) && i < key.size(); ++i) {
    value = static_cast<T>((value << 8) | static_cast<unsigned char>(key[i]));
  }
  key.remove_prefix(std::min(sizeof(T), key.size()));
  return value;
}

std::string_view take_text(std::string_view& key) {
  const size_t end = key.find('\0');
  const std::string_view text = key.substr(0, end);
  key.remove_prefix(end == std::string_view::npos ? key.size() : end + 1);
  return text;
}

/// Times before 1970 do not occur in keys; the sign bit is flipped all the same so they would sort.
uint64_t ordered(UtcTime time) { return static_cast<uint64_t>(time.micros) ^ (uint64_t{1} << 63); }
UtcTime from_ordered(uint64_t value) { return {static_cast<int64_t>(value ^ (uint64_t{1} << 63))}; }

void put_address(std::string& key, Address address) {
  put_big(key, address.partition);
  put_big(key, address.sequence);
}
Address take_address(std::string_view& key) {
  Address address;
  address.partition = take_big<Partition>(key);
  address.sequence = take_big<Sequence>(key);
  return address;
}

std::string effect_key(char letter, const EffectId& id) {
  std::string key = table(id.record.partition, letter);
  put_big(key, id.record.sequence);
  put_big(key, id.index);
  return key;
}

}  // namespace

std::string table(Partition partition, char letter) {
  std::string key;
  put_big(key, partition);
  key.push_back(letter);
  return key;
}

std::string meta(Partition partition) { return table(partition, 'm'); }

std::string instance(Address instance) {
  std::string key = table(instance.partition, 'i');
  put_big(key, instance.sequence);
  return key;
}

Partition refusals_partition(uint16_t partitions, std::string_view name_space, std::string_view event_type) {
  std::string text(name_space);
  text.append("\0event-type/", 12).append(event_type);
  return static_cast<Partition>(placement_hash(text) % partitions);
}

std::string refusals(Partition partition, std::string_view name_space, std::string_view event_type) {
  std::string key = table(partition, 'y');
  key.append(name_space).push_back('\0');
  return key.append(event_type);
}

Partition schedule_partition(uint16_t partitions, std::string_view name_space, std::string_view schedule) {
  std::string text(name_space);
  text.append("\0schedule/", 10).append(schedule);
  return static_cast<Partition>(placement_hash(text) % partitions);
}

std::string schedule(Partition partition, std::string_view name_space, std::string_view schedule) {
  std::string key = table(partition, 's');
  key.append(name_space).push_back('\0');
  return key.append(schedule);
}

uint64_t schedule_number(std::string_view name_space, std::string_view schedule, workflow::Trigger trigger) {
  std::string text(name_space);
  text.push_back('\0');
  text.append(schedule).push_back(static_cast<char>(trigger));
  return placement_hash(text);
}

std::string unique_id(Partition partition, std::string_view name_space, std::string_view workflow,
                      std::string_view id) {
  std::string key = table(partition, 'u');
  key.append(name_space).push_back('\0');
  key.append(workflow).push_back('\0');
  return key.append(id);
}

std::string child(Partition partition, const ParentLink& parent) {
  std::string key = table(partition, 'j');
  put_address(key, parent.instance);
  put_big(key, parent.call);
  return key;
}

std::string timer(Partition partition, const TimerKey& timer) {
  std::string key = table(partition, 't');
  put_big(key, ordered(timer.due));
  key.push_back(static_cast<char>(timer.kind));
  put_address(key, timer.address);
  put_big(key, timer.number);
  return key;
}

std::optional<TimerKey> parse_timer(std::string_view key) {
  if (key.size() != 3 + 8 + 1 + 10 + 8 || key[2] != 't') return std::nullopt;
  key.remove_prefix(3);
  TimerKey timer;
  timer.due = from_ordered(take_big<uint64_t>(key));
  timer.kind = static_cast<TimerKey::Kind>(key.front());
  key.remove_prefix(1);
  timer.address = take_address(key);
  timer.number = take_big<uint64_t>(key);
  return timer;
}

std::string effect(const EffectId& id) { return effect_key('e', id); }
std::string ready(const EffectId& id) { return effect_key('r', id); }

std::optional<EffectId> parse_effect(std::string_view key) {
  if (key.size() != 3 + 8 + 4) return std::nullopt;
  EffectId id;
  id.record.partition = take_big<Partition>(key);
  key.remove_prefix(1);
  id.record.sequence = take_big<Sequence>(key);
  id.index = take_big<uint32_t>(key);
  return id;
}

std::string order(Partition partition, std::string_view name_space, std::string_view sink, std::string_view key_text) {
  std::string key = table(partition, 'k');
  if (!name_space.empty()) key.append(name_space).push_back('\0');
  key.append(sink).push_back('\0');
  put_big(key, static_cast<uint32_t>(key_text.size()));
  return key.append(key_text);
}

std::string order_entry(std::string_view order, const EffectId& id) {
  std::string key(order);
  put_big(key, id.record.sequence);
  put_big(key, id.index);
  return key;
}

EffectId parse_order_entry(Partition partition, std::string_view key) {
  key = key.substr(key.size() - 12);
  EffectId id;
  id.record.partition = partition;
  id.record.sequence = take_big<Sequence>(key);
  id.index = take_big<uint32_t>(key);
  return id;
}

std::string continuing(Address instance) {
  std::string key = table(instance.partition, 'c');
  put_big(key, instance.sequence);
  return key;
}

namespace {

void put_place(std::string& key, const WaitPlace& place) {
  for (const Hash128& hash : {place.site, place.value}) {
    put_big(key, hash.high);
    put_big(key, hash.low);
  }
}

}  // namespace

std::string waits(Partition partition, const WaitPlace& place) {
  std::string key = table(partition, 'w');
  put_place(key, place);
  HENCE_CHECK(key.size() == kPlaceBytes);
  return key;
}

std::string wait(Partition partition, const WaitPlace& place, Address instance, uint32_t wait) {
  std::string key = waits(partition, place);
  put_address(key, instance);
  put_big(key, wait);
  return key;
}

WakeRequest::Target parse_wait(std::string_view key) {
  key = key.substr(key.size() - 14);
  WakeRequest::Target target;
  target.instance = take_address(key);
  target.wait = take_big<uint32_t>(key);
  return target;
}

std::string kept_of(Partition partition, const WaitPlace& place) {
  std::string key = table(partition, 'b');
  put_place(key, place);
  return key;
}

std::string kept(Partition partition, const WaitPlace& place, Address event) {
  std::string key = kept_of(partition, place);
  put_address(key, event);
  return key;
}

Address parse_kept(std::string_view key) {
  key = key.substr(key.size() - 10);
  return take_address(key);
}

std::string spread(Address record) {
  std::string key = table(record.partition, 'f');
  put_big(key, record.sequence);
  return key;
}

uint64_t place_number(const WaitPlace& place) { return place.site.low ^ place.value.low; }

std::string reply(Partition partition, std::string_view key_text) {
  return table(partition, 'q').append(key_text);
}

std::string feature_level() { return table(kControlPartition, 'g'); }

namespace {
std::string value_key(Partition partition, char letter, const ValueHash& hash) {
  return table(partition, letter).append(hash.begin(), hash.end());
}
}  // namespace

std::string large_value(Partition partition, const ValueHash& hash) { return value_key(partition, 'v', hash); }
std::string value_count(Partition partition, const ValueHash& hash) { return value_key(partition, 'n', hash); }

std::string over(UtcTime ended, Address instance) {
  std::string key = table(instance.partition, 'o');
  put_big(key, ordered(ended));
  put_big(key, instance.sequence);
  return key;
}

std::string over(UtcTime ended, const EffectId& delivery) {
  std::string key = over(ended, delivery.record);
  put_big(key, delivery.index);
  return key;
}

std::optional<Over> parse_over(std::string_view key) {
  const bool delivery = key.size() == 3 + 8 + 8 + 4;
  if ((!delivery && key.size() != 3 + 8 + 8) || key[2] != 'o') return std::nullopt;
  Over found;
  found.delivery = delivery;
  found.id.record.partition = take_big<Partition>(key);
  key.remove_prefix(1);
  found.ended = from_ordered(take_big<uint64_t>(key));
  found.id.record.sequence = take_big<Sequence>(key);
  if (delivery) found.id.index = take_big<uint32_t>(key);
  return found;
}

std::string running(Partition partition, std::string_view name_space, std::string_view workflow) {
  std::string key = table(partition, 'l');
  key.append(name_space).push_back('\0');
  return key.append(workflow);
}

std::string definition(std::string_view kind, std::string_view name_space, std::string_view name,
                       uint64_t version) {
  std::string key = table(kControlPartition, 'd');
  key.append(kind).push_back('\0');
  key.append(name_space).push_back('\0');
  key.append(name).push_back('\0');
  if (version != 0) put_big(key, version);
  return key;
}

std::optional<DefinitionKey> parse_definition(std::string_view key) {
  if (key.size() < 3 || key[2] != 'd') return std::nullopt;
  key.remove_prefix(3);
  DefinitionKey parsed;
  parsed.kind = take_text(key);
  parsed.name_space = take_text(key);
  parsed.name = take_text(key);
  if (key.size() != 8) return std::nullopt;
  parsed.version = take_big<uint64_t>(key);
  return parsed;
}

std::string index_prefix(char letter, std::string_view name_space) {
  std::string key(1, letter);
  key.append(name_space).push_back('\0');
  return key;
}

std::string instance_index(std::string_view name_space, UtcTime started, Address instance) {
  std::string key = index_prefix('L', name_space);
  put_big(key, ~ordered(started));
  put_address(key, instance);
  return key;
}

std::string approval(const EffectId& id) { return effect_key('a', id); }

std::string approvals_of(Address instance) {
  std::string key = approval({instance, 0});
  key.resize(key.size() - 4);
  return key;
}

std::string approval_index(std::string_view name_space, UtcTime requested, const EffectId& id) {
  std::string key = delivery_index(name_space, requested, id);
  key.front() = 'A';
  return key;
}

std::string delivery_index(std::string_view name_space, UtcTime created, const EffectId& id) {
  std::string key = index_prefix('D', name_space);
  put_big(key, ~ordered(created));
  put_address(key, id.record);
  put_big(key, id.index);
  return key;
}

Address parse_instance_index(std::string_view key) {
  key = key.substr(key.size() - 10);
  return take_address(key);
}

EffectId parse_delivery_index(std::string_view key) {
  key = key.substr(key.size() - 14);
  EffectId id;
  id.record = take_address(key);
  id.index = take_big<uint32_t>(key);
  return id;
}

std::string history_of(Address instance) {
  std::string key(1, 'H');
  put_address(key, instance);
  return key;
}

std::string history(Address instance, Sequence record) {
  std::string key = history_of(instance);
  put_big(key, record);
  return key;
}

Sequence parse_history(std::string_view key) {
  key = key.substr(key.size() - 8);
  return take_big<Sequence>(key);
}

std::string consequences_of(Address event) {
  std::string key(1, 'V');
  put_address(key, event);
  return key;
}

std::string consequence(Address event, char kind, const EffectId& id) {
  std::string key = consequences_of(event);
  key.push_back(kind);
  put_address(key, id.record);
  put_big(key, id.index);
  return key;
}

Consequence parse_consequence(std::string_view key) {
  key.remove_prefix(std::min<size_t>(key.size(), 11));
  Consequence found;
  if (key.empty()) return found;
  found.kind = key.front();
  key.remove_prefix(1);
  found.id.record = take_address(key);
  found.id.index = take_big<uint32_t>(key);
  return found;
}

}  // namespace keys

}  // namespace hence::engine

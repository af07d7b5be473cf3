// SPDX-License-Identifier: Apache-2.0
// The order of a key's deliveries at a sink: the first is under way, the others wait for their turn.

#include "base/reached.h"
#include "engine/feature_level.h"
#include "engine/state.h"

namespace hence::engine {
namespace {

/// Orders whose last gone delivery is kept in memory, and the bytes of their keys: of others it is looked for.
constexpr size_t kOrdersRemembered = 10'000;
constexpr size_t kOrderBytesRemembered = 512;

}  // namespace

/// Where it waits for its turn.
std::string State::order_of(const Effect& delivery) const {
  const bool shared = feature_level_ < kLevelOrderByNamespace;
  return keys::order(delivery.id.record.partition, shared ? std::string_view() : delivery.name_space, delivery.sink,
                     delivery.ordering_key);
}

/// The key's next delivery takes its turn. A parked one no longer blocks its key.
void State::release_order(const RecordContext& record, const EffectRow& row) {
  const std::string order = order_of(row.effect);
  const std::string own = keys::order_entry(order, row.effect.id);
  if (!overlay_.get(own)) {  // redriven outside its order
    SIM_REACHED("engine: a redriven delivery ends outside its key's order");
    return;
  }
  // Only the first one leaves, so what is left comes after it; before it lies what the store has yet to forget.
  overlay_.erase(own);
  remember_gone(order, row.effect.id);
  const std::optional<EffectId> next_id = first_in_order(row.effect.id.record.partition, order, own);
  if (!next_id) return;
  std::optional<EffectRow> next = effect(*next_id);
  HENCE_CHECK(next.has_value());
  take_turn(record, *next);
}

void State::take_turn(const RecordContext& record, EffectRow& row) {
  row.changed = record.time;
  make_ready(row);
  save_effect(row);
}

/// Of one that is not remembered all that left is passed once more, which decides the same.
void State::remember_gone(const std::string& order, const EffectId& id) {
  if (order.size() > kOrderBytesRemembered) return;
  if (gone_to_.size() >= kOrdersRemembered && !gone_to_.contains(order)) gone_to_.clear();
  gone_to_[order] = id;
}

/// Those that were made when all namespaces shared an order: each goes on in its namespace's own. What is first
/// there and waited for another namespace's takes its turn.
void State::part_orders(const RecordContext& record) {
  gone_to_.clear();
  for (uint32_t at = 0; at < partitions_; ++at) {
    const Partition partition = static_cast<Partition>(at);
    std::vector<std::string> shared;
    overlay_.scan(keys::table(partition, 'k'), {}, [&](std::string_view key, std::string_view) {
      shared.emplace_back(key);
      return true;
    });
    for (const std::string& key : shared) overlay_.erase(key);
    std::map<std::string, EffectId> first;
    for (const std::string& key : shared) {
      const EffectId id = keys::parse_order_entry(partition, key);
      const std::optional<EffectRow> row = overlay_.load<EffectRow>(keys::effect(id));  // large values stay where they are
      HENCE_CHECK(row.has_value() || overlay_.failure());
      if (!row) return;
      const std::string order = order_of(row->effect);
      overlay_.put(keys::order_entry(order, id), {});
      first.try_emplace(order, id);  // they come as they were made
    }
    for (const auto& [order, id] : first) {
      std::optional<EffectRow> row = effect(id);
      if (row && row->state == EffectState::blocked) take_turn(record, *row);
    }
  }
}

/// from: an entry, before which there is none; empty for the order's beginning.
std::optional<EffectId> State::first_in_order(Partition partition, const std::string& order, const std::string& from) {
  std::optional<EffectId> first;
  overlay_.scan(order, from, [&](std::string_view key, std::string_view) {
    if (key.size() != order.size() + 12) return true;  // of a longer key that begins the same
    first = keys::parse_order_entry(partition, key);
    return false;
  });
  return first;
}

}  // namespace hence::engine

// SPDX-License-Identifier: Apache-2.0
// The fold of facts about waiting: who waits where, which events are kept, which are on their way.

#include "engine/state.h"

namespace hence::engine {

void State::on(const RecordContext& record, const WaitRegistered& fact) {
  std::string since;
  Encoder(since).put(record.address.sequence);
  overlay_.put(keys::wait(record.address.partition, fact.place, fact.instance, fact.wait), std::move(since));
}

void State::on(const RecordContext& record, const WaitRemoved& fact) {
  overlay_.erase(keys::wait(record.address.partition, fact.place, fact.instance, fact.wait));
}

void State::on(const RecordContext& record, const EventKept& fact) {
  const Partition partition = record.address.partition;
  const std::string key = keys::kept(partition, fact.place, fact.event);
  KeptRow row{json::Value::string(fact.text), fact.depth, fact.until, record.address.sequence, {}};
  values_.save(partition, key, row);
  meta(partition).kept_bytes += fact.text.size();
  put_timer(partition, {fact.until, TimerKey::Kind::kept, fact.event, keys::place_number(fact.place)}, encode(fact.place));
  overlay_.put_index(keys::consequence(fact.event, 'k', {record.address, 0}), "kept until " + format_rfc3339(fact.until));
}

void State::on(const RecordContext& record, const KeptEnded& fact) {
  const Partition partition = record.address.partition;
  const std::string key = keys::kept(partition, fact.place, fact.event);
  std::optional<KeptRow> row = values_.load<KeptRow>(partition, key);
  HENCE_CHECK(row || overlay_.failure());
  if (row) values_.erase(partition, key, *row);
  uint64_t& bytes = meta(partition).kept_bytes;
  HENCE_CHECK(bytes >= fact.bytes);
  bytes -= fact.bytes;
  erase_timer(partition, {fact.until, TimerKey::Kind::kept, fact.event, keys::place_number(fact.place)});
  overlay_.put_index(keys::consequence(fact.event, 'k', {record.address, 0}),
                     kept_end_text(fact));
}

void State::on(const RecordContext& record, const EventNotKept& fact) {
  overlay_.put_index(keys::consequence(fact.event, 'k', {record.address, 0}), "not kept: " + fact.reason);
}

void State::on(const RecordContext& record, const SpreadPending& fact) {
  const Partition partition = record.address.partition;
  const std::string key = keys::spread(fact.spread);
  std::optional<SpreadRow> before = values_.load<SpreadRow>(partition, key);
  if (fact.done) {
    if (before) values_.erase(partition, key, *before);
    return;
  }
  SpreadRow row{std::string(record.name_space), fact.place, fact.event, {}, fact.depth, fact.after, fact.wait, {}};
  row.text = before ? before->text : json::Value::string(fact.text);
  if (before) row.held = std::move(before->held);
  values_.save(partition, key, row);
}

}  // namespace hence::engine

// SPDX-License-Identifier: Apache-2.0
#include "engine/recorder.h"

#include <algorithm>

namespace hence::engine {

Recorder::Recorder(Engine& engine, const Command& command, Partition partition, Batch& batch)
    : engine_(engine), command_(command), batch_(batch), random_(command.random) {
  const PartitionMeta& meta = engine.state_.meta(partition);
  record_.address = {partition, meta.last_sequence + 1};
  record_.time = std::max(command.now, meta.last_time);
  record_.name_space = command.name_space;
  record_.actor = command.actor;
}

void Recorder::send(Partition to, MessageSent::Kind kind, std::string body, std::optional<event::Event> event) {
  MessageSent sent;
  sent.to = to;
  sent.number = engine_.state_.meta(record_.address.partition).sent[to] + 1;
  sent.kind = kind;
  sent.body = std::move(body);
  add(sent);
  engine_.messages_.push_back(
      {record_.address, record_.name_space, record_.actor.traceparent, std::move(sent), std::move(event), {}});
}

void Recorder::send_event(Partition to, MessageSent::Kind kind, std::string body, json::Value event, bool apart) {
  if (to == record_.address.partition && !apart) {
    local_.push_back({kind, std::move(body), std::move(event)});
    return;
  }
  send(to, kind, std::move(body));
  engine_.messages_.back().met = std::move(event);
}

void Recorder::adopt() {
  const uint64_t version = engine_.definitions_->version();
  if (engine_.state_.meta(record_.address.partition).adopted != version) add(DefinitionsAdopted{version});
}

uint64_t Recorder::random() {
  random_ += 0x9E3779B97F4A7C15ull;  // splitmix64 (Steele, Lea, Flood)
  uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

void Recorder::end() {
  if (std::exchange(ended_, true)) return;
  came_from_ = {};  // what is done here from now on, this record asked for itself
  while (!local_.empty()) {
    const Local next = std::move(local_.front());
    local_.pop_front();
    if (record_.payload.size() > kStepBytesMax) {
      send_event(record_.address.partition, next.kind, next.body, next.event, true);
      continue;
    }
    engine_.take_wait_message(*this, next.kind, next.body, next.event);
  }
  if (record_.payload.empty()) return engine_.state_.drop_record();
  engine_.state_.end_record(context());
  batch_.bytes += record_.payload.size();
  batch_.records.push_back(std::move(record_));
}

}  // namespace hence::engine

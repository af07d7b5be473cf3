// SPDX-License-Identifier: Apache-2.0
#pragma once

// One record while it is being made: facts go into its payload and, at once, into the state. A
// record that ends without facts never was.

#include <deque>
#include <string>
#include <utility>

#include "engine/engine.h"

namespace hence::engine {

class Recorder {
 public:
  Recorder(Engine& engine, const Command& command, Partition partition, Batch& batch);
  ~Recorder() { end(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  template <typename One>
  void add(const One& fact) {
    append_fact(record_.payload, fact);
    engine_.state_.apply(context(), fact);
  }
  /// Records that the record's event was taken in; event lives until the record ends.
  void accept(const AcceptedEvent& fact, const json::Value& event) {
    append_fact(record_.payload, fact);
    engine_.state_.accept(context(), event, fact.depth, fact.cause);
  }
  /// Numbers a message for its receiver, records it and queues it for this batch.
  /// event: the message's, parsed already, if it is one.
  void send(Partition to, MessageSent::Kind kind, std::string body, std::optional<event::Event> event = {});
  /// The same for waits and those they wait for; the event travels beside the recorded body. What is
  /// for this partition itself is done at the end of this record, without a message, unless apart.
  void send_event(Partition to, MessageSent::Kind kind, std::string body, json::Value event, bool apart = false);
  /// The record whose message this one takes; none if it takes none.
  void set_came_from(Address from) { came_from_ = from; }
  Address came_from() const { return came_from_; }
  /// Records the adoption of the definitions in force, if the partition has not yet.
  void adopt();
  void set_event_hash(Hash128 hash) { record_.event_hash = hash; }

  Address address() const { return record_.address; }
  UtcTime time() const { return record_.time; }
  const std::string& name_space() const { return record_.name_space; }
  const std::string& traceparent() const { return record_.actor.traceparent; }
  /// The trace that an instance's calls and events belong to: that of what started it, wherever it goes on.
  const std::string& traceparent_of(const InstanceRow& row) const {
    return row.traceparent.empty() ? traceparent() : row.traceparent;
  }
  void set_traceparent(const std::string& traceparent) {
    if (!traceparent.empty()) record_.actor.traceparent = traceparent;
  }
  size_t payload_bytes() const { return record_.payload.size(); }
  /// Whether the command has put on record what one command may.
  bool spent() const {
    return batch_.bytes + record_.payload.size() - engine_.command_began_ > engine_.options_.command_bytes_max;
  }
  /// Even bits, other ones at each call, from the command's.
  uint64_t random();
  /// An id for the next effect of this record.
  EffectId next_effect() { return {record_.address, next_effect_++}; }
  /// An id for the next lifecycle event of this record.
  std::string next_lifecycle_id() { return record_.address.to_string() + ".l" + std::to_string(next_lifecycle_++); }
  State& state() { return engine_.state_; }
  void note(LimitNote note) { batch_.limits_near.push_back(std::move(note)); }
  const Command& command() const { return command_; }

  /// Closes the record; the destructor does too.
  void end();

 private:
  RecordContext context() const { return {record_.address, record_.time, record_.name_space}; }

  Engine& engine_;
  const Command& command_;
  Batch& batch_;
  OwnedRecord record_;
  uint32_t next_effect_ = 0;
  uint32_t next_lifecycle_ = 0;
  uint64_t random_;
  bool ended_ = false;
  Address came_from_;
  struct Local {
    MessageSent::Kind kind;
    std::string body;
    json::Value event;
  };
  std::deque<Local> local_;
};

}  // namespace hence::engine

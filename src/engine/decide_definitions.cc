// SPDX-License-Identifier: Apache-2.0
// Definitions change: all documents or none, as one record of the control partition.

#include <utility>

#include "engine/recorder.h"

namespace hence::engine {

void Engine::run(const Command& command, const ApplyResources& body, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  const uint64_t version = definitions_->version();
  if (body.base != version) {
    reply.stale_base = true;
  } else if (body.changes.empty()) {  // the key had no answer yet; what there is to say is kept for it
    if (body.answer.empty()) reply.error = Error(ErrorCode::NotFound, "nothing was changed under this Idempotency-Key");
    reply.version = version;
    reply.answer = body.answer;
  } else {
    Recorder record(*this, command, kControlPartition, batch);
    HENCE_CHECK(body.compiled->version() == record.address().sequence);
    DefinitionsChanged changed;
    for (const ResourceChange& change : body.changes) {
      changed.changes.push_back({change.name_space, change.kind, change.name, change.value, change.digest});
    }
    record.add(changed);
    const std::shared_ptr<const Definitions> before = std::exchange(definitions_, body.compiled);
    tell_schedules(record, *before, body.changes);
    batch.definitions = definitions_;
    reply.version = record.address().sequence;
    reply.address = record.address();
    reply.answer = body.answer;
  }
  batch.replies.push_back(std::move(reply));
}

void Engine::run(const Command& command, const AdoptIndex& body, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  reply.version = definitions_->version();
  if (auto next = Definitions::adopt(*definitions_, *body.from, *body.merged, command.name_space)) {
    definitions_ = std::move(next);
    batch.definitions = definitions_;
  } else {
    reply.stale_base = true;
  }
  batch.replies.push_back(std::move(reply));
}

/// A change of definitions that changes none: its version is the record's sequence, as always.
void Engine::run(const Command& command, const RaiseFeatureLevel& body, Batch& batch) {
  HENCE_CHECK(body.level <= kFeatureLevel);
  if (command.ticket != 0) batch.replies.emplace_back().ticket = command.ticket;
  if (body.level <= state_.feature_level()) return;
  Recorder record(*this, command, kControlPartition, batch);
  auto same = Definitions::build(*definitions_, record.address().sequence, {}, record.time());
  if (!same.ok()) {
    if (!failure_) failure_ = same.error();
    return;
  }
  record.add(FeatureLevelRaised{body.level});
  definitions_ = std::move(*same);
  batch.definitions = definitions_;
}

}  // namespace hence::engine

// SPDX-License-Identifier: Apache-2.0
#include "api/backend.h"

#include <atomic>

namespace hence::api {
namespace {

/// Replies of commands handed over together, until the last is there.
struct Gathering {
  explicit Gathering(size_t count, Backend::DoneAll the_done)
      : replies(count), remaining(count), done(std::move(the_done)) {}

  void take(size_t index, engine::Reply reply) {
    replies[index] = std::move(reply);
    if (remaining.fetch_sub(1, std::memory_order_acq_rel) == 1) done(replies);
  }

  std::vector<engine::Reply> replies;  // each written by one thread, read after the last
  std::atomic<size_t> remaining;
  Backend::DoneAll done;
};

}  // namespace

void count_batch(const engine::Batch& batch, EngineCounters& counters) {
  counters.records += batch.records.size();
  counters.limits_near += batch.limits_near.size();
  for (const engine::OwnedRecord& record : batch.records) counters.events += record.event_hash ? 1 : 0;
  for (const engine::Reply& reply : batch.replies) {
    counters.duplicates += reply.duplicate ? 1 : 0;
    if (reply.verdict) ++(reply.error ? counters.refused : counters.faulty);
  }
}

void Backend::submit_all(std::vector<engine::Command> commands, size_t bytes, bool external,
                         DoneAll done) {
  if (commands.empty()) return done({});
  const size_t count = commands.size();
  const auto gathering = std::make_shared<Gathering>(count, std::move(done));
  for (size_t i = 0; i < count; ++i) {
    const Status status =
        submit(std::move(commands[i]), bytes / count, external,
               [gathering, i](const engine::Reply& reply) { gathering->take(i, reply); });
    if (status.ok()) continue;
    engine::Reply refused;
    refused.error = status.error();
    gathering->take(i, std::move(refused));
  }
}

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
// What is over for long enough is forgotten: rows of ended instances and deliveries. The log keeps
// their records for as long as it keeps anything.

#include "engine/recorder.h"

namespace hence::engine {

void Engine::run(const Command& command, const ForgetEnded& body, Batch& batch) {
  const Forgotten over = state_.find_ended(body.partition, body.before, body.limit);
  Reply reply;
  reply.ticket = command.ticket;
  if (command.ticket != 0) batch.replies.push_back(std::move(reply));
  if (over.instances.empty() && over.deliveries.empty()) return;
  Recorder record(*this, command, body.partition, batch);
  record.add(over);
}

}  // namespace hence::engine

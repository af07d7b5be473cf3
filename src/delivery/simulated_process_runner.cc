// SPDX-License-Identifier: Apache-2.0
#include "delivery/simulated_process_runner.h"

#include "base/check.h"

namespace hence::delivery {

void SimulatedProcessRunner::respond(const std::string& command, Responder responder) {
  responders_[command] = std::move(responder);
}

void SimulatedProcessRunner::start(uint64_t call_id, ProcessCall call,
                                   std::function<void(Result<ProcessAnswer>)> done) {
  started_.push_back({call_id, std::move(call)});
  const ProcessCall& kept = started_.back().call;
  const auto found = responders_.find(kept.command);
  const Responder& responder = found != responders_.end() ? found->second : otherwise_;
  if (!responder) {
    return done(Error(ErrorCode::CallFailed,
                      "no answer is scripted for the command \"" + kept.command + "\""));
  }
  std::optional<Result<ProcessAnswer>> answer = responder(kept);
  if (answer) return done(std::move(*answer));
  HENCE_CHECK(running_.emplace(call_id, std::move(done)).second);
}

void SimulatedProcessRunner::cancel(uint64_t call_id) {
  answer(call_id, Error(ErrorCode::CallFailed, "the command was cancelled"));
}

bool SimulatedProcessRunner::answer(uint64_t call_id, Result<ProcessAnswer> answer) {
  const auto found = running_.find(call_id);
  if (found == running_.end()) return false;
  const auto done = std::move(found->second);
  running_.erase(found);
  done(std::move(answer));
  return true;
}

SimulatedProcessRunner::Responder processes_in_turn(std::vector<Result<ProcessAnswer>> answers) {
  HENCE_CHECK(!answers.empty());
  return [answers = std::move(answers), next = size_t{0}](const ProcessCall&) mutable {
    const size_t index = next;
    if (next + 1 < answers.size()) ++next;
    return std::optional(answers[index]);
  };
}

}  // namespace hence::delivery

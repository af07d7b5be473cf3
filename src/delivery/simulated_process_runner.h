// SPDX-License-Identifier: Apache-2.0
#pragma once

// The simulated ProcessRunner: answers as scripted, at once, within start(), and keeps what was
// asked. Starts no process. One thread.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delivery/process_runner.h"

namespace hence::delivery {

class SimulatedProcessRunner : public ProcessRunner {
 public:
  /// What comes of a command; nothing: it runs until answer() or cancel().
  using Responder = std::function<std::optional<Result<ProcessAnswer>>(const ProcessCall&)>;
  struct Started {
    uint64_t call_id = 0;
    ProcessCall call;
  };

  /// For calls with exactly this command text.
  void respond(const std::string& command, Responder responder);
  /// For all others. At first: CallFailed, saying that no answer is scripted.
  void respond_otherwise(Responder responder) { otherwise_ = std::move(responder); }

  void start(uint64_t call_id, ProcessCall call,
             std::function<void(Result<ProcessAnswer>)> done) override;
  void cancel(uint64_t call_id) override;

  /// Ends a command that runs; false if there is none of that id.
  bool answer(uint64_t call_id, Result<ProcessAnswer> answer);
  size_t running() const { return running_.size(); }
  /// Commands started since the last time, in order.
  std::vector<Started> take_started() { return std::exchange(started_, {}); }
  const std::vector<Started>& started() const { return started_; }

 private:
  std::map<std::string, Responder> responders_;
  Responder otherwise_;
  std::map<uint64_t, std::function<void(Result<ProcessAnswer>)>> running_;
  std::vector<Started> started_;
};

/// Gives the answers one after the other; the last one repeats. At least one (HENCE_CHECK).
SimulatedProcessRunner::Responder processes_in_turn(std::vector<Result<ProcessAnswer>> answers);

}  // namespace hence::delivery

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The other side of all calls: sees each one when it leaves, checks what it may see, and answers when
// the scheduler says so.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "delivery/simulated_http_client.h"
#include "delivery/simulated_process_runner.h"
#include "sim/audit.h"

namespace hence::sim {

class Target {
 public:
  /// Whether the record at an address is durable now; told anew with every node.
  using IsDurable = std::function<bool(Address)>;

  /// New connections, as a process that starts has; what hung before is lost.
  void connect(IsDurable is_durable);
  delivery::HttpClient& http() { return *http_; }
  delivery::ProcessRunner& processes() { return *processes_; }

  /// Calls that wait for an answer, oldest first.
  const std::vector<uint64_t>& hanging() const { return hanging_; }
  /// Answers a call or a process of a generated workflow, the only processes that hang, as it has to be; what that
  /// was, or nothing where the scheduler may choose.
  std::optional<std::string> answer_generated(size_t index);
  void answer(size_t index, Result<delivery::HttpAnswer> answer);

  /// Calls seen since the last time, as lines of a trace.
  std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }
  std::vector<Violation> take_violations() { return std::exchange(violations_, {}); }
  uint64_t calls() const { return calls_; }

 private:
  void see(const std::string& key, const std::string& what, bool ordered, const std::string& order_key);

  std::unique_ptr<delivery::SimulatedHttpClient> http_;
  std::unique_ptr<delivery::SimulatedProcessRunner> processes_;
  IsDurable is_durable_;
  std::vector<uint64_t> hanging_;
  using Answer = std::variant<delivery::HttpAnswer, delivery::ProcessAnswer>;
  std::map<uint64_t, Answer> generated_;             ///< to calls of generated workflows that hang
  std::map<std::string, std::string> seen_;          ///< Idempotency-Key → what it was for
  std::map<std::string, Sequence> newest_;           ///< ordering key → newest cause begun with
  std::vector<std::string> lines_;
  std::vector<Violation> violations_;
  uint64_t calls_ = 0;
};

}  // namespace hence::sim

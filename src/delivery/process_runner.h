// SPDX-License-Identifier: Apache-2.0
#pragma once

// Port: one child process (`run: shell`). The real one (connectors/shell) asks a small supervisor
// that outlives no server: when the server's pipe closes, also by kill -9, the whole process group
// ends.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace hence::delivery {

struct ProcessCall {
  std::string command;                 ///< POSIX shell text: sh -c command sh arguments…
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  ///< added to a clean one with a fixed PATH
  std::string input;                   ///< stdin
  Duration timeout = Duration::minutes(10);
  uint64_t output_bytes_max = 1 << 20;  ///< of stdout and of stderr, each
  bool script = false;                  ///< of `run: script`, which has a permission of its own
  std::string attempt_name;             ///< names the attempt's folder: [A-Za-z0-9._-]
};

struct ProcessAnswer {
  int exit_code = 0;  ///< 128 + signal where a signal ended it
  std::string output;
  std::string error_output;
};

class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  /// Starts a process; done runs exactly once, on any thread.
  /// Errors given to done: RunRefused (configuration), RequestInvalid (what no process can be
  /// given), Overloaded (refused here, never started), CallFailed (could not start, time limit,
  /// output limit; the whole group is ended first).
  virtual void start(uint64_t call_id, ProcessCall call,
                     std::function<void(Result<ProcessAnswer>)> done) = 0;
  virtual void cancel(uint64_t call_id) = 0;
};

}  // namespace hence::delivery

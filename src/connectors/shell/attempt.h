// SPDX-License-Identifier: Apache-2.0
#pragma once

// One running command, as the supervisor sees it. Driven by readiness of its pipes, the exit of
// its main process and the clock; it starts nothing itself.
//
//   running ──exit──► leaving ──pipes closed and group gone, or 1 s──► answered
//      │                                     │ group still there
//      └─limit, cancel─► ending (SIGTERM) ◄──┘
//                          │ 2 s
//                          ▼
//                        killed (SIGKILL) ──► gone
//
// `leaving` exists for daemons: a process that calls setsid() leaves the group and is not ours to
// end, but needs a moment to do so; and it may hold the pipes open for as long as it lives.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/shell/protocol.h"
#include "connectors/shell/spawn.h"

namespace hence::connectors::shell {

using Instant = std::chrono::steady_clock::time_point;

class Attempt {
 public:
  Attempt(StartFrame call, Child child, std::string folder, Instant now);

  pid_t pid() const { return child_.pid; }
  const std::string& folder() const { return folder_; }
  const Fd& input() const { return child_.input; }
  const Fd& output() const { return child_.output; }
  const Fd& error_output() const { return child_.error_output; }

  /// The pipe can be written, or read.
  void feed_input();
  void read_output(Instant now);
  void read_error_output(Instant now);
  /// The main process ended; wait_status as waitpid gives it.
  void exited(int wait_status) { exit_code_ = exit_code_of(wait_status); }
  /// Ends the group, SIGTERM first; reason becomes the answer.
  void end(std::string reason, Instant now);

  /// Moves on with the clock. Returns when it wants to be asked again at the latest.
  Instant step(Instant now);
  /// The answer, once, when there is one.
  std::optional<EndFrame> take_answer();
  /// Nothing of it is left, or nothing more can be done about it.
  bool gone() const { return phase_ == Phase::gone; }

 private:
  enum class Phase : uint8_t { running, leaving, ending, killed, gone };
  static int exit_code_of(int wait_status);
  bool group_gone() const;
  bool pipes_closed() const { return !child_.output.open() && !child_.error_output.open(); }
  void read_pipe(Fd& pipe, std::string& into, std::string_view name, Instant now);
  void enter(Phase phase, Instant deadline);
  void answer();

  StartFrame call_;
  Child child_;
  std::string folder_;
  Phase phase_ = Phase::running;
  Instant deadline_;
  std::optional<int> exit_code_;
  size_t input_done_ = 0;
  EndFrame end_;
  bool answered_ = false;
  bool answer_ready_ = false;
};

}  // namespace hence::connectors::shell

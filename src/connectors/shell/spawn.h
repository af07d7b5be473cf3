// SPDX-License-Identifier: Apache-2.0
#pragma once

// Starts one shell command as a child in a session and process group of its own, with nothing of
// ours but three pipes.

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/result.h"
#include "connectors/shell/protocol.h"

namespace hence::connectors::shell {

/// A file descriptor that is closed with its owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

struct Child {
  pid_t pid = 0;  ///< also its process group and session
  Fd input;       ///< write end, not blocking; closed where there is no input
  Fd output;      ///< read ends, not blocking
  Fd error_output;
};

/// Runs `sh -c command sh arguments…` in folder: a clean environment, umask 077, no new
/// privileges, no descriptors beyond the three, default signal dispositions.
/// To be called in a process of one thread. Errors: CallFailed (the sentence says what failed).
Result<Child> spawn(const StartFrame& call, const std::string& folder);

}  // namespace hence::connectors::shell

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The folders commands run in. One is made for each attempt and removed after it; removing runs in
// a child process of its own, since a big tree takes long. Only names that begin with "attempt-"
// or "ended-" are ever touched, so a wrong work folder costs nobody anything.

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace hence::connectors::shell {

class AttemptFolders {
 public:
  explicit AttemptFolders(std::string work_dir) : work_dir_(std::move(work_dir)) {}

  /// Waits until an earlier supervisor and its commands are gone (at most 6 s), and removes what
  /// they left behind.
  void begin();
  /// Makes a folder of its own. Errors: CallFailed.
  Result<std::string> create(const std::string& name);
  /// Takes the folder away at once; its contents are removed in the background.
  void remove(const std::string& folder);
  /// Told of every child that was reaped.
  void reaped(pid_t pid);
  /// Removes what is left, now.
  void finish();

 private:
  void wait_for_earlier();
  void retire(const std::string& folder);
  void sweep();

  std::string work_dir_;
  uint64_t last_number_ = 0;
  pid_t sweeper_ = 0;
  bool sweep_again_ = false;
};

}  // namespace hence::connectors::shell

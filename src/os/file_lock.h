// SPDX-License-Identifier: Apache-2.0
#pragma once

// One process at a time owns a data folder: an flock on the file "lock" in it. The kernel lets go
// when the process ends, however it ends.

#include <string>

#include "base/result.h"

namespace hence::os {

class FileLock {
 public:
  /// Takes the lock of an existing folder without waiting.
  /// Errors: DataFolderInUse (names the folder and the process that has it), DiskFailed.
  static Result<FileLock> acquire(const std::string& folder);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace hence::os

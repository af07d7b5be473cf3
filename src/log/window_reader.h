// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a file forward through one buffer.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/disk.h"

namespace hence::log {

class WindowReader {
 public:
  static constexpr size_t kWindowBytes = 256 << 10;

  /// Never reads at or beyond limit. file outlives the reader.
  WindowReader(os::File& file, uint64_t limit) : file_(&file), limit_(limit) {}

  /// At least want bytes from offset on, fewer only at the limit or the file's end; valid until the
  /// next call. Errors: DiskFailed.
  Result<std::string_view> at(uint64_t offset, size_t want);
  uint64_t limit() const { return limit_; }
  /// What was read near the old limit is read again.
  void set_limit(uint64_t limit) { limit_ = limit; }

 private:
  os::File* file_;
  uint64_t limit_;
  uint64_t begin_ = 0;
  std::string buffer_;
};

/// The bytes at offset, count of them; never takes more memory than the file has bytes, or a window.
/// Errors: DiskFailed; LogDamaged if the file ends before.
Result<std::string> read_exactly(os::File& file, uint64_t offset, size_t count);

}  // namespace hence::log

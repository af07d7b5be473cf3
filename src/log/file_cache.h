// SPDX-License-Identifier: Apache-2.0
#pragma once

// Segment files opened for reading, the most recently used ones kept. One thread.

#include <list>
#include <memory>
#include <utility>

#include "base/ids.h"
#include "base/result.h"
#include "log/segment_file.h"
#include "log/segment_list.h"
#include "os/disk.h"

namespace hence::log {

class FileCache {
 public:
  static constexpr size_t kFilesMax = 64;

  explicit FileCache(os::Disk& disk) : disk_(&disk) {}

  /// The file of the segment at base, valid until the next call.
  /// Errors: BeyondRetention (the segment was dropped), DiskFailed.
  Result<SegmentFile*> open(Position base);
  /// Closes the file, so that a dropped segment frees its space.
  void close(Position base);
  /// Closes files of segments that the list does not have, or has compressed meanwhile.
  void close_replaced(const SegmentList& list);

 private:
  os::Disk* disk_;
  std::list<std::pair<Position, std::unique_ptr<SegmentFile>>> files_;  ///< newest use first
};

}  // namespace hence::log

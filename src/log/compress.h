// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writing a sealed segment once more, compressed. Off the path of commits:
//
//   any one thread                          the Log's thread
//   compress_segment(disk, base) ─────────► Log::take_compressed(segment)
//     reads and checks every byte,            gives the file the segment's name; readers that have
//     writes compressed.tmp                   the old file open go on reading the same bytes

#include <memory>

#include "base/ids.h"
#include "base/result.h"
#include "log/footer.h"

namespace hence::os {
class Disk;
}

namespace hence::log {

/// Writes the segment, which has a footer, compressed to kCompressedName and syncs it. Errors:
/// LogDamaged (the segment is not what was written: nothing is replaced), DiskFailed, DiskFull.
Result<std::shared_ptr<const SealedSegment>> compress_segment(os::Disk& disk, Position base);

}  // namespace hence::log

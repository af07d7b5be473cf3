// SPDX-License-Identifier: Apache-2.0
#pragma once

// Opening a folder of segments after whatever happened to it: reads the footers, makes again those
// that are unreadable, scans the open segment, and tells a torn tail from damage.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/footer.h"
#include "log/log.h"
#include "log/segment_index.h"
#include "log/segment_scanner.h"
#include "os/disk.h"

namespace hence::log {

class SegmentFile;

/// What the bytes of the last segment say from where its whole commits end.
struct Tail {
  enum class Kind : uint8_t { clean, torn, footer, damaged };
  Kind kind = Kind::clean;
  uint64_t offset = 0;  ///< of what is wrong
  uint64_t end = 0;     ///< of the last byte that is not zero
  std::string what;     ///< a clause, unless clean
};

/// Judges the end of the last segment. fault: why the scan stopped at offset scan_end.
/// Errors: DiskFailed.
Result<Tail> judge_tail(os::File& file, Position base, uint64_t scan_end, const ScanFault& fault);

/// Whether the file holds nothing but zeros from offset on. Errors: DiskFailed.
Result<bool> is_zero_from(os::File& file, uint64_t offset);

/// The base positions of the segments in the folder, in order. Errors: DiskFailed.
Result<std::vector<Position>> list_segments(os::Disk& disk);
/// Errors: LogDamaged (file and offset 0), LogVersionNewer, DiskFailed.
Result<SegmentHeader> read_segment_header(SegmentFile& file, Position base);
/// The same for who names the place: of LogDamaged only what is wrong, unless file.fault() says where.
Result<SegmentHeader> check_segment_header(SegmentFile& file, Position base);

struct Recovered {
  std::vector<std::shared_ptr<const SealedSegment>> sealed;
  /// Of the newest segments, newest first, as many as filter_bytes_max allows.
  std::vector<std::unique_ptr<EventFilter>> filters;
  std::shared_ptr<SegmentIndex> open;  ///< none: the next commit begins a segment
  Position begin;
  Position end;
  Digest chain{};
  std::vector<Address> last;  ///< last sequence of each partition
};

/// Leaves on the disk, synced, exactly what it returns. Errors: as Log::open.
Result<Recovered> recover(os::Disk& disk, const LogOptions& options, OpenReport& report);

}  // namespace hence::log

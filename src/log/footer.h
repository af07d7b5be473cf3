// SPDX-License-Identifier: Apache-2.0
#pragma once

// The end of a sealed segment: what is in it and where, so that nothing needs to read it whole.
//
//   footer = head partition* offset-list* event* filter trailer
//
// All of it follows from the commits and can be made again from them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "log/event_filter.h"
#include "log/segment_index.h"
#include "log/sha256.h"
#include "os/disk.h"

namespace hence::log {

/// A sealed segment as its footer's head describes it. Offsets are in the file.
struct SealedSegment {
  struct Range {
    Partition partition = 0;
    uint32_t count = 0;
    Sequence first = 0;
    uint32_t offsets_at = 0;  ///< list of u32: where first, first + 1, … lie
  };

  Position base;
  uint32_t header_bytes = 0;
  uint32_t end_offset = 0;  ///< of the commits; the footer begins here
  uint64_t file_bytes = 0;     ///< on the disk
  uint32_t stored_footer = 0;  ///< of a compressed segment: where on the disk its footer begins
  UtcTime first_time;
  UtcTime last_time;
  uint64_t record_count = 0;
  uint64_t commit_count = 0;
  Digest chain{};  ///< after the last commit
  std::vector<Range> ranges;  ///< by partition
  uint32_t event_count = 0;
  uint32_t events_at = 0;
  uint32_t filter_at = 0;
  uint32_t filter_bytes = 0;
  uint32_t filter_checksum = 0;
  uint32_t lists_checksum = 0;
  uint32_t events_checksum = 0;

  Position end() const { return {base.value + end_offset}; }
  bool compressed() const { return stored_footer != 0; }
  uint64_t footer_bytes() const {
    return file_bytes - (compressed() ? stored_footer : end_offset);
  }
  const Range* find_range(Partition partition) const;
};

struct Footer {
  SealedSegment segment;
  EventFilter filter;
  std::string bytes;  ///< to be written at segment.end_offset, the file to end after them
};

/// chain: after the segment's last commit. stored_at: where the footer will lie on the disk, of a
/// compressed segment.
Footer build_footer(const SegmentIndex& index, const Digest& chain, uint32_t stored_at = 0);
/// The bytes of a footer as they are where the segment is compressed.
std::string move_footer(std::string footer, uint32_t stored_at);

/// What a file's last bytes say of its footer.
struct FooterTrailer {
  uint64_t offset = 0;     ///< in the segment as it was written
  uint32_t stored_at = 0;  ///< on the disk, where that is another
};
/// None if the file does not end with a whole trailer. Errors: DiskFailed.
Result<std::optional<FooterTrailer>> read_trailer(os::File& file);

/// The sealed segment in a file that ends with a whole footer; none if it does not.
/// Errors: DiskFailed.
Result<std::optional<SealedSegment>> read_footer(os::File& file, Position base);
/// Whether a footer, whole or not, begins at offset: by its first bytes or by the file's last ones.
Result<bool> looks_like_footer(os::File& file, uint64_t offset);

/// Errors: LogDamaged (checksum), DiskFailed.
Result<EventFilter> load_filter(os::File& file, const SealedSegment& segment);
/// The record's offset. Errors: DiskFailed, LogDamaged.
Result<std::optional<uint32_t>> find_offset(os::File& file, const SealedSegment& segment,
                                            Address address);
/// The offset of the newest record that accepted the event; reads some 4 KiB.
/// Errors: DiskFailed, LogDamaged.
Result<std::optional<uint32_t>> find_event_offset(os::File& file, const SealedSegment& segment,
                                                  Hash128 hash);
/// Whether the footer in the file is byte for byte the one that belongs to its commits.
Result<bool> footer_equals(os::File& file, const SealedSegment& segment, const Footer& expected);

}  // namespace hence::log

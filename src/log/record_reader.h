// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads single records by their place.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "log/file_cache.h"
#include "log/record.h"
#include "log/segment_list.h"
#include "os/disk.h"

namespace hence::log {

/// The record at offset of the segment at base, with its checksum checked.
/// Errors: LogDamaged (says file and offset, and what to do), LogVersionNewer, DiskFailed.
Result<StoredRecord> read_record(os::File& file, Position base, uint64_t offset);

/// The record at an address in the sealed segments; none if it is not, and not older, in them.
/// Errors: as read_record; BeyondRetention if its segment was dropped.
Result<std::optional<StoredRecord>> find_sealed(const SegmentList& segments, FileCache& files,
                                                Address address);
/// Whether retention dropped the record at an address where no segment has one: what came before it, the oldest
/// segment's header says. Errors: LogDamaged, DiskFailed, BeyondRetention (that segment went meanwhile).
Result<bool> was_dropped(const SegmentList& segments, FileCache& files, Address address);
Error beyond_retention(Address address, const SegmentList& kept);
/// "the log is kept from 2026-04-28T18:34:06Z (position 4096) on"
std::string kept_from(const SegmentList& kept);

/// LogDamaged, in the words the user sees: file, offset, what, and what to do.
Error damaged_at(Position base, uint64_t offset, std::string_view what);

}  // namespace hence::log

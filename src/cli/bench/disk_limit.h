// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the disk itself does: one file prepared as a segment of the log is, one thread, writes of a
// given size, each made durable.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "cli/bench/facts.h"
#include "json/builder.h"

namespace hence::cli::bench {

struct DiskLimit {
  uint64_t commit_bytes = 0;
  double bytes_per_second = 0;
  Latencies syncs;        ///< fdatasync alone, one after the other
  Latencies paced_syncs;  ///< at the pace of a load that has one: a disk that rests between them takes longer for each
};

/// Measures in folder for so many seconds; per_second: writes a second, 0: one after the other.
/// Errors: DiskFailed, DiskFull.
Result<DiskLimit> measure_disk(const std::string& folder, uint64_t commit_bytes, double seconds, double per_second = 0);

/// The member "limit": what it would be of the bench's unit, whose value came with so many bytes a second.
void write_limit(json::Builder& out, const DiskLimit& limit, double value, double bytes_per_second);

}  // namespace hence::cli::bench

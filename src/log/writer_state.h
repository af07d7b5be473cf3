// SPDX-License-Identifier: Apache-2.0
#pragma once

// What Log and LogWriter share of each other's insides: a commit's rotation, the writer's state.

#include <memory>
#include <optional>

#include "log/footer.h"
#include "log/format.h"
#include "log/log.h"
#include "log/log_writer.h"
#include "log/segment_index.h"
#include "os/disk.h"

namespace hence::log {

/// What a commit carries that begins a segment. The writer turns `previous` into `sealed`.
struct Commit::Rotation {
  std::shared_ptr<const SegmentIndex> previous;  ///< none: there was no segment, or it is sealed
  SegmentHeader header;                          ///< of the new one; the chain is the writer's
  std::shared_ptr<const SealedSegment> sealed;
  std::unique_ptr<EventFilter> filter;
};

struct LogWriter::State {
  State(os::Disk& the_disk, const LogOptions& options)
      : disk(the_disk),
        segment_bytes(options.segment_bytes),
        zero_ahead_bytes(options.zero_ahead_bytes),
        zeroed_commit_bytes_max(options.zeroed_commit_bytes_max) {}

  os::Disk& disk;
  uint64_t segment_bytes;
  uint64_t zero_ahead_bytes;
  uint64_t zeroed_commit_bytes_max;
  std::unique_ptr<os::File> file;  ///< none before the first commit
  Position base;                   ///< of the file
  uint64_t prepared = 0;           ///< size of the file: zeros beyond what is written
  Position written;
  Position durable;
  Digest chain{};
  bool failed = false;

  Status seal(Commit::Rotation& rotation);
  Status begin_segment(SegmentHeader& header);
  Status take_spare(const std::string& name);
  Status prepare_up_to(uint64_t end);
  void complete(Commit& commit);
  Status write(Commit& commit);
  Status sync();
};

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The half of the log that writes: takes staged commits in their order, completes them (digests,
// checksums, chain), writes them into blocks that hold zeros already, and syncs. Owned by one
// thread, which may be another than the Log's.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/sha256.h"

namespace hence::os {
class Disk;
}

namespace hence::log {

struct LogOptions;

struct CommitResult {
  Position begin;  ///< where the commit begins; where the one before it ended, or a new segment
  Position end;    ///< resume reading here; the position to store with the state applied
  Digest chain{};  ///< the chain's hash after it
};

/// Records on their way to the disk: a value that moves from Log to LogWriter and back.
class Commit {
 public:
  Commit(Commit&&) noexcept;
  Commit& operator=(Commit&&) noexcept;
  ~Commit();

  /// Positions are known at once, the chain hash after LogWriter::write.
  const CommitResult& result() const { return result_; }
  /// Of record i: its position.
  Position position(size_t i) const { return record_positions_[i]; }
  size_t record_count() const { return record_positions_.size(); }
  size_t byte_count() const { return bytes_.size(); }

 private:
  friend class Log;
  friend class LogWriter;
  Commit();

  /// Before the commit: the segment that ends here, if it begins a new one.
  struct Rotation;
  std::unique_ptr<Rotation> rotation_;
  std::string bytes_;  ///< frame and records, digests and checksums missing until written
  std::vector<Position> record_positions_;
  CommitResult result_;
};

class LogWriter {
 public:
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Writes the next staged commit. Not durable before sync(); several may be written before one
  /// sync. Errors: DiskFailed, DiskFull; the writer fails everything afterwards.
  Status write(Commit& commit);
  /// Makes durable all that was written. Errors: as write.
  Status sync();

  /// Prepares blocks for the next LogOptions::zero_ahead_bytes; for when there is nothing to write.
  /// Errors: as write.
  Status prepare();

 private:
  friend class Log;
  struct State;
  explicit LogWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Prepares a whole file of zeros for the next segment, unless there is one: the writer takes it by
/// renaming it. May run on any one thread beside the writer's (the two share nothing but the
/// folder), so that a busy writer never writes zeros itself. Call every second or so: it does
/// nothing when a spare is there. Errors: DiskFailed, DiskFull; the log does not depend on it.
Status prepare_spare_segment(os::Disk& disk, uint64_t segment_bytes);

/// Segments that stay in the system's memory, the open one among them, for whoever reads what is new.
inline constexpr size_t kSegmentsCached = 4;
/// Has the system forget its copies of all older ones. dropped: the newest that was forgotten before, empty at first;
/// kept up to date. For the thread that prepares spare segments. Errors: DiskFailed; the log does not depend on it.
Status drop_cached_segments(os::Disk& disk, std::string& dropped);

}  // namespace hence::log

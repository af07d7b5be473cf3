// SPDX-License-Identifier: Apache-2.0
#pragma once

// The event log embedded in the process: segment files, checksummed and hash-chained, one writer.
//
//   engine thread                     writer thread                    other threads
//   Log::stage(records) ─► Commit ──► LogWriter::write(commit) …
//                                     LogWriter::sync()
//   Log::acknowledge(commit) ◄─────── Commit (same order)
//   Log::view() ────────────────────────────────────────────────────► LogReader::refresh(view)
//
// Every object is owned by one thread and what passes between them is handed over by value, so
// nothing here locks: Log (state of the log, index, deduplication), its LogWriter (the files being
// written), any number of LogReaders (files of their own, up to the committed end they were given).
// A program of one thread calls append_commit, which does the three steps.
//
// Byte layout, and how a torn tail is told from damage: docs/formats/log.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "log/log_reader.h"
#include "log/log_writer.h"
#include "log/record.h"

namespace hence::os {
class Disk;
}

namespace hence::log {

struct SealedSegment;

/// Where a log begins that does not begin at nothing: what a checkpoint keeps of the log before it.
struct LogStart {
  Position position;
  Digest chain{};
  std::vector<Address> last;  ///< last sequence of each partition
};

struct LogOptions {
  uint64_t segment_bytes = 64 << 20;      ///< 64 KiB .. 1 GiB; the next segment begins beyond it
  uint64_t zero_ahead_bytes = 4 << 20;    ///< written with zeros in one go ahead of the commits
  /// Larger commits allocate their blocks as they go: zeros before them would double what the disk
  /// takes, and save little beside a sync of so many bytes.
  uint64_t zeroed_commit_bytes_max = 256 << 10;
  uint64_t filter_bytes_max = 256 << 20;  ///< memory for deduplication in sealed segments
  /// The highest position known to have been synced, say from the state store. A log that ends
  /// before it is damaged, however much it looks like a torn tail.
  Position acknowledged;
  std::optional<LogStart> start;  ///< used when the folder holds no segment
};

/// What open found and did.
struct OpenReport {
  Position begin;  ///< of the oldest segment kept
  Position end;
  uint64_t segments = 0;
  uint64_t records_scanned = 0;  ///< in the open segment
  uint64_t cut_bytes = 0;        ///< of a torn tail, none of it ever acknowledged; 0 is none
  std::string cut;               ///< the sentence that says so: file, offset, why
  std::vector<std::string> rebuilt_footers;  ///< segments whose footer was unreadable, now rewritten
};

struct RetentionLimits {
  UtcTime not_before;  ///< segments whose last record is older may go
  uint64_t bytes_max;  ///< the oldest go until the rest is within it
  Position keep_from;  ///< nothing at or after it goes: what the state has not applied and saved
};

/// Owned by one thread. Any failed write or sync makes it unusable: end the process (F2).
class Log {
 public:
  /// Reads the footers of sealed segments, scans the open one, cuts a torn tail and says so.
  /// Creates no file: the first commit does. disk is a folder of the log's own, and outlives it.
  /// Errors: LogDamaged (file, offset, what to do), LogVersionNewer, DiskFailed.
  static Result<std::unique_ptr<Log>> open(os::Disk& disk, LogOptions options, OpenReport& report);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// stage, write, sync, acknowledge. Errors: as of stage and of LogWriter.
  Result<CommitResult> append_commit(std::span<const Record> records);

  /// Gives records (at least one) their positions, and the index their addresses and event hashes:
  /// find_event and last_sequence know them at once. No I/O; the bytes are copied.
  /// Errors: TooLarge (nothing is staged).
  Result<Commit> stage(std::span<const Record> records);
  /// The one writer, to be used by one thread (this or another).
  LogWriter& writer() { return *writer_; }
  /// Takes back a commit that was written and synced; in the order they were staged.
  void acknowledge(Commit commit);

  Position begin() const;                             ///< of the oldest segment kept
  std::optional<UtcTime> begin_time() const;          ///< of the oldest record kept
  Position durable() const { return durable_; }       ///< end of what is acknowledged
  Position staged() const { return staged_; }         ///< end of what is staged
  const Digest& chain() const { return chain_; }      ///< hash after durable()
  Sequence last_sequence(Partition partition) const;  ///< staged ones included; 0 is none
  std::vector<Address> last_sequences() const;        ///< of all partitions, by partition

  /// The record at an address; only acknowledged ones. Errors: LogDamaged, DiskFailed,
  /// BeyondRetention (there was one).
  Result<std::optional<StoredRecord>> find(Address address);

  /// The newest record that accepted an event of this hash, if at not_before or later; staged ones
  /// included. Knows events back to dedup_horizon().
  Result<std::optional<Address>> find_event(Hash128 hash, UtcTime not_before);
  /// The time from which on find_event knows every event; filters' memory and retention bound it.
  UtcTime dedup_horizon() const;
  /// Of the newest record, staged ones included.
  std::optional<UtcTime> last_time() const;

  /// Records from a position on that a record, a commit or the log begins or ends at, up to
  /// durable(). Errors: BeyondRetention, RequestInvalid (no such place).
  Result<Cursor> read_from(Position position);

  /// What a LogReader may read, by value; cheap. Hand out a new one after acknowledge.
  LogView view() const;

  /// Whether the oldest segment is too old or the log too large, keep_from aside.
  bool would_drop(const RetentionLimits& limits) const;
  /// Drops whole sealed segments, oldest first. Returns how many. Errors: DiskFailed.
  Result<uint64_t> drop(const RetentionLimits& limits);
  /// Of the segments kept, as files.
  uint64_t bytes() const;

  /// The oldest sealed segment that is not compressed: for compress_segment, on any one thread.
  std::optional<Position> next_to_compress() const;
  /// Puts what compress_segment made in the segment's place; no bytes are copied. If the segment
  /// was dropped meanwhile, removes it. Errors: DiskFailed.
  Status take_compressed(std::shared_ptr<const SealedSegment> compressed);
  size_t compressed_count() const;

  /// Writes and syncs an empty commit, so that the next open can tell damage in the last commit.
  /// Nothing may be staged. The log is unusable afterwards.
  Status close();

 private:
  Log(os::Disk& disk, LogOptions options);
  Commit stage_sized(std::span<const Record> records, uint64_t bytes);
  void begin_segment(UtcTime created, Commit& commit);

  os::Disk& disk_;
  LogOptions options_;
  Position durable_;
  Position staged_;
  Digest chain_{};
  std::unique_ptr<LogWriter> writer_;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hence::log

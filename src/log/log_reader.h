// SPDX-License-Identifier: Apache-2.0
#pragma once

// The half of the log that reads, for any thread: a LogReader has files of its own and reads sealed
// segments and the committed part of the open one, as far as the view says that it was given.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/record.h"

namespace hence::os {
class Disk;
}

namespace hence::log {

struct SegmentList;

/// What may be read: an immutable list of segments and the end of what is acknowledged.
struct LogView {
  std::shared_ptr<const SegmentList> segments;
  Position end;
};

/// One record after another in the order of positions. Owned by one thread; independent of the
/// reader that made it.
class Cursor {
 public:
  /// Begins where a record, a commit, a segment or the view begins or ends.
  /// Errors: BeyondRetention, RequestInvalid (no such place), DiskFailed.
  static Result<Cursor> open(os::Disk& disk, LogView view, Position position);
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  struct Entry {
    Record record;      ///< valid until the next call of next() or refresh()
    Position position;  ///< of the record
    Position next;      ///< where to go on after it; after a commit's last record, its end
  };
  /// The next record, or nothing at the end of the view. Checks lengths, checksums and places;
  /// the chain is verify's. Errors: LogDamaged, LogVersionNewer, DiskFailed.
  Result<std::optional<Entry>> next();
  /// A later view of the same log: next() goes on where it stopped.
  void refresh(LogView view);
  Position position() const;

 private:
  struct State;
  explicit Cursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class LogReader {
 public:
  /// disk outlives the reader.
  LogReader(os::Disk& disk, LogView view);
  ~LogReader();
  LogReader(LogReader&&) noexcept;
  LogReader& operator=(LogReader&&) noexcept;

  void refresh(LogView view);

  /// As Log::find. The first look-up in the open segment indexes it, later ones what was added.
  Result<std::optional<StoredRecord>> find(Address address);
  /// The newest record that accepted an event of this hash, however old. Errors: LogDamaged,
  /// DiskFailed, BeyondRetention (a segment went meanwhile).
  Result<std::optional<Address>> find_event(Hash128 hash);
  /// As Log::read_from.
  Result<Cursor> read_from(Position position);
  /// Where segments begin that the view lets be read, oldest first: to read the newest of it
  /// without the rest.
  std::vector<Position> segment_begins() const;
  /// The first position whose record's time may be at or after a time (by segment: some older
  /// records may follow).
  Position position_at(UtcTime time) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hence::log

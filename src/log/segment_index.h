// SPDX-License-Identifier: Apache-2.0
#pragma once

// The index of one segment in memory: which record lies where, and which event hash it accepted.
// Grows while the segment is open; then becomes immutable and the footer is made from it.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "log/record.h"

namespace hence::log {

class SegmentIndex {
 public:
  explicit SegmentIndex(Position base, uint32_t header_bytes)
      : base_(base), header_bytes_(header_bytes), end_offset_(header_bytes) {}

  struct Entry {
    Address address;
    UtcTime time;
    uint32_t offset = 0;
    bool has_event = false;
    Hash128 event;
  };
  struct Partitions {
    Sequence first = 0;
    std::vector<uint32_t> offsets;  ///< of first, first + 1, …
  };

  /// offset: of the record in the file. False, and nothing added, if its sequence does not follow
  /// the one before it in its partition.
  bool add(const RecordHeader& header, uint32_t offset);
  void commit_ends_at(uint32_t offset) {
    end_offset_ = offset;
    ++commit_count_;
  }

  Position base() const { return base_; }
  uint32_t header_bytes() const { return header_bytes_; }
  uint32_t end_offset() const { return end_offset_; }
  Position end() const { return {base_.value + end_offset_}; }
  uint64_t commit_count() const { return commit_count_; }
  UtcTime first_time() const { return first_time_; }
  UtcTime last_time() const { return last_time_; }
  const std::vector<Entry>& entries() const { return entries_; }
  size_t event_count() const { return event_count_; }
  const std::map<Partition, Partitions>& partitions() const { return partitions_; }

  /// The record's offset in the file.
  std::optional<uint32_t> find(Address address) const;
  /// The newest record that accepted the event.
  const Entry* find_event(Hash128 hash) const;

 private:
  /// Where an event may be: its entry's index + 1, 0 for a free slot, and enough of its hash that
  /// the entry, elsewhere in memory, is looked at for hardly any other event.
  struct Slot {
    uint32_t place = 0;
    uint32_t tag = 0;
  };
  static uint32_t tag_of(Hash128 hash) { return static_cast<uint32_t>(hash.high); }
  void insert_slot(uint32_t entry);
  void grow_slots();

  Position base_;
  uint32_t header_bytes_;
  uint32_t end_offset_;
  uint64_t commit_count_ = 0;
  UtcTime first_time_;
  UtcTime last_time_;
  std::vector<Entry> entries_;
  std::map<Partition, Partitions> partitions_;
  std::vector<Slot> slots_;  ///< open addressing over entries_ that have an event
  size_t event_count_ = 0;
};

}  // namespace hence::log

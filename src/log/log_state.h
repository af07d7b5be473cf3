// SPDX-License-Identifier: Apache-2.0
#pragma once

// The insides of Log: what is open, what is being sealed, what is sealed.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "log/event_filter.h"
#include "log/file_cache.h"
#include "log/log.h"
#include "log/segment_index.h"
#include "log/segment_list.h"

namespace hence::log {

/// Event hashes of the sealed segments, newest first, as far as memory allows. Segments sealed since
/// the log was opened are in groups: a filter for sixteen or so, asked before those of its segments, so
/// that an event nobody knows costs a line of memory a group, not a segment.
class EventHistory {
 public:
  EventHistory(os::Disk& disk, uint64_t bytes_max) : files_(disk), bytes_max_(bytes_max) {}

  /// A segment newer than all before. index: what it holds.
  void add_newest(std::shared_ptr<const SealedSegment> segment,
                  std::unique_ptr<EventFilter> filter, const SegmentIndex& index);
  /// A segment older than all before, within the memory allowed.
  void add_oldest(std::shared_ptr<const SealedSegment> segment,
                  std::unique_ptr<EventFilter> filter);
  /// Forgets the oldest segments up to and with this one.
  void drop_up_to(Position base);
  /// The same segment in another file.
  void replace(const std::shared_ptr<const SealedSegment>& segment);

  /// As Log::find_event, in sealed segments.
  Result<std::optional<Address>> find(Hash128 hash, UtcTime not_before);
  /// First time in the segments it knows.
  std::optional<UtcTime> first_time() const;
  size_t segment_count() const { return known_.size(); }

 private:
  /// Neighbours in known_.
  struct Group {
    /// Half the bits a key of a segment's own filter: one absent key in about a hundred passes.
    explicit Group(size_t keys) : filter(keys / 2), free_keys(keys) {}
    EventFilter filter;
    size_t free_keys;  ///< that it can still take
  };
  struct Known {
    std::shared_ptr<const SealedSegment> segment;
    std::unique_ptr<EventFilter> filter;
    std::shared_ptr<Group> group;  ///< none for what was there when the log was opened
  };
  void add_to_group(const SegmentIndex& index);
  void drop_oldest();
  Result<std::optional<Address>> find_in(size_t begin, size_t end, Hash128 hash, UtcTime not_before);
  Result<std::optional<Address>> look_up(const SealedSegment& segment, Hash128 hash,
                                         UtcTime not_before);

  std::deque<Known> known_;  ///< newest first
  FileCache files_;
  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
};

struct Log::State {
  State(os::Disk& disk, uint64_t filter_bytes_max)
      : history(disk, filter_bytes_max), files(disk) {}

  std::shared_ptr<SegmentIndex> open;  ///< none: the next commit begins a segment
  std::deque<std::shared_ptr<const SegmentIndex>> sealing;  ///< oldest first
  EventHistory history;
  FileCache files;
  std::shared_ptr<const SegmentList> segments;
  std::map<Partition, Sequence> last;
  uint64_t sealed_bytes = 0;
  bool closed = false;

  bool needs_segment(uint64_t commit_bytes, uint64_t segment_bytes) const;
  const SegmentIndex* index_of(Address address, uint32_t& offset) const;
  void publish(std::vector<std::shared_ptr<const SealedSegment>> sealed, Position begin);
};

}  // namespace hence::log

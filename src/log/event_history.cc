// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "log/log_state.h"
#include "log/record_reader.h"

namespace hence::log {

void EventHistory::add_newest(std::shared_ptr<const SealedSegment> segment,
                              std::unique_ptr<EventFilter> filter) {
  bytes_ += filter->byte_count();
  known_.push_front({std::move(segment), std::move(filter)});
  while (bytes_ > bytes_max_ && !known_.empty()) {
    bytes_ -= known_.back().filter->byte_count();
    known_.pop_back();
  }
}

void EventHistory::add_oldest(std::shared_ptr<const SealedSegment> segment,
                              std::unique_ptr<EventFilter> filter) {
  bytes_ += filter->byte_count();
  known_.push_back({std::move(segment), std::move(filter)});
}

void EventHistory::drop_up_to(Position base) {
  files_.close(base);
  while (!known_.empty() && known_.back().segment->base <= base) {
    bytes_ -= known_.back().filter->byte_count();
    known_.pop_back();
  }
}

std::optional<UtcTime> EventHistory::first_time() const {
  std::optional<UtcTime> first;
  for (const Known& known : known_) {
    first = first ? std::min(*first, known.segment->first_time) : known.segment->first_time;
  }
  return first;
}

// A filter is one line of memory somewhere: the lines of a group are fetched together, then tested.
Result<std::optional<Address>> EventHistory::find(Hash128 hash, UtcTime not_before) {
  constexpr size_t kGroup = 16;
  for (size_t begin = 0; begin < known_.size(); begin += kGroup) {
    const size_t end = std::min(known_.size(), begin + kGroup);
    for (size_t i = begin; i < end; ++i) known_[i].filter->prefetch(hash);
    for (size_t i = begin; i < end; ++i) {
      const Known& known = known_[i];
      if (!known.filter->may_contain(hash) || known.segment->last_time < not_before) continue;
      HENCE_TRY(auto found, look_up(*known.segment, hash, not_before));
      if (found) return std::optional(*found);
    }
  }
  return std::optional<Address>();
}

Result<std::optional<Address>> EventHistory::look_up(const SealedSegment& segment, Hash128 hash,
                                                     UtcTime not_before) {
  HENCE_TRY(os::File* const file, files_.open(segment.base));
  HENCE_TRY(const auto offset, find_event_offset(*file, segment, hash));
  if (!offset) return std::optional<Address>();
  HENCE_TRY(const StoredRecord record, read_record(*file, segment.base, *offset));
  if (record.header().event_hash != hash) {
    return damaged_at(segment.base, *offset, "the footer names this record for another event");
  }
  if (record.header().time < not_before) return std::optional<Address>();
  return std::optional(record.header().address);
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "log/log_state.h"
#include "log/record_reader.h"

namespace hence::log {
namespace {

/// Fetched together, or asked through one filter.
constexpr size_t kSegmentsInGroup = 16;

}  // namespace

void EventHistory::add_newest(std::shared_ptr<const SealedSegment> segment,
                              std::unique_ptr<EventFilter> filter, const SegmentIndex& index) {
  bytes_ += filter_memory(filter->byte_count());
  known_.push_front({std::move(segment), std::move(filter), nullptr});
  add_to_group(index);
  while (bytes_ > bytes_max_ && !known_.empty()) drop_oldest();
}

void EventHistory::add_to_group(const SegmentIndex& index) {
  if (index.event_count() == 0) return;
  std::shared_ptr<Group> group = known_.size() > 1 ? known_[1].group : nullptr;
  if (group == nullptr || group->free_keys < index.event_count()) {
    group = std::make_shared<Group>(index.event_count() * kSegmentsInGroup);
  }
  for (const SegmentIndex::Entry& entry : index.entries()) {
    if (entry.has_event) group->filter.insert(entry.event);
  }
  group->free_keys -= index.event_count();
  known_.front().group = std::move(group);
}

void EventHistory::drop_oldest() {
  bytes_ -= filter_memory(known_.back().filter->byte_count());
  known_.pop_back();
}

void EventHistory::add_oldest(std::shared_ptr<const SealedSegment> segment,
                              std::unique_ptr<EventFilter> filter) {
  bytes_ += filter_memory(filter->byte_count());
  known_.push_back({std::move(segment), std::move(filter), nullptr});
}

void EventHistory::drop_up_to(Position base) {
  files_.close(base);
  while (!known_.empty() && known_.back().segment->base <= base) drop_oldest();
}

void EventHistory::replace(const std::shared_ptr<const SealedSegment>& segment) {
  files_.close(segment->base);
  for (Known& known : known_) {
    if (known.segment->base == segment->base) known.segment = segment;
  }
}

std::optional<UtcTime> EventHistory::first_time() const {
  std::optional<UtcTime> first;
  for (const Known& known : known_) {
    first = first ? std::min(*first, known.segment->first_time) : known.segment->first_time;
  }
  return first;
}

Result<std::optional<Address>> EventHistory::find(Hash128 hash, UtcTime not_before) {
  for (size_t begin = 0; begin < known_.size();) {
    const Group* group = known_[begin].group.get();
    size_t end = begin + 1;
    while (end < known_.size() && end - begin < kSegmentsInGroup && known_[end].group.get() == group) ++end;
    if (group == nullptr || group->filter.may_contain(hash)) {
      HENCE_TRY(auto found, find_in(begin, end, hash, not_before));
      if (found) return found;
    }
    begin = end;
  }
  return std::optional<Address>();
}

// A filter is one line of memory somewhere: the lines of several are fetched together, then tested.
Result<std::optional<Address>> EventHistory::find_in(size_t begin, size_t end, Hash128 hash, UtcTime not_before) {
  for (size_t i = begin; i < end; ++i) known_[i].filter->prefetch(hash);
  for (size_t i = begin; i < end; ++i) {
    const Known& known = known_[i];
    if (!known.filter->may_contain(hash) || known.segment->last_time < not_before) continue;
    HENCE_TRY(auto found, look_up(*known.segment, hash, not_before));
    if (found) return found;
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

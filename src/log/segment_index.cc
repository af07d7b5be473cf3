// SPDX-License-Identifier: Apache-2.0
#include "log/segment_index.h"

#include <algorithm>

namespace hence::log {

bool SegmentIndex::add(const RecordHeader& header, uint32_t offset) {
  Partitions& partition = partitions_[header.address.partition];
  if (partition.offsets.empty()) partition.first = header.address.sequence;
  if (header.address.sequence != partition.first + partition.offsets.size()) return false;
  if (entries_.empty()) first_time_ = last_time_ = header.time;
  first_time_ = std::min(first_time_, header.time);
  last_time_ = std::max(last_time_, header.time);
  partition.offsets.push_back(offset);
  entries_.push_back({header.address, header.time, offset, header.event_hash.has_value(),
                      header.event_hash.value_or(Hash128{})});
  if (!header.event_hash) return true;
  ++event_count_;
  if (event_count_ * 2 > slots_.size()) {
    grow_slots();
  } else {
    insert_slot(static_cast<uint32_t>(entries_.size() - 1));
  }
  return true;
}

void SegmentIndex::insert_slot(uint32_t entry) {
  const size_t mask = slots_.size() - 1;
  const Hash128 hash = entries_[entry].event;
  const uint32_t tag = tag_of(hash);
  for (size_t at = hash.low & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    // The newer record of an event takes the older one's place.
    if (slot.place == 0 || (slot.tag == tag && entries_[slot.place - 1].event == hash)) {
      slot = {entry + 1, tag};
      return;
    }
  }
}

void SegmentIndex::grow_slots() {
  slots_.assign(std::max<size_t>(64, slots_.size() * 2), {});
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].has_event) insert_slot(i);
  }
}

std::optional<uint32_t> SegmentIndex::find(Address address) const {
  const auto it = partitions_.find(address.partition);
  if (it == partitions_.end() || address.sequence < it->second.first) return std::nullopt;
  const uint64_t place = address.sequence - it->second.first;
  if (place >= it->second.offsets.size()) return std::nullopt;
  return it->second.offsets[place];
}

const SegmentIndex::Entry* SegmentIndex::find_event(Hash128 hash) const {
  if (slots_.empty()) return nullptr;
  const size_t mask = slots_.size() - 1;
  const uint32_t tag = tag_of(hash);
  for (size_t at = hash.low & mask; slots_[at].place != 0; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.tag == tag && entries_[slot.place - 1].event == hash) return &entries_[slot.place - 1];
  }
  return nullptr;
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include "log/footer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/hash.h"
#include "log/bytes.h"
#include "log/window_reader.h"

namespace hence::log {
namespace {

constexpr uint32_t kFooterMagic = 0xF3464348;  // "HCF" 0xF3
constexpr char kEndMagic[] = "HENCEEND";
constexpr size_t kHeadBytes = 128;
constexpr size_t kRangeBytes = 24;
constexpr size_t kEventBytes = 20;
constexpr size_t kTrailerBytes = 24;
constexpr uint32_t kNoCompression = 0;
constexpr uint32_t kChunkCompression = 1;
constexpr size_t kCompressionAt = 56;
constexpr size_t kWindowEvents = 204;  // about 4 KiB

struct EventEntry {
  Hash128 hash;
  uint32_t offset;
  auto operator<=>(const EventEntry&) const = default;
};

uint32_t head_checksum(std::string_view head) {
  return crc32c(head.substr(kHeadBytes), crc32c(head.substr(0, 124)));
}

std::vector<EventEntry> sorted_events(const SegmentIndex& index) {
  std::vector<EventEntry> events;
  events.reserve(index.event_count());
  for (const SegmentIndex::Entry& entry : index.entries()) {
    if (entry.has_event) events.push_back({entry.event, entry.offset});
  }
  std::sort(events.begin(), events.end());
  return events;
}

std::string encode_head(const SealedSegment& segment) {
  std::string head;
  append(head, kFooterMagic);
  append(head, static_cast<uint32_t>(kHeadBytes + segment.ranges.size() * kRangeBytes));
  append(head, segment.base.value);
  append(head, segment.header_bytes);
  append(head, segment.end_offset);
  append(head, segment.first_time.micros);
  append(head, segment.last_time.micros);
  append(head, segment.record_count);
  append(head, segment.commit_count);
  append(head, segment.compressed() ? kChunkCompression : kNoCompression);
  append(head, static_cast<uint32_t>(segment.ranges.size()));
  head.append(as_view(segment.chain));
  for (const uint32_t value :
       {segment.event_count, segment.events_at, segment.filter_at, segment.filter_bytes,
        segment.filter_checksum, segment.lists_checksum, segment.events_checksum, uint32_t{0}}) {
    append(head, value);
  }
  for (const SealedSegment::Range& range : segment.ranges) {
    append(head, range.partition);
    append(head, uint16_t{0});
    append(head, range.count);
    append(head, range.first);
    append(head, range.offsets_at);
    append(head, uint32_t{0});
  }
  store(head.data(), 124, head_checksum(head));
  return head;
}

SealedSegment decode_head(std::string_view head) {
  SealedSegment segment;
  segment.base.value = load<uint64_t>(head, 8);
  segment.header_bytes = load<uint32_t>(head, 16);
  segment.end_offset = load<uint32_t>(head, 20);
  segment.first_time.micros = load<int64_t>(head, 24);
  segment.last_time.micros = load<int64_t>(head, 32);
  segment.record_count = load<uint64_t>(head, 40);
  segment.commit_count = load<uint64_t>(head, 48);
  std::memcpy(segment.chain.data(), head.data() + 64, sizeof(Digest));
  size_t at = 96;
  for (uint32_t* value :
       {&segment.event_count, &segment.events_at, &segment.filter_at, &segment.filter_bytes,
        &segment.filter_checksum, &segment.lists_checksum, &segment.events_checksum}) {
    *value = load<uint32_t>(head, at);
    at += 4;
  }
  for (at = kHeadBytes; at < head.size(); at += kRangeBytes) {
    segment.ranges.push_back({load<uint16_t>(head, at), load<uint32_t>(head, at + 4),
                              load<uint64_t>(head, at + 8), load<uint32_t>(head, at + 16)});
  }
  return segment;
}

/// Whether everything that the head names lies in a file of that size. A checksum says only that nobody changed
/// it by mistake; what is read and how much memory that takes follows from these numbers.
bool lies_within(const SealedSegment& segment, uint64_t size) {
  const auto fits = [&](uint64_t at, uint64_t bytes) { return at >= segment.end_offset && bytes <= size && at <= size - bytes; };
  return segment.header_bytes <= segment.end_offset &&
         fits(segment.events_at, uint64_t{segment.event_count} * kEventBytes) &&
         fits(segment.filter_at, segment.filter_bytes) &&
         std::all_of(segment.ranges.begin(), segment.ranges.end(), [&](const SealedSegment::Range& range) {
           return fits(range.offsets_at, uint64_t{range.count} * sizeof(uint32_t));
         });
}

std::string encode_trailer(const SealedSegment& segment) {
  std::string trailer;
  append(trailer, uint64_t{segment.end_offset});
  append(trailer, segment.stored_footer);
  append(trailer, crc32c(trailer));
  trailer.append(kEndMagic, 8);
  return trailer;
}

SealedSegment describe(const SegmentIndex& index, const Digest& chain) {
  SealedSegment segment;
  segment.base = index.base();
  segment.header_bytes = index.header_bytes();
  segment.end_offset = index.end_offset();
  segment.first_time = index.first_time();
  segment.last_time = index.last_time();
  segment.record_count = index.entries().size();
  segment.commit_count = index.commit_count();
  segment.chain = chain;
  segment.event_count = static_cast<uint32_t>(index.event_count());
  return segment;
}

/// Appends the offset lists, and the ranges that point to them.
std::string encode_lists(const SegmentIndex& index, uint32_t lists_at, SealedSegment& segment) {
  std::string lists;
  for (const auto& [partition, place] : index.partitions()) {
    segment.ranges.push_back({partition, static_cast<uint32_t>(place.offsets.size()), place.first,
                              lists_at + static_cast<uint32_t>(lists.size())});
    for (const uint32_t offset : place.offsets) append(lists, offset);
  }
  lists.resize(align_up(lists.size(), 8), '\0');
  return lists;
}

Hash128 event_hash(std::string_view events, size_t i) {
  return {load<uint64_t>(events, i * kEventBytes), load<uint64_t>(events, i * kEventBytes + 8)};
}

}  // namespace

const SealedSegment::Range* SealedSegment::find_range(Partition partition) const {
  const auto it = std::lower_bound(
      ranges.begin(), ranges.end(), partition,
      [](const Range& range, Partition wanted) { return range.partition < wanted; });
  return it != ranges.end() && it->partition == partition ? &*it : nullptr;
}

Footer build_footer(const SegmentIndex& index, const Digest& chain, uint32_t stored_at) {
  SealedSegment segment = describe(index, chain);
  segment.stored_footer = stored_at;
  const auto lists_at = static_cast<uint32_t>(segment.end_offset + kHeadBytes +
                                              index.partitions().size() * kRangeBytes);
  const std::string lists = encode_lists(index, lists_at, segment);
  segment.lists_checksum = crc32c(lists);

  EventFilter filter(index.event_count());
  std::string events;
  events.reserve(index.event_count() * kEventBytes + 8);
  for (const EventEntry& event : sorted_events(index)) {
    append(events, event.hash.high);
    append(events, event.hash.low);
    append(events, event.offset);
    filter.insert(event.hash);
  }
  events.resize(align_up(events.size(), 8), '\0');
  segment.events_at = lists_at + static_cast<uint32_t>(lists.size());
  segment.events_checksum = crc32c(events);
  segment.filter_at = segment.events_at + static_cast<uint32_t>(events.size());
  segment.filter_bytes = static_cast<uint32_t>(filter.byte_count());
  segment.filter_checksum = crc32c(filter.bytes());

  std::string bytes = encode_head(segment);
  bytes.append(lists).append(events).append(filter.bytes()).append(encode_trailer(segment));
  segment.file_bytes = (stored_at != 0 ? stored_at : segment.end_offset) + bytes.size();
  return {std::move(segment), std::move(filter), std::move(bytes)};
}

std::string move_footer(std::string footer, uint32_t stored_at) {
  const std::string_view view(footer);
  store(footer.data(), kCompressionAt, kChunkCompression);
  store(footer.data(), 124, head_checksum(view.substr(0, load<uint32_t>(view, 4))));
  const size_t trailer = footer.size() - kTrailerBytes;
  store(footer.data(), trailer + 8, stored_at);
  store(footer.data(), trailer + 12, crc32c(view.substr(trailer, 12)));
  return footer;
}

Result<std::optional<FooterTrailer>> read_trailer(os::File& file) {
  const std::optional<FooterTrailer> none;
  HENCE_TRY(const uint64_t size, file.size());
  if (size < kHeadBytes + kTrailerBytes) return none;
  char trailer[kTrailerBytes] = {};
  HENCE_TRY_VOID(file.read_at(size - kTrailerBytes, trailer));
  const std::string_view view(trailer, kTrailerBytes);
  const FooterTrailer read{load<uint64_t>(view, 0), load<uint32_t>(view, 8)};
  const uint64_t at = read.stored_at != 0 ? read.stored_at : read.offset;
  const bool whole = view.substr(16) == kEndMagic &&
                     load<uint32_t>(view, 12) == crc32c(view.substr(0, 12));
  return whole && at <= std::numeric_limits<uint32_t>::max() ? std::optional(read) : none;
}

Result<std::optional<SealedSegment>> read_footer(os::File& file, Position base) {
  const std::optional<SealedSegment> none;
  HENCE_TRY(const uint64_t size, file.size());
  HENCE_TRY(const auto trailer, read_trailer(file));
  if (!trailer || trailer->offset > size - kHeadBytes - kTrailerBytes) return none;
  const uint64_t begin = trailer->offset;
  const uint32_t compression = trailer->stored_at != 0 ? kChunkCompression : kNoCompression;
  HENCE_TRY(const std::string fixed, read_exactly(file, begin, kHeadBytes));
  const auto head_bytes = load<uint32_t>(fixed, 4);
  if (load<uint32_t>(fixed, 0) != kFooterMagic || head_bytes < kHeadBytes ||
      (head_bytes - kHeadBytes) % kRangeBytes != 0 || head_bytes > size - begin) {
    return none;
  }
  HENCE_TRY(const std::string head, read_exactly(file, begin, head_bytes));
  if (load<uint32_t>(head, 124) != head_checksum(head) || load<uint64_t>(head, 8) != base.value ||
      load<uint32_t>(head, 20) != begin ||
      load<uint32_t>(head, kCompressionAt) != compression) {
    return none;
  }
  SealedSegment segment = decode_head(head);
  if (!lies_within(segment, size)) return none;
  segment.stored_footer = trailer->stored_at;
  segment.file_bytes = size - begin + (segment.compressed() ? segment.stored_footer : begin);
  return std::optional(std::move(segment));
}

Result<bool> looks_like_footer(os::File& file, uint64_t offset) {
  HENCE_TRY(const uint64_t size, file.size());
  if (size < offset + sizeof(kFooterMagic) || size < kTrailerBytes) return false;
  HENCE_TRY(const std::string head, read_exactly(file, offset, sizeof(kFooterMagic)));
  if (load<uint32_t>(head, 0) == kFooterMagic) return true;
  HENCE_TRY(const std::string trailer, read_exactly(file, size - kTrailerBytes, kTrailerBytes));
  return std::string_view(trailer).substr(16) == kEndMagic && load<uint64_t>(trailer, 0) == offset;
}

Result<EventFilter> load_filter(os::File& file, const SealedSegment& segment) {
  HENCE_TRY(const std::string bytes,
            read_exactly(file, segment.filter_at, segment.filter_bytes));
  if (crc32c(bytes) != segment.filter_checksum || bytes.size() % EventFilter::kBlockBytes != 0) {
    return Error(ErrorCode::LogDamaged, "the event filter's checksum does not fit its bytes");
  }
  return EventFilter(std::string_view(bytes));
}

Result<std::optional<uint32_t>> find_offset(os::File& file, const SealedSegment& segment,
                                            Address address) {
  const SealedSegment::Range* range = segment.find_range(address.partition);
  if (range == nullptr || address.sequence < range->first ||
      address.sequence - range->first >= range->count) {
    return std::optional<uint32_t>();
  }
  const uint64_t at = range->offsets_at + (address.sequence - range->first) * sizeof(uint32_t);
  HENCE_TRY(const std::string bytes, read_exactly(file, at, sizeof(uint32_t)));
  return std::optional(load<uint32_t>(bytes, 0));
}

// Hashes are spread evenly, so the place of one is guessed and a window around it read; where the
// guess fails, the next window is in the middle of what is left. Entries before low are not above
// the hash, the last of them is best; entries from high on are above it.
Result<std::optional<uint32_t>> find_event_offset(os::File& file, const SealedSegment& segment,
                                                  Hash128 hash) {
  size_t low = 0;
  size_t high = segment.event_count;
  std::optional<EventEntry> best;
  auto guess = static_cast<size_t>(static_cast<unsigned __int128>(hash.high) * high >> 64);
  while (low < high) {
    const size_t half = kWindowEvents / 2;
    const size_t first = std::clamp(guess > half ? guess - half : 0, low, high - 1);
    const size_t count = std::min(kWindowEvents, high - first);
    HENCE_TRY(const std::string events, read_exactly(file, segment.events_at + first * kEventBytes,
                                                     count * kEventBytes));
    size_t below = count;
    while (below > 0 && event_hash(events, below - 1) > hash) --below;
    if (below == 0) {
      high = first;
    } else {
      best = {event_hash(events, below - 1), load<uint32_t>(events, below * kEventBytes - 4)};
      low = first + below;
      if (below < count) break;
    }
    guess = low + (high - low) / 2;
  }
  if (!best || best->hash != hash) return std::optional<uint32_t>();
  return std::optional(best->offset);
}

Result<bool> footer_equals(os::File& file, const SealedSegment& segment, const Footer& expected) {
  if (segment.file_bytes != expected.segment.file_bytes) return false;
  HENCE_TRY(const std::string bytes,
            read_exactly(file, segment.end_offset, expected.bytes.size()));
  return bytes == expected.bytes;
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include "log/record_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "log/format.h"
#include "log/record_codec.h"
#include "log/recovery.h"
#include "log/segment_file.h"

namespace hence::log {
namespace {

/// Most records fit; longer ones take a second read.
constexpr size_t kGuessBytes = 4096;

}  // namespace

Error damaged_at(Position base, uint64_t offset, std::string_view what) {
  return Error(ErrorCode::LogDamaged,
               segment_name(base) + ", offset " + std::to_string(offset) + ": " +
                   std::string(what) + ". Run `hence log verify` to see how far the damage goes; "
                   "restore the last checkpoint if the log cannot be repaired from a copy");
}

Result<StoredRecord> read_record(os::File& file, Position base, uint64_t offset) {
  std::vector<char> bytes(kGuessBytes);
  HENCE_TRY(size_t got, file.read_at(offset, {bytes.data(), bytes.size()}));
  const uint32_t length = got < 4 ? 0 : record_length({bytes.data(), got});
  if (length == 0) return damaged_at(base, offset, "no record begins here");
  if (length > got) {
    bytes.resize(length);
    HENCE_TRY(const size_t more, file.read_at(offset + got, {bytes.data() + got, length - got}));
    got += more;
  }
  if (got < length) return damaged_at(base, offset, "the file ends within the record");
  const Position position{base.value + offset};
  auto decoded = decode_record({bytes.data(), got}, position);
  if (!decoded.ok()) {
    if (decoded.error().code() != ErrorCode::LogDamaged) return decoded.error();
    return damaged_at(base, offset, decoded.error().message());
  }
  return StoredRecord(std::move(bytes), decoded->record, position);
}

Result<std::optional<StoredRecord>> find_sealed(const SegmentList& segments, FileCache& files,
                                                Address address) {
  bool newer_kept = false;
  for (auto it = segments.sealed.rbegin(); it != segments.sealed.rend(); ++it) {
    const SealedSegment& segment = **it;
    const SealedSegment::Range* range = segment.find_range(address.partition);
    if (range == nullptr) continue;
    newer_kept = true;
    if (range->first > address.sequence) continue;
    HENCE_TRY(os::File* const file, files.open(segment.base));
    HENCE_TRY(const auto offset, find_offset(*file, segment, address));
    if (!offset) return std::optional<StoredRecord>();
    HENCE_TRY(StoredRecord record, read_record(*file, segment.base, *offset));
    if (record.header().address != address) {
      return damaged_at(segment.base, *offset, "the footer names this record for the address " +
                                                   address.to_string());
    }
    return std::optional(std::move(record));
  }
  if (newer_kept && address.sequence > 0) return beyond_retention(address, segments);
  return std::optional<StoredRecord>();
}

Result<bool> was_dropped(const SegmentList& segments, FileCache& files, Address address) {
  const bool empty = segments.sealed.empty() && segments.open.empty();
  if (empty || segments.begin.value == 0 || address.sequence == 0) return false;
  HENCE_TRY(SegmentFile* const oldest, files.open(segments.begin));
  HENCE_TRY(const SegmentHeader header, read_segment_header(*oldest, segments.begin));
  return std::any_of(header.last.begin(), header.last.end(), [address](const Address& last) {
    return last.partition == address.partition && address.sequence <= last.sequence;
  });
}

Error beyond_retention(Address address, const SegmentList& kept) {
  return Error(ErrorCode::BeyondRetention, "the record " + address.to_string() +
                                               " is beyond retention: " + kept_from(kept));
}

std::string kept_from(const SegmentList& kept) {
  const std::string time = kept.begin_time ? format_rfc3339(*kept.begin_time) + " " : "";
  return "the log is kept from " + time + "(position " + std::to_string(kept.begin.value) +
         ") on. `retention` in the configuration says how much is kept";
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
// The bytes of the log, decoder by decoder: what is damaged is an error or nothing, what is read is written as
// it was read. The first byte chooses the part; all but the first of them get their checksums made right, so
// that the decoder behind the checksum sees the bytes too.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "log/bytes.h"
#include "log/chunk.h"
#include "log/footer.h"
#include "log/format.h"
#include "log/record_codec.h"
#include "os/simulated_disk.h"

namespace {

using namespace hence;
using namespace hence::log;

// As docs/formats/log.md has them.
constexpr uint32_t kFooterMagic = 0xF3464348;
constexpr size_t kFooterHeadBytes = 128;
constexpr size_t kFooterRangeBytes = 24;
constexpr size_t kSegmentHeaderFixedBytes = 72;
constexpr size_t kSegmentHeaderEntryBytes = 10;
constexpr size_t kUnpackedHere = 1 << 20;  // more takes only memory

/// Takes up to count bytes from the front.
std::string_view take(std::string_view& bytes, size_t count) {
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(taken.size());
  return taken;
}

/// Takes a size of two bytes, and so many.
std::string_view take_part(std::string_view& bytes) {
  if (bytes.size() < 2) return {};
  const auto size = load<uint16_t>(bytes, 0);
  bytes.remove_prefix(2);
  return take(bytes, size);
}

void check_record(std::string_view bytes, Position position) {
  const auto read = decode_record(bytes, position);
  if (!read.ok()) return;
  HENCE_CHECK(read->byte_count >= kRecordBytesMin && read->byte_count % 8 == 0);
  std::string written;
  encode_record(read->record, written);
  complete_record(written.data(), position);
  const auto again = decode_record(written, position);
  HENCE_CHECK(again.ok() && again->byte_count == written.size());
  Record expected = read->record;
  expected.header.payload_digest = again->record.header.payload_digest;  // made when written, not when read
  HENCE_CHECK(again->record == expected);
}

void check_frame(std::string_view bytes, Position position) {
  const auto read = decode_frame(bytes, position);
  if (!read) return;
  std::string written(kFrameBytes, '\0');
  encode_frame(*read, written.data());
  HENCE_CHECK(written == bytes.substr(0, kFrameBytes));
}

void check_segment_header(std::string_view bytes) {
  auto read = decode_segment_header(bytes);
  if (!read.ok()) return;
  const std::string written =
      is_compressed_header(bytes) ? encode_compressed_header(*read) : encode_segment_header(*read);
  HENCE_CHECK(written == bytes.substr(0, read->byte_count));
}

void check_footer(std::string_view bytes, Position base) {
  os::SimulatedDisk disk;
  const auto file = disk.open("footer", os::OpenMode::create_new);
  HENCE_CHECK(file.ok() && (*file)->write_at(0, bytes).ok());
  (void)looks_like_footer(**file, 0);
  const auto read = read_footer(**file, base);
  HENCE_CHECK(read.ok() || read.error().code() == ErrorCode::LogDamaged);
  if (!read.ok() || !*read) return;
  const SealedSegment& segment = **read;
  HENCE_CHECK(segment.base == base && segment.end_offset <= bytes.size());
  if (segment.filter_bytes <= kUnpackedHere) (void)load_filter(**file, segment);
  for (const SealedSegment::Range& range : segment.ranges) {
    (void)find_offset(**file, segment, {range.partition, range.first});
    (void)find_offset(**file, segment, {range.partition, range.first + range.count});
  }
  (void)find_event_offset(**file, segment, Hash128{1, 2});
  (void)find_event_offset(**file, segment, Hash128{~uint64_t{0}, 0});
}

void check_chunk(std::string_view bytes) {
  if (bytes.size() < kChunkHeadBytes) return;
  const auto head = decode_chunk_head(bytes);
  if (!head || head->stored_bytes > bytes.size() || head->bytes > kUnpackedHere) return;
  const auto unpacked = unpack_chunk(*head, bytes.substr(0, head->stored_bytes), Position{0});
  HENCE_CHECK(!unpacked.ok() || unpacked->size() == head->bytes);
}

void as_they_are(std::string_view bytes) {
  check_record(bytes, Position{4096});
  check_frame(bytes, Position{4096});
  check_segment_header(bytes);
  check_footer(bytes, Position{0});
  check_chunk(bytes);
}

void mended_record(std::string_view bytes) {
  const std::string_view header = take_part(bytes);
  if (header.size() < kHeaderFixedBytes) return;
  std::string record;
  assemble_record(header, bytes, Position{4096}, record);
  check_record(record, Position{4096});
}

void mended_frame(std::string_view bytes) {
  if (bytes.size() < kFrameBytes) return;
  std::string frame(bytes.substr(0, kFrameBytes));
  std::string sample(kFrameBytes, '\0');
  encode_frame({}, sample.data());
  frame.replace(0, 4, sample, 0, 4);
  const std::string_view view(frame);
  store(frame.data(), 28, crc32c(view.substr(32), crc32c(view.substr(0, 28))));
  check_frame(frame, {load<uint64_t>(frame, 8)});
}

void mended_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderFixedBytes) return;
  std::string header(bytes);
  const size_t used = kSegmentHeaderFixedBytes +
                      (header.size() - kSegmentHeaderFixedBytes) / kSegmentHeaderEntryBytes * kSegmentHeaderEntryBytes;
  const uint64_t byte_count = align_up(used, kHeaderAlignment);
  header.resize(used);
  header.resize(byte_count, '\0');
  header.replace(0, 8, "HENCELOG");
  store(header.data(), 12, static_cast<uint32_t>(byte_count));
  store(header.data(), 64, static_cast<uint32_t>((used - kSegmentHeaderFixedBytes) / kSegmentHeaderEntryBytes));
  store(header.data(), 68, uint32_t{0});
  const std::string_view view(header);
  store(header.data(), 68,
        crc32c(view.substr(kSegmentHeaderFixedBytes, used - kSegmentHeaderFixedBytes), crc32c(view.substr(0, 68))));
  check_segment_header(header);
}

/// The footer of a segment without commits: its head begins the file.
void mended_footer(std::string_view bytes) {
  if (bytes.size() < kFooterHeadBytes) return;
  std::string file(bytes);
  const size_t head_bytes = kFooterHeadBytes + std::min<size_t>(static_cast<uint8_t>(bytes[4]) % 8,
                                                                 (bytes.size() - kFooterHeadBytes) / kFooterRangeBytes) *
                                                   kFooterRangeBytes;
  store(file.data(), 0, kFooterMagic);
  store(file.data(), 4, static_cast<uint32_t>(head_bytes));
  store(file.data(), 8, uint64_t{0});
  store(file.data(), 20, uint32_t{0});
  store(file.data(), 56, uint32_t{0});
  const std::string_view head = std::string_view(file).substr(0, head_bytes);
  store(file.data(), 124, crc32c(head.substr(kFooterHeadBytes), crc32c(head.substr(0, 124))));
  std::string trailer(12, '\0');
  append(trailer, crc32c(trailer));
  check_footer(file + trailer + "HENCEEND", Position{0});
}

/// Whatever bytes where frames, headers and payloads belong, compressed as they should be.
void mended_chunk(std::string_view bytes) {
  const std::string_view frames = take_part(bytes);
  const std::string_view header = take_part(bytes);
  ChunkBuilder builder;
  builder.begin(0);
  builder.add_frame(frames);
  builder.add_record(header, bytes,
                     static_cast<uint32_t>(align_up(kRecordPrefixBytes + header.size() + bytes.size(), 8)));
  check_chunk(builder.finish());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kParts[])(std::string_view) = {as_they_are,           mended_record, mended_frame,
                                                  mended_segment_header, mended_footer, mended_chunk};
  kParts[data[0] % std::size(kParts)]({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a segment file consists of, besides records:
//
//   segment  = segment-header commit* ( zero* | footer )
//   commit   = frame-header record* commit-end          (all aligned to 8)
//
// The page docs/formats/log.md has every field; the numbers here and there are the same.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "log/sha256.h"

namespace hence::log {

inline constexpr uint32_t kSegmentFormatVersion = 1;
/// Of a sealed segment written once more, compressed: see log/segment_file.h.
inline constexpr uint32_t kCompressedFormatVersion = 2;
inline constexpr size_t kHeaderAlignment = 4096;
inline constexpr size_t kFrameBytes = 64;
inline constexpr size_t kCommitEndBytes = 8;
/// Disks write sectors of at least this size whole; a torn commit lacks whole sectors or its end.
inline constexpr size_t kSectorBytes = 512;
/// Offsets in a segment are 32 bits wide.
inline constexpr uint64_t kSegmentBytesMax = uint64_t{1} << 30;
inline constexpr uint64_t kCommitBytesMax = uint64_t{1} << 30;

/// "0000000000001234.seg" for the segment that begins at a position.
std::string segment_name(Position base);
/// The position a segment's name says; nothing for other names.
std::optional<Position> parse_segment_name(std::string_view name);
inline constexpr std::string_view kSpareName = "spare.tmp";
inline constexpr std::string_view kSpareReadyName = "spare.seg";
inline constexpr std::string_view kCompressedName = "compressed.tmp";

struct SegmentHeader {
  uint32_t byte_count = kHeaderAlignment;  ///< the first commit's offset
  Position base;                           ///< of the file's first byte
  UtcTime created;                         ///< command time of the first record
  Digest chain{};                          ///< before the first commit
  std::vector<Address> last;               ///< last sequence of each partition before the segment
};

/// Sets header.byte_count and returns that many bytes.
std::string encode_segment_header(SegmentHeader& header);
/// The same in a compressed segment.
std::string encode_compressed_header(SegmentHeader& header);
/// Whether a file that begins so says that it is a compressed segment.
bool is_compressed_header(std::string_view first);
/// How many bytes decode_segment_header needs, read from the first kHeaderAlignment ones.
/// Errors: LogDamaged, LogVersionNewer.
Result<uint32_t> segment_header_bytes(std::string_view first);
/// Errors: LogDamaged.
Result<SegmentHeader> decode_segment_header(std::string_view bytes);

struct FrameHeader {
  uint32_t byte_count = 0;  ///< of the commit, with frame header and end
  Position position;        ///< of the frame header
  Position durable;         ///< all before it was synced when this was written
  uint32_t record_count = 0;
  Digest chain{};           ///< after this commit
};

void encode_frame(const FrameHeader& frame, char* bytes);
/// Whether bytes (at least kFrameBytes) begin like a commit.
bool has_frame_magic(std::string_view bytes);
/// A frame header that is whole and says that it stands at position; else nothing.
std::optional<FrameHeader> decode_frame(std::string_view bytes, Position position);
/// The part of a frame header that enters the chain.
std::string_view frame_chained_part(std::string_view bytes);

/// The size is written inverted, so that the last byte of a commit is never zero.
void encode_commit_end(uint32_t byte_count, char* bytes);
/// Whether bytes (at least kCommitEndBytes) are the end of a commit of that size.
bool is_commit_end(std::string_view bytes, uint32_t byte_count);
/// Whether bytes (at least 4) begin like a commit's end.
bool has_commit_end_magic(std::string_view bytes);

/// The chain: SHA-256 over the hash before, the frame header's chained part, each record's header.
class Chain {
 public:
  void begin(const Digest& before, std::string_view frame) {
    hasher_.update({reinterpret_cast<const char*>(before.data()), before.size()});
    hasher_.update(frame_chained_part(frame));
  }
  void add(std::string_view record_header) { hasher_.update(record_header); }
  Digest finish() { return hasher_.finish(); }

 private:
  Sha256 hasher_;
};

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include "log/format.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/hash.h"
#include "log/bytes.h"

namespace hence::log {
namespace {

constexpr char kSegmentMagic[] = "HENCELOG";
// The first byte of a file's word is its lowest; the highest bit tells these from a record's length.
constexpr uint32_t kFrameMagic = 0xF14D4348;      // "HCM" 0xF1
constexpr uint32_t kCommitEndMagic = 0xF2454348;  // "HCE" 0xF2
constexpr size_t kHeaderFixedPart = 72;
constexpr size_t kLastEntryBytes = 10;
constexpr size_t kNameDigits = 16;
constexpr std::string_view kNameEnd = ".seg";

uint32_t header_checksum(std::string_view bytes, size_t used) {
  return crc32c(bytes.substr(kHeaderFixedPart, used - kHeaderFixedPart),
                crc32c(bytes.substr(0, 68)));
}

uint32_t frame_checksum(std::string_view bytes) {
  return crc32c(bytes.substr(32, kFrameBytes - 32), crc32c(bytes.substr(0, 28)));
}

std::string encode_header(SegmentHeader& header, uint32_t version) {
  const size_t used = kHeaderFixedPart + header.last.size() * kLastEntryBytes;
  header.byte_count = static_cast<uint32_t>(align_up(used, kHeaderAlignment));
  std::string bytes;
  bytes.reserve(header.byte_count);
  bytes.append(kSegmentMagic, 8);
  append(bytes, version);
  append(bytes, header.byte_count);
  append(bytes, header.base.value);
  append(bytes, header.created.micros);
  bytes.append(as_view(header.chain));
  append(bytes, static_cast<uint32_t>(header.last.size()));
  append(bytes, uint32_t{0});
  for (const Address& address : header.last) {
    append(bytes, address.partition);
    append(bytes, address.sequence);
  }
  store(bytes.data(), 68, header_checksum(bytes, used));
  bytes.resize(header.byte_count, '\0');
  return bytes;
}

}  // namespace

std::string segment_name(Position base) {
  std::string digits = std::to_string(base.value);
  if (digits.size() < kNameDigits) digits.insert(0, kNameDigits - digits.size(), '0');
  return digits.append(kNameEnd);
}

std::optional<Position> parse_segment_name(std::string_view name) {
  if (name.size() < kNameDigits + kNameEnd.size() || !name.ends_with(kNameEnd)) return std::nullopt;
  name.remove_suffix(kNameEnd.size());
  Position base;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), base.value);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return base;
}

std::string encode_segment_header(SegmentHeader& header) {
  return encode_header(header, kSegmentFormatVersion);
}

std::string encode_compressed_header(SegmentHeader& header) {
  return encode_header(header, kCompressedFormatVersion);
}

bool is_compressed_header(std::string_view first) {
  return first.size() >= 12 && first.substr(0, 8) == kSegmentMagic &&
         load<uint32_t>(first, 8) == kCompressedFormatVersion;
}

Result<uint32_t> segment_header_bytes(std::string_view first) {
  if (first.size() < kHeaderAlignment) {
    return Error(ErrorCode::LogDamaged, "the file is shorter than a segment's header");
  }
  if (first.substr(0, 8) != kSegmentMagic) {
    return Error(ErrorCode::LogDamaged, "the file does not begin with \"HENCELOG\"");
  }
  const auto version = load<uint32_t>(first, 8);
  const auto byte_count = load<uint32_t>(first, 12);
  const uint64_t used = kHeaderFixedPart + uint64_t{load<uint32_t>(first, 64)} * kLastEntryBytes;
  // A flipped bit in the version is damage; only a whole header of another version is newer.
  const bool shape = byte_count % kHeaderAlignment == 0 && byte_count >= used &&
                     byte_count - used < kHeaderAlignment && byte_count <= (1u << 20);
  if (version > kCompressedFormatVersion && shape &&
      (used > first.size() || load<uint32_t>(first, 68) == header_checksum(first, used))) {
    return Error(ErrorCode::LogVersionNewer,
                 "the segment has format " + std::to_string(version) +
                     ", this program reads up to " +
                     std::to_string(kCompressedFormatVersion) + ": use the version of hence that wrote it, or a later one");
  }
  const bool known = version == kSegmentFormatVersion || version == kCompressedFormatVersion;
  if (!known || !shape) {
    return Error(ErrorCode::LogDamaged, "the segment's header does not make sense");
  }
  return byte_count;
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
  HENCE_TRY(const uint32_t byte_count, segment_header_bytes(bytes));
  if (bytes.size() < byte_count) {
    return Error(ErrorCode::LogDamaged, "the file is shorter than its segment header");
  }
  const auto count = load<uint32_t>(bytes, 64);
  const size_t used = kHeaderFixedPart + count * kLastEntryBytes;
  if (load<uint32_t>(bytes, 68) != header_checksum(bytes, used)) {
    return Error(ErrorCode::LogDamaged, "the segment header's checksum does not fit its bytes");
  }
  const std::string_view rest = bytes.substr(used, byte_count - used);
  if (rest.find_first_not_of('\0') != std::string_view::npos) {
    return Error(ErrorCode::LogDamaged, "the rest of the segment's header, offset " + std::to_string(used) + " to " +
                                            std::to_string(byte_count) + ", is not zero");
  }
  SegmentHeader header;
  header.byte_count = byte_count;
  header.base.value = load<uint64_t>(bytes, 16);
  header.created.micros = load<int64_t>(bytes, 24);
  std::memcpy(header.chain.data(), bytes.data() + 32, sizeof(Digest));
  for (size_t i = 0; i < count; ++i) {
    const size_t at = kHeaderFixedPart + i * kLastEntryBytes;
    header.last.push_back({load<uint16_t>(bytes, at), load<uint64_t>(bytes, at + 2)});
  }
  return header;
}

void encode_frame(const FrameHeader& frame, char* bytes) {
  store(bytes, 0, kFrameMagic);
  store(bytes, 4, frame.byte_count);
  store(bytes, 8, frame.position.value);
  store(bytes, 16, frame.durable.value);
  store(bytes, 24, frame.record_count);
  std::memcpy(bytes + 32, frame.chain.data(), sizeof(Digest));
  store(bytes, 28, frame_checksum({bytes, kFrameBytes}));
}

bool has_frame_magic(std::string_view bytes) { return load<uint32_t>(bytes, 0) == kFrameMagic; }

std::optional<FrameHeader> decode_frame(std::string_view bytes, Position position) {
  if (bytes.size() < kFrameBytes || !has_frame_magic(bytes)) return std::nullopt;
  if (load<uint32_t>(bytes, 28) != frame_checksum(bytes.substr(0, kFrameBytes))) {
    return std::nullopt;
  }
  FrameHeader frame;
  frame.byte_count = load<uint32_t>(bytes, 4);
  frame.position.value = load<uint64_t>(bytes, 8);
  frame.durable.value = load<uint64_t>(bytes, 16);
  frame.record_count = load<uint32_t>(bytes, 24);
  std::memcpy(frame.chain.data(), bytes.data() + 32, sizeof(Digest));
  const bool sane = frame.position == position && frame.durable <= position &&
                    frame.byte_count % 8 == 0 &&
                    frame.byte_count >= kFrameBytes + kCommitEndBytes;
  return sane ? std::optional(frame) : std::nullopt;
}

std::string_view frame_chained_part(std::string_view bytes) { return bytes.substr(0, 28); }

void encode_commit_end(uint32_t byte_count, char* bytes) {
  store(bytes, 0, kCommitEndMagic);
  store(bytes, 4, ~byte_count);
}

bool has_commit_end_magic(std::string_view bytes) {
  return load<uint32_t>(bytes, 0) == kCommitEndMagic;
}

bool is_commit_end(std::string_view bytes, uint32_t byte_count) {
  return has_commit_end_magic(bytes) && load<uint32_t>(bytes, 4) == ~byte_count;
}

}  // namespace hence::log

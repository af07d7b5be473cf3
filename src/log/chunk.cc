// SPDX-License-Identifier: Apache-2.0
#include "log/chunk.h"

#include <zlib.h>
#include <zstd.h>

#include <memory>

#include "base/check.h"
#include "base/hash.h"
#include "log/bytes.h"
#include "log/format.h"
#include "log/record_codec.h"

namespace hence::log {
namespace {

constexpr uint32_t kChunkMagic = 0xF44B4348;  // "HCK" 0xF4
constexpr int kZlibLevel = 6;
constexpr int kZstdLevel = 3;
/// What a chunk may unpack to: a record of the largest size, its frame and end.
constexpr size_t kUnpackedBytesMax = kRecordBytesMax + kChunkBytes + 4096;

Error damaged(std::string what) { return Error(ErrorCode::LogDamaged, std::move(what)); }

uint32_t whole_checksum(std::string_view chunk) {
  return crc32c(chunk.substr(kChunkHeadBytes), crc32c(chunk.substr(0, 32)));
}

std::string deflate_all(std::string_view bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  HENCE_CHECK(compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                        reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
                        kZlibLevel) == Z_OK);
  out.resize(size);
  return out;
}

std::string compress_all(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kZstdLevel);
  HENCE_CHECK(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

Result<std::string> inflate_all(std::string_view bytes, size_t size) {
  std::string out(size, '\0');
  uLongf got = size;
  const int code = uncompress(reinterpret_cast<Bytef*>(out.data()), &got,
                              reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (code == Z_OK && got == size) return out;
  return damaged("the headers of the chunk here cannot be inflated");
}

Result<std::string> decompress_all(std::string_view bytes, size_t size) {
  std::string out(size, '\0');
  const size_t got = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(got) == 0 && got == size) return out;
  return damaged("the payloads of the chunk here cannot be decompressed");
}

/// Puts a chunk's frames, headers and payloads together again.
class Assembly {
 public:
  Assembly(std::string_view heads, std::string_view payloads, Position begin, size_t bytes)
      : heads_(heads), payloads_(payloads), begin_(begin) {
    out_.reserve(bytes);
  }

  /// Errors: LogDamaged.
  Result<std::string> run() {
    while (!heads_.empty()) {
      if (heads_.size() < 8) return impossible();
      if (has_frame_magic(heads_)) {
        if (heads_.size() < kFrameBytes) return impossible();
        take_plain(kFrameBytes);
      } else if (has_commit_end_magic(heads_)) {
        take_plain(kCommitEndBytes);
      } else if (!take_record()) {
        return impossible();
      }
    }
    if (!payloads_.empty()) return impossible();
    return std::move(out_);
  }

 private:
  static Error impossible() { return damaged("the chunk here does not hold what its head says"); }

  void take_plain(size_t bytes) {
    out_ += heads_.substr(0, bytes);
    heads_.remove_prefix(bytes);
  }

  bool take_record() {
    const auto header_bytes = load<uint32_t>(heads_, 0);
    heads_.remove_prefix(sizeof(uint32_t));
    if (header_bytes < kHeaderFixedBytes || header_bytes > heads_.size()) return false;
    const std::string_view header = heads_.substr(0, header_bytes);
    const size_t payload_bytes = payload_length(header);
    if (payload_bytes > payloads_.size()) return false;
    const size_t at = out_.size();
    assemble_record(header, payloads_.substr(0, payload_bytes), {begin_.value + at}, out_);
    heads_.remove_prefix(header_bytes);
    payloads_.remove_prefix(payload_bytes);
    return true;
  }

  std::string_view heads_, payloads_;
  Position begin_;
  std::string out_;
};

}  // namespace

std::optional<ChunkHead> decode_chunk_head(std::string_view bytes) {
  if (load<uint32_t>(bytes, 0) != kChunkMagic ||
      load<uint32_t>(bytes, 36) != crc32c(bytes.substr(0, 32))) {
    return std::nullopt;
  }
  ChunkHead head;
  size_t at = 4;
  for (uint32_t* value : {&head.stored_bytes, &head.begin, &head.bytes, &head.heads_stored,
                          &head.heads, &head.payloads_stored, &head.payloads}) {
    *value = load<uint32_t>(bytes, at);
    at += 4;
  }
  const uint64_t used = kChunkHeadBytes + uint64_t{head.heads_stored} + head.payloads_stored;
  const bool sane = head.stored_bytes == align_up(used, 8) && head.bytes > 0 &&
                    head.bytes <= kUnpackedBytesMax && head.heads <= head.bytes &&
                    head.payloads <= head.bytes;
  return sane ? std::optional(head) : std::nullopt;
}

Result<std::string> unpack_chunk(const ChunkHead& head, std::string_view chunk, Position base) {
  if (load<uint32_t>(chunk, 32) != whole_checksum(chunk)) {
    return damaged("the chunk's checksum does not fit its bytes");
  }
  HENCE_TRY(const std::string heads,
            inflate_all(chunk.substr(kChunkHeadBytes, head.heads_stored), head.heads));
  HENCE_TRY(const std::string payloads,
            decompress_all(chunk.substr(kChunkHeadBytes + head.heads_stored, head.payloads_stored),
                           head.payloads));
  HENCE_TRY(std::string bytes,
            Assembly(heads, payloads, {base.value + head.begin}, head.bytes).run());
  if (bytes.size() != head.bytes) return damaged("the chunk here has another size than its head says");
  return bytes;
}

void ChunkBuilder::begin(uint32_t begin) {
  begin_ = begin;
  bytes_ = 0;
  heads_.clear();
  payloads_.clear();
}

void ChunkBuilder::add_record(std::string_view header, std::string_view payload,
                              uint32_t stored_bytes) {
  append(heads_, static_cast<uint32_t>(header.size()));
  heads_ += header;
  payloads_ += payload;
  bytes_ += stored_bytes;
}

std::string ChunkBuilder::finish() const {
  const std::string heads = deflate_all(heads_);
  const std::string payloads = compress_all(payloads_);
  const uint64_t used = kChunkHeadBytes + heads.size() + payloads.size();
  std::string chunk;
  chunk.reserve(align_up(used, 8));
  for (const uint64_t value : {uint64_t{kChunkMagic}, align_up(used, 8), uint64_t{begin_},
                               uint64_t{bytes_}, uint64_t{heads.size()}, uint64_t{heads_.size()},
                               uint64_t{payloads.size()}, uint64_t{payloads_.size()}, uint64_t{0},
                               uint64_t{0}}) {
    append(chunk, static_cast<uint32_t>(value));
  }
  chunk.append(heads).append(payloads);
  chunk.resize(align_up(used, 8), '\0');
  store(chunk.data(), 32, whole_checksum(chunk));
  store(chunk.data(), 36, crc32c(std::string_view(chunk).substr(0, 32)));
  return chunk;
}

}  // namespace hence::log

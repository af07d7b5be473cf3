// SPDX-License-Identifier: Apache-2.0
#pragma once

// A chunk of a compressed segment: a run of frames, records and commit-ends. What the chain is made
// of (frames, records' headers) is deflated, which every standard library can undo; payloads are
// compressed with zstd. Together they give back the bytes that were written, all of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace hence::log {

inline constexpr size_t kChunkHeadBytes = 40;
/// A chunk takes no more once it has so many bytes; a record over it has a chunk of its own.
inline constexpr size_t kChunkBytes = 256 << 10;

struct ChunkHead {
  uint32_t stored_bytes = 0;  ///< with the head and the zeros that align the next chunk
  uint32_t begin = 0;         ///< offset in the segment, as written
  uint32_t bytes = 0;         ///< as written
  uint32_t heads_stored = 0;
  uint32_t heads = 0;
  uint32_t payloads_stored = 0;
  uint32_t payloads = 0;
};

/// A head that is whole, or nothing. bytes: at least kChunkHeadBytes.
std::optional<ChunkHead> decode_chunk_head(std::string_view bytes);
/// The bytes as written of a whole chunk. base: of the segment. Errors: LogDamaged, a clause.
Result<std::string> unpack_chunk(const ChunkHead& head, std::string_view chunk, Position base);

/// Gathers a chunk.
class ChunkBuilder {
 public:
  /// begin: the offset where the chunk's first byte stood.
  void begin(uint32_t begin);
  void add_frame(std::string_view frame) { add_plain(frame); }
  void add_commit_end(std::string_view end) { add_plain(end); }
  /// stored_bytes: with the zeros after it.
  void add_record(std::string_view header, std::string_view payload, uint32_t stored_bytes);

  bool empty() const { return bytes_ == 0; }
  bool full() const { return bytes_ >= kChunkBytes; }
  uint32_t end() const { return begin_ + bytes_; }
  /// The chunk, to be written.
  std::string finish() const;

 private:
  void add_plain(std::string_view part) {
    heads_ += part;
    bytes_ += static_cast<uint32_t>(part.size());
  }

  uint32_t begin_ = 0;
  uint32_t bytes_ = 0;
  std::string heads_;
  std::string payloads_;
};

}  // namespace hence::log

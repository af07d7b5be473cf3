// SPDX-License-Identifier: Apache-2.0
#pragma once

// A split-block Bloom filter (Putze, Sanders, Singler 2007; as in Parquet) over 128-bit event
// hashes: blocks of one cache line, one bit in each of its eight words. With 24 bits a key one
// absent key in about 10,000 passes. Never says no to a key it holds.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace hence::log {

class EventFilter {
 public:
  static constexpr size_t kBlockBytes = 64;
  static constexpr size_t kBitsPerKey = 24;

  /// Sized for that many keys; none gives no blocks and holds nothing.
  explicit EventFilter(size_t keys);
  /// From bytes(). Size a multiple of kBlockBytes.
  explicit EventFilter(std::string_view bytes);

  void insert(Hash128 hash);
  bool may_contain(Hash128 hash) const {
    if (blocks_.empty()) return false;
    const Block& block = blocks_[block_of(hash)];
    for (size_t i = 0; i < 8; ++i) {
      if ((block.words[i] >> bit(hash, i) & 1) == 0) return false;
    }
    return true;
  }
  /// Fetches the line may_contain will read.
  void prefetch(Hash128 hash) const {
    if (!blocks_.empty()) __builtin_prefetch(&blocks_[block_of(hash)]);
  }

  std::string_view bytes() const;
  size_t byte_count() const { return blocks_.size() * kBlockBytes; }

 private:
  struct alignas(64) Block {
    uint64_t words[8] = {};
  };
  static_assert(sizeof(Block) == kBlockBytes);

  size_t block_of(Hash128 hash) const {
    return static_cast<size_t>(static_cast<unsigned __int128>(hash.low) * blocks_.size() >> 64);
  }
  static unsigned bit(Hash128 hash, size_t word) { return hash.high >> (6 * word) & 63; }

  std::vector<Block> blocks_;
};

/// Memory that a segment's filter of so many bytes accounts for: its own, and its share of the filter
/// of its group.
constexpr uint64_t filter_memory(uint64_t filter_bytes) { return filter_bytes + filter_bytes / 2; }

}  // namespace hence::log

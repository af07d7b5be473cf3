// SPDX-License-Identifier: Apache-2.0
#pragma once

// Comparing the short texts that names and values mostly are, without a call.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace hence {

inline uint64_t read_word(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

/// The bytes of a text shorter than 8 as one word; every byte counts.
inline uint64_t read_short(const char* bytes, size_t size) {
  if (size >= 4) {
    uint32_t low;
    uint32_t high;
    std::memcpy(&low, bytes, 4);
    std::memcpy(&high, bytes + size - 4, 4);
    return (uint64_t{high} << 32) | low;
  }
  if (size == 0) return 0;
  const auto byte = [&](size_t i) { return uint64_t{static_cast<unsigned char>(bytes[i])}; };
  return (byte(0) << 16) | (byte(size / 2) << 8) | byte(size - 1);
}

/// Whether so many bytes are the same.
inline bool equal_bytes(const char* a, const char* b, size_t size) {
  if (size > 16) return std::memcmp(a, b, size) == 0;
  if (size >= 8) {
    return read_word(a) == read_word(b) && read_word(a + size - 8) == read_word(b + size - 8);
  }
  return read_short(a, size) == read_short(b, size);
}

/// a == b.
inline bool equal_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && equal_bytes(a.data(), b.data(), a.size());
}

}  // namespace hence

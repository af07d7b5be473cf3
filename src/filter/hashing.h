// SPDX-License-Identifier: Apache-2.0
#pragma once

// The hash of field names and values inside one process: fast on short text, never stored. A hit is
// always verified against the text, so a collision costs time, not a wrong answer.

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace hence::filter {

/// Multiplies to 128 bits and folds: spreads every bit of both arguments.
inline uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15ull) * (b ^ 0xD6E8FEB86659FD93ull);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_text(std::string_view text) {
  const char* at = text.data();
  size_t left = text.size();
  uint64_t state = text.size() * 0xA24BAED4963EE407ull;
  while (left > 16) {
    state = mix(state ^ read_word(at), read_word(at + 8));
    at += 16;
    left -= 16;
  }
  if (left >= 8) return mix(state ^ read_word(at), read_word(at + left - 8));
  return mix(state ^ read_short(at, left), left);
}

/// One bit of 64 for a hash: a set of hashes as a word, wrong at worst towards "maybe".
inline uint64_t signature_bit(uint64_t hash) { return uint64_t{1} << (hash >> 58); }

/// The hash of a number is that of its nearest binary64: numbers equal by value hash alike.
inline uint64_t hash_number(double number) {
  return mix(std::bit_cast<uint64_t>(number == 0 ? 0.0 : number), 0x6E756D62ull);
}

inline constexpr uint64_t kTrueHash = 0x74727565A5A5A5A5ull;
inline constexpr uint64_t kFalseHash = 0x66616C7365C3C3C3ull;
inline constexpr uint64_t kNullHash = 0x6E756C6C96969696ull;

}  // namespace hence::filter

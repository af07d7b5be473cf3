// SPDX-License-Identifier: Apache-2.0
#include "json/scan.h"

#include <immintrin.h>

namespace hence::json {
namespace {

constexpr size_t kSlack = 80;  ///< the writes of one block may run ahead of what counts
constexpr size_t kCountedFrom = 1 << 16;

struct Block {
  uint64_t special;
  bool ascii;
  bool has_del;
};

Block block_sse2(const char* p) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1F);
  const __m128i del = _mm_set1_epi8(0x7F);
  __m128i all = _mm_setzero_si128();
  __m128i dels = _mm_setzero_si128();
  uint64_t special = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
    all = _mm_or_si128(all, bytes);
    dels = _mm_or_si128(dels, _mm_cmpeq_epi8(bytes, del));
    const __m128i hit = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
        _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    special |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hit))) << (16 * i);
  }
  return {special, _mm_movemask_epi8(all) == 0, _mm_movemask_epi8(dels) != 0};
}

uint64_t within(size_t left) { return left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1; }

Scan scan_sse2(const char* text, size_t size, uint32_t* out) {
  uint32_t* const begin = out;
  bool ascii = true;
  bool has_del = false;
  for (size_t at = 0; at < size; at += 64) {
    const Block block = block_sse2(text + at);
    ascii &= block.ascii;
    has_del |= block.has_del;
    for (uint64_t bits = block.special & within(size - at); bits != 0; bits &= bits - 1) {
      *out++ = static_cast<uint32_t>(at) + static_cast<uint32_t>(__builtin_ctzll(bits));
    }
  }
  out[0] = out[1] = static_cast<uint32_t>(size);
  return {static_cast<size_t>(out - begin), ascii, has_del};
}

__attribute__((target("avx2,bmi,popcnt"))) Scan scan_avx2(const char* text, size_t size,
                                                          uint32_t* out) {
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i backslash = _mm256_set1_epi8('\\');
  const __m256i control = _mm256_set1_epi8(0x1F);
  const __m256i del = _mm256_set1_epi8(0x7F);
  __m256i all = _mm256_setzero_si256();
  __m256i dels = _mm256_setzero_si256();
  uint32_t* const begin = out;
  for (size_t at = 0; at < size; at += 64) {
    uint64_t bits = 0;
    for (int i = 0; i < 2; ++i) {
      const __m256i bytes =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at) + i);
      all = _mm256_or_si256(all, bytes);
      dels = _mm256_or_si256(dels, _mm256_cmpeq_epi8(bytes, del));
      const __m256i hit = _mm256_or_si256(
          _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)),
          _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, control), bytes));
      bits |= static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hit))) << (32 * i);
    }
    bits &= within(size - at);
    // Writes by eights, whether there are as many or not: no branch on each bit.
    const auto found = static_cast<uint32_t>(__builtin_popcountll(bits));
    for (uint32_t written = 0; written < found; written += 8) {
      for (uint32_t i = 0; i < 8; ++i) {
        out[written + i] = static_cast<uint32_t>(at + _tzcnt_u64(bits));
        bits = _blsr_u64(bits);
      }
    }
    out += found;
  }
  out[0] = out[1] = static_cast<uint32_t>(size);
  return {static_cast<size_t>(out - begin), _mm256_movemask_epi8(all) == 0,
          _mm256_movemask_epi8(dels) != 0};
}

}  // namespace

size_t specials_bound(const char* text, size_t size) {
  if (size <= kCountedFrom) return size + kSlack;
  size_t count = 0;
  for (size_t at = 0; at < size; at += 64) {
    count += static_cast<size_t>(__builtin_popcountll(block_sse2(text + at).special));
  }
  return count + kSlack;
}

Scan scan_specials(const char* text, size_t size, uint32_t* out) {
  static const bool kWide = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0;
  return kWide ? scan_avx2(text, size, out) : scan_sse2(text, size, out);
}

}  // namespace hence::json

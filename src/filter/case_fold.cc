// SPDX-License-Identifier: Apache-2.0
#include "filter/case_fold.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "filter/case_ranges.h"

namespace hence::filter {

namespace {

/// The counterpart of a character, itself if it has none.
uint32_t counterpart(uint32_t c, std::span<const CaseRange> ranges) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), c,
                                      [](uint32_t wanted, const CaseRange& range) { return wanted < range.first; });
  if (after == ranges.begin()) return c;
  const CaseRange& range = *(after - 1);
  if (c > range.last || (c - range.first) % range.step != 0) return c;
  return c + static_cast<uint32_t>(range.distance);
}

/// Bytes of the character that begins with this one, 1 where none can.
size_t length_of(unsigned char lead) {
  if (lead >= 0xF0) return 4;
  if (lead >= 0xE0) return 3;
  return lead >= 0xC2 ? 2 : 1;
}

uint32_t decode(std::string_view bytes) {
  uint32_t out = static_cast<unsigned char>(bytes.front()) & (0x7Fu >> bytes.size());
  for (const char byte : bytes.substr(1)) out = (out << 6) | (static_cast<unsigned char>(byte) & 0x3Fu);
  return out;
}

void append(uint32_t c, std::string& out) {
  const auto tail = [&](uint32_t shift) { out += static_cast<char>(0x80u | ((c >> shift) & 0x3Fu)); };
  if (c < 0x800) {
    out += static_cast<char>(0xC0u | (c >> 6));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0u | (c >> 12));
    tail(6);
  } else {
    out += static_cast<char>(0xF0u | (c >> 18));
    tail(12);
    tail(6);
  }
  tail(0);
}

/// The length of the ASCII that text begins with, which is written to out with [first, first + 25] in
/// the other case.
size_t map_ascii(std::string_view text, char first, std::string& out) {
  out.assign(text);
  size_t at = 0;
  for (; at < out.size() && static_cast<unsigned char>(out[at]) < 0x80; ++at) {
    if (out[at] >= first && out[at] <= first + 25) out[at] = static_cast<char>(out[at] ^ 0x20);
  }
  return at;
}

void map_case(std::string_view text, char first, std::span<const CaseRange> ranges, std::string& out) {
  size_t at = map_ascii(text, first, out);
  out.resize(at);
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const size_t length = length_of(byte) <= text.size() - at ? length_of(byte) : 1;
    if (length == 1) {
      const bool mapped = text[at] >= first && text[at] <= first + 25;
      out += mapped ? static_cast<char>(byte ^ 0x20) : text[at];
    } else {
      const std::string_view whole = text.substr(at, length);
      const uint32_t c = decode(whole);
      const uint32_t other = counterpart(c, ranges);
      if (other == c) out += whole;
      else append(other, out);
    }
    at += length;
  }
}

}  // namespace

void fold_case(std::string_view text, std::string& out) { map_case(text, 'A', kToLower, out); }

std::string folded(std::string_view text) {
  std::string out;
  fold_case(text, out);
  return out;
}

std::string raised(std::string_view text) {
  std::string out;
  map_case(text, 'a', kToUpper, out);
  return out;
}

}  // namespace hence::filter

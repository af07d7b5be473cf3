// SPDX-License-Identifier: Apache-2.0
#include "filter/case_fold.h"

#include <cstddef>
#include <cstdint>

namespace hence::filter {

namespace {

uint32_t lower_latin(uint32_t c) {
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
  const bool even_upper = (c >= 0x100 && c <= 0x12F) || (c >= 0x132 && c <= 0x137) ||
                          (c >= 0x14A && c <= 0x177);
  if (even_upper) return c | 1u;
  const bool odd_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if (odd_upper) return (c & 1u) != 0 ? c + 1 : c;
  if (c == 0x178) return 0xFF;
  return c;
}

/// Lower case of a character that takes two bytes in UTF-8, itself if it has none of that size.
uint32_t lower_two_byte(uint32_t c) {
  if (c < 0x180) return lower_latin(c);
  if (c >= 0x391 && c <= 0x3AB && c != 0x3A2) return c + 0x20;
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 0x25;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 0x3F;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;
  if ((c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F)) {
    return c | 1u;
  }
  if (c >= 0x531 && c <= 0x556) return c + 0x30;
  return c;
}

}  // namespace

void fold_case(std::string_view text, std::string& out) {
  out.assign(text);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x80) {
      if (byte >= 'A' && byte <= 'Z') out[i] = static_cast<char>(byte + 0x20);
    } else if (byte >= 0xC2 && byte <= 0xDF && i + 1 < out.size()) {
      const auto next = static_cast<unsigned char>(out[i + 1]);
      const uint32_t lower = lower_two_byte(((byte & 0x1Fu) << 6) | (next & 0x3Fu));
      out[i] = static_cast<char>(0xC0u | (lower >> 6));
      out[i + 1] = static_cast<char>(0x80u | (lower & 0x3Fu));
      ++i;
    }
  }
}

namespace {

/// The character whose lower case c is, itself if there is none.
uint32_t upper_two_byte(uint32_t c) {
  if (lower_two_byte(c) != c) return c;
  for (const uint32_t candidate : {c - 0x20, c - 1, c - 0x50, c - 0x30, c - 0x25, c - 0x26, c - 0x3F,
                                   c - 0x40, c + 0x79}) {
    if (candidate >= 0x80 && candidate < 0x800 && candidate != c && lower_two_byte(candidate) == c) {
      return candidate;
    }
  }
  return c;
}

}  // namespace

std::string raised(std::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x80) {
      if (byte >= 'a' && byte <= 'z') out[i] = static_cast<char>(byte - 0x20);
    } else if (byte >= 0xC2 && byte <= 0xDF && i + 1 < out.size()) {
      const auto next = static_cast<unsigned char>(out[i + 1]);
      const uint32_t upper = upper_two_byte(((byte & 0x1Fu) << 6) | (next & 0x3Fu));
      out[i] = static_cast<char>(0xC0u | (upper >> 6));
      out[i + 1] = static_cast<char>(0x80u | (upper & 0x3Fu));
      ++i;
    }
  }
  return out;
}

std::string folded(std::string_view text) {
  std::string out;
  fold_case(text, out);
  return out;
}

}  // namespace hence::filter

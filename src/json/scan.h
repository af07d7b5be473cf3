// SPDX-License-Identifier: Apache-2.0
#pragma once

// The first look at a text: where strings may begin and end.
//
// A parser that searches the end of each string waits for every load before the next can begin.
// With the places of all quotes at hand it does not wait: processors run far ahead.

#include <cstddef>
#include <cstdint>

namespace hence::json {

struct Scan {
  size_t count;  ///< places found
  bool ascii;    ///< no byte above 0x7F
  bool has_del;  ///< a byte 0x7F, which is printed escaped
};

/// How many places scan_specials gives for so long a text at most, its slack included.
size_t specials_bound(const char* text, size_t size);

/// Writes the offsets of all quotes, backslashes and control characters (white space too), then two
/// offsets of the end. text must be readable for 64 bytes beyond its end; out needs
/// specials_bound() places.
Scan scan_specials(const char* text, size_t size, uint32_t* out);

}  // namespace hence::json

// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON numbers as text: grammar, exact comparison and conversion.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hence::json {

/// Room that format_number needs.
inline constexpr size_t kNumberTextMax = 40;

/// Whether text is one number of RFC 8259 and nothing else.
bool is_number_text(std::string_view text);

/// Writes value, which is not NaN, in jq's form; infinities as ±max. Returns the bytes written.
size_t format_number(double value, char* out);

/// The nearest binary64 of a legal number text; ±max beyond the range, ±0 below it.
double number_to_double(std::string_view text);

/// The exact value of a legal number text if it is an integer in range.
std::optional<int64_t> number_to_int64(std::string_view text);

/// Exact order of two legal number texts, in time linear in their length.
std::strong_ordering compare_number_texts(std::string_view a, std::string_view b);

}  // namespace hence::json

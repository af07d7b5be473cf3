// SPDX-License-Identifier: Apache-2.0
#pragma once

// Well-formedness of UTF-8 (RFC 3629).

#include <cstddef>
#include <string>
#include <string_view>

namespace hence::json {

/// The length of the longest well-formed prefix.
size_t utf8_prefix(std::string_view bytes);

/// The text with every ill-formed byte sequence replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view bytes);

/// Appends a code point (a scalar value).
void append_utf8(uint32_t code_point, std::string& out);

}  // namespace hence::json

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Base64 of RFC 4648, section 4: the standard alphabet, padded.

#include <optional>
#include <string>
#include <string_view>

namespace hence::event {

std::string base64_encode(std::string_view bytes);
/// Nothing for any other character, wrong padding, or bits beyond the last byte that are not zero.
std::optional<std::string> base64_decode(std::string_view text);
/// Whether base64_decode would succeed, without the bytes.
bool is_base64(std::string_view text);

}  // namespace hence::event

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place where events meet OpenSSL.

#include <string>
#include <string_view>

namespace hence::event {

/// HMAC-SHA256 (RFC 2104): 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// Equal, in a time that depends on the sizes only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace hence::event

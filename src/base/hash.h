// SPDX-License-Identifier: Apache-2.0
#pragma once

// The hashes that formats and look-ups name. SHA-256 is OpenSSL's and lives in log/.

#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace hence {

/// CRC-32C (Castagnoli, RFC 3720) of bytes, continued from crc (0 to begin).
uint32_t crc32c(std::string_view bytes, uint32_t crc = 0);

/// SipHash-2-4 with 128-bit output (Aumasson, Bernstein) under a 128-bit key.
Hash128 siphash128(Hash128 key, std::string_view bytes);

/// FNV-1a folded by a finalizer: placement of keys on partitions. Fixed for ever: data folders
/// depend on it.
uint64_t placement_hash(std::string_view bytes);

}  // namespace hence

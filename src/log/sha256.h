// SPDX-License-Identifier: Apache-2.0
#pragma once

// SHA-256 (FIPS 180-4), OpenSSL's: the log's chain and the digests of payloads.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hence::log {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::string_view bytes);

/// "e3b0c442…", 64 hexadecimal digits.
std::string to_hex(const Digest& digest);
/// What to_hex() wrote; nothing for any other text.
std::optional<Digest> parse_digest(std::string_view hex);

/// The same in pieces. finish() begins anew.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#pragma once

// IP addresses and `cidr` ranges. An address is its 4 or 16 bytes; IPv4 and IPv6 never meet.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hence::filter {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};
  uint8_t size = 0;  ///< 4 or 16

  /// Dotted quads without leading zeros; RFC 4291 text, the dotted tail included. No zones.
  static std::optional<IpAddress> parse(std::string_view text);
};

struct AddressRange {
  IpAddress network;  ///< bits beyond the mask are zero
  uint8_t mask_bits = 0;

  /// "10.0.0.0/24", "2001:db8::/32". Bits of the address beyond the mask are ignored.
  /// Errors: PatternInvalid.
  static Result<AddressRange> parse(std::string_view text);

  /// The range of all addresses that begin with the first bits of address.
  static AddressRange of(const IpAddress& address, unsigned bits);

  bool contains(const IpAddress& address) const;
  /// "10.0.0.0/24", the network's bits only.
  std::string to_string() const;
};

}  // namespace hence::filter

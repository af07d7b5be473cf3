// SPDX-License-Identifier: Apache-2.0
#pragma once

// IPv4 and IPv6 addresses and CIDR blocks as values, for deciding which addresses may be called.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;

namespace hence::connectors {

struct IpAddress {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};  ///< network order; the first 4 where it is IPv4

  static IpAddress v4_of(const uint8_t* four);
  /// Strict text form ("127.0.0.1", "::1"); none of the forms inet_aton also takes.
  static std::optional<IpAddress> parse(std::string_view text);
  /// Nothing for other families (unix sockets).
  static std::optional<IpAddress> from_sockaddr(const sockaddr* address);
  std::string to_string() const;
};

/// A block of addresses, "10.0.0.0/8" or "fc00::/7"; a plain address is a block of one.
struct Cidr {
  IpAddress address;
  unsigned bits = 0;

  /// Errors: ConfigurationInvalid, also where bits beyond the prefix are set.
  static Result<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& candidate) const;
  std::string to_string() const;
};

}  // namespace hence::connectors

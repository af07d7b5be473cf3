// SPDX-License-Identifier: Apache-2.0
#pragma once

// Decides whether an address may be called (server-side request forgery). Everything that is not
// global unicast is refused unless the configuration allows it. The question is asked about the
// address a socket is about to connect to, so names that resolve differently the second time,
// and spellings like http://2130706433/, change nothing.

#include <string>
#include <vector>

#include "base/result.h"
#include "connectors/http/ip_address.h"

namespace hence::connectors {

class AddressGuard {
 public:
  /// Refuses every address that is not global unicast.
  AddressGuard() = default;
  /// allow: blocks that may be called besides the global ones ("127.0.0.0/8", "::1").
  /// Errors: ConfigurationInvalid, naming the block.
  static Result<AddressGuard> create(const std::vector<std::string>& allow);

  /// Errors: AddressRefused, naming the address, why, and the setting that would allow it.
  Status check(const IpAddress& address) const;

 private:
  bool allowed(const IpAddress& address) const;
  std::vector<Cidr> allow_;
};

/// The IPv4 address inside an IPv4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) or 6to4
/// (2002::/16) address; any other address as it is.
IpAddress unwrap(const IpAddress& address);

}  // namespace hence::connectors

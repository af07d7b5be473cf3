// SPDX-License-Identifier: Apache-2.0
#include "filter/address_range.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <string>

namespace hence::filter {

namespace {

/// Clears the bits of the address from bit `bits` on.
void keep_bits(IpAddress& address, unsigned bits) {
  for (unsigned i = 0; i < address.size; ++i) {
    const unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
    if (kept < 8) address.bytes[i] &= static_cast<uint8_t>(0xFF00u >> kept);
  }
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof(terminated)) return std::nullopt;
  const char first = text.front();
  const bool plausible = (first >= '0' && first <= '9') || (first >= 'a' && first <= 'f') ||
                         (first >= 'A' && first <= 'F') || first == ':';
  if (!plausible) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  IpAddress out;
  if (std::memchr(terminated, '\0', text.size()) != nullptr) return std::nullopt;
  const bool v6 = text.find(':') != std::string_view::npos;
  out.size = v6 ? 16 : 4;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, terminated, out.bytes.data()) != 1) return std::nullopt;
  return out;
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::PatternInvalid, "cidr \"" + std::string(text) + "\" " + std::string(why));
  };
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.find('/', slash + 1) != std::string_view::npos) {
    return refuse("must hold exactly one /, as in \"10.0.0.0/24\"");
  }
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return refuse("does not begin with an IPv4 or IPv6 address");
  const std::string_view mask = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(mask.data(), mask.data() + mask.size(), bits);
  if (error != std::errc() || end != mask.data() + mask.size() || mask.empty()) {
    return refuse("must end with a number of bits");
  }
  if (bits > address->size * 8u) {
    return refuse("has more bits than the " + std::to_string(address->size * 8) + " of its address");
  }
  return of(*address, bits);
}

AddressRange AddressRange::of(const IpAddress& address, unsigned bits) {
  AddressRange out{address, static_cast<uint8_t>(bits)};
  keep_bits(out.network, bits);
  return out;
}

std::string AddressRange::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(network.size == 4 ? AF_INET : AF_INET6, network.bytes.data(), text, sizeof(text));
  return std::string(text) + "/" + std::to_string(mask_bits);
}

bool AddressRange::contains(const IpAddress& address) const {
  return address.size == network.size && of(address, mask_bits).network.bytes == network.bytes;
}

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#include "connectors/http/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>

namespace hence::connectors {

IpAddress IpAddress::v4_of(const uint8_t* four) {
  IpAddress address;
  std::memcpy(address.bytes.data(), four, 4);
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  IpAddress address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
  address.v6 = true;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::from_sockaddr(const sockaddr* address) {
  IpAddress result;
  if (address->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof in);
    std::memcpy(result.bytes.data(), &in.sin_addr, 4);
    return result;
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, address, sizeof in);
    result.v6 = true;
    std::memcpy(result.bytes.data(), &in.sin6_addr, 16);
    return result;
  }
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), text, sizeof text);
  return text;
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const auto refused = [&](std::string_view why) {
    return Error(ErrorCode::ConfigurationInvalid,
                 "\"" + std::string(text) + "\" is no block of addresses (" + std::string(why) +
                     "); write it like \"10.0.0.0/8\" or \"fd00::/8\"");
  };
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return refused("the part before \"/\" is no IP address");
  const unsigned bits_max = address->v6 ? 128 : 32;
  Cidr block{*address, bits_max};
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), block.bits);
    if (error != std::errc() || end != digits.data() + digits.size() || block.bits > bits_max) {
      return refused("the prefix length must be 0.." + std::to_string(bits_max));
    }
  }
  for (unsigned bit = block.bits; bit < bits_max; ++bit) {
    if ((block.address.bytes[bit / 8] >> (7 - bit % 8)) & 1) {
      return refused("it has bits set beyond its prefix");
    }
  }
  return block;
}

bool Cidr::contains(const IpAddress& candidate) const {
  if (candidate.v6 != address.v6) return false;
  const unsigned whole = bits / 8;
  if (std::memcmp(candidate.bytes.data(), address.bytes.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const unsigned shift = 8 - bits % 8;
  return (candidate.bytes[whole] >> shift) == (address.bytes[whole] >> shift);
}

std::string Cidr::to_string() const { return address.to_string() + "/" + std::to_string(bits); }

}  // namespace hence::connectors

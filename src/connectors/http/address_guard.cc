// SPDX-License-Identifier: Apache-2.0
#include "connectors/http/address_guard.h"

#include <array>

namespace hence::connectors {
namespace {

struct Special {
  const char* block;
  const char* name;
};

// IANA special-purpose registries (RFC 6890 and successors), IPv4 and what lies inside 2000::/3.
// All other IPv6 space is refused as a whole.
constexpr Special kSpecial[] = {
    {"0.0.0.0/8", "of this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared by carriers"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved for protocols"},
    {"192.0.2.0/24", "for documentation"},
    {"192.88.99.0/24", "a 6to4 relay's"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "for benchmarks"},
    {"198.51.100.0/24", "for documentation"},
    {"203.0.113.0/24", "for documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved or broadcast"},
    {"::1/128", "loopback"},
    {"::/128", "unspecified"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
    {"100::/64", "discard-only"},
    {"64:ff9b:1::/48", "for local translation"},
    {"2001::/23", "reserved for protocols"},
    {"2001:db8::/32", "for documentation"},
    {"3fff::/20", "for documentation"},
};

struct Block {
  Cidr cidr;
  const char* name;
};

const std::vector<Block>& special_blocks() {
  static const std::vector<Block> blocks = [] {
    std::vector<Block> made;
    for (const Special& special : kSpecial) {
      made.push_back({Cidr::parse(special.block).value(), special.name});
    }
    return made;
  }();
  return blocks;
}

bool begins_with(const IpAddress& address, std::initializer_list<uint8_t> prefix) {
  size_t i = 0;
  for (uint8_t byte : prefix) {
    if (address.bytes[i++] != byte) return false;
  }
  return true;
}

/// Why the address is not global unicast; null where it is.
const char* refusal(const IpAddress& address) {
  for (const Block& block : special_blocks()) {
    if (block.cidr.contains(address)) return block.name;
  }
  const bool global_v6 = (address.bytes[0] & 0xE0) == 0x20;  // 2000::/3
  if (address.v6 && !global_v6) return "outside the global addresses";
  return nullptr;
}

}  // namespace

IpAddress unwrap(const IpAddress& address) {
  if (!address.v6) return address;
  if (begins_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}) ||
      begins_with(address, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return IpAddress::v4_of(address.bytes.data() + 12);
  }
  if (begins_with(address, {0x20, 0x02})) return IpAddress::v4_of(address.bytes.data() + 2);
  return address;
}

Result<AddressGuard> AddressGuard::create(const std::vector<std::string>& allow) {
  AddressGuard guard;
  for (const std::string& text : allow) {
    auto block = Cidr::parse(text);
    if (!block.ok()) return block.error().in("egress.allow");
    guard.allow_.push_back(*block);
  }
  return guard;
}

bool AddressGuard::allowed(const IpAddress& address) const {
  for (const Cidr& block : allow_) {
    if (block.contains(address)) return true;
  }
  return false;
}

Status AddressGuard::check(const IpAddress& address) const {
  const IpAddress inner = unwrap(address);
  const char* why = refusal(inner);
  if (why == nullptr || allowed(address) || allowed(inner)) return {};
  std::string named = address.to_string();
  if (inner.v6 != address.v6) named += " (" + inner.to_string() + ")";
  return Error(ErrorCode::AddressRefused,
               "the address " + named + " is " + why +
                   ", and only global addresses may be called; to call it, add \"" +
                   inner.to_string() + "\" or its block to egress.allow in hence.yaml");
}

}  // namespace hence::connectors

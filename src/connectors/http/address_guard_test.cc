// SPDX-License-Identifier: Apache-2.0
#include "connectors/http/address_guard.h"

#include <gtest/gtest.h>

namespace hence::connectors {
namespace {

Status check(const AddressGuard& guard, const char* text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return guard.check(*address);
}

class Refused : public testing::TestWithParam<const char*> {};
TEST_P(Refused, ByDefaultAndTheSentenceNamesTheSetting) {
  const Status status = check(AddressGuard(), GetParam());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::AddressRefused);
  EXPECT_NE(status.error().message().find("egress.allow"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(
    NotGlobal, Refused,
    testing::Values("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1",
                    "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1",
                    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1",
                    "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
                    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
                    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
                    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1",
                    "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "3fff::1", "fc00::1",
                    "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "4000::1"));

class Passed : public testing::TestWithParam<const char*> {};
TEST_P(Passed, ByDefault) { EXPECT_TRUE(check(AddressGuard(), GetParam()).ok()); }
INSTANTIATE_TEST_SUITE_P(Global, Passed,
                         testing::Values("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
                                         "100.63.255.255", "100.128.0.0", "172.15.255.255",
                                         "172.32.0.0", "192.0.1.1", "223.255.255.255",
                                         "2606:4700::1111", "2001:200::1", "::ffff:1.1.1.1",
                                         "64:ff9b::8.8.8.8", "2002:101:101::1"));

TEST(AddressGuard, AllowedBlocksMayBeCalledInEverySpelling) {
  const auto guard = AddressGuard::create({"127.0.0.0/8", "fd00::/8"});
  ASSERT_TRUE(guard.ok());
  EXPECT_TRUE(check(*guard, "127.0.0.1").ok());
  EXPECT_TRUE(check(*guard, "::ffff:127.0.0.1").ok());
  EXPECT_TRUE(check(*guard, "fd12::1").ok());
  EXPECT_FALSE(check(*guard, "10.0.0.1").ok());
  EXPECT_FALSE(check(*guard, "::1").ok());
}

TEST(AddressGuard, BlocksThatAreNoneAreRefusedByName) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.1/8", "localhost", "10.0.0.0/", "::/129",
                           "10.0.0/8", "0x7f.0.0.1", "10.0.0.0/8x"}) {
    const auto guard = AddressGuard::create({text});
    ASSERT_FALSE(guard.ok()) << text;
    EXPECT_EQ(guard.error().code(), ErrorCode::ConfigurationInvalid);
    EXPECT_NE(guard.error().message().find("egress.allow"), std::string::npos);
  }
}

TEST(Cidr, ContainsByPrefix) {
  const Cidr odd = Cidr::parse("172.16.0.0/12").value();
  EXPECT_TRUE(odd.contains(*IpAddress::parse("172.31.255.255")));
  EXPECT_FALSE(odd.contains(*IpAddress::parse("172.32.0.0")));
  EXPECT_TRUE(Cidr::parse("0.0.0.0/0").value().contains(*IpAddress::parse("8.8.8.8")));
  EXPECT_EQ(Cidr::parse("fc00::/7").value().to_string(), "fc00::/7");
}

}  // namespace
}  // namespace hence::connectors

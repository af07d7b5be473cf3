// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <gtest/gtest.h>

namespace hence {
namespace {

TEST(Address, IsWrittenAsPartitionAndSequence) {
  EXPECT_EQ((Address{7, 42}).to_string(), "07-42");
  EXPECT_EQ((Address{63, 1}).to_string(), "63-1");
  EXPECT_EQ((Address{100, 18446744073709551615u}).to_string(), "100-18446744073709551615");
  EXPECT_EQ((Address{kControlPartition, 9}).to_string(), "ctl-9");
}

TEST(Address, ReadsWhatItWrites) {
  for (const Address address : {Address{0, 1}, Address{9, 77}, Address{512, 3},
                                Address{kControlPartition, 5}}) {
    EXPECT_EQ(Address::parse(address.to_string()), address);
  }
  EXPECT_EQ(Address::parse("7-42"), (Address{7, 42}));
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "-", "7", "7-", "-7", "07-0", "07-x", "x-7", "07-42 ", " 07-42",
                           "65535-1", "65536-1", "07-18446744073709551616", "07--1", "+7-1"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, OrdersByPartitionThenSequence) {
  EXPECT_LT((Address{1, 9}), (Address{2, 1}));
  EXPECT_LT((Address{2, 9}), (Address{2, 10}));
  EXPECT_TRUE(Address{}.is_none());
}

}  // namespace
}  // namespace hence

// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>

namespace hence {
namespace {

Hash128 from_bytes(const unsigned char (&bytes)[16]) {
  Hash128 hash;
  std::memcpy(&hash.low, bytes, 8);
  std::memcpy(&hash.high, bytes + 8, 8);
  return hash;
}

// RFC 3720, B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(crc32c(ascending), 0x46DD794Eu);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Crc32c, ContinuesFromAnEarlierPart) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), crc32c(text));
  }
}

// vectors_sip128 of the reference implementation: key 00..0f, input 00 01 02 ….
TEST(SipHash, GivesThePublishedValues) {
  constexpr unsigned char kKey[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  constexpr unsigned char kEmpty[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                        0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
  constexpr unsigned char kOne[16] = {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
                                      0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45};
  EXPECT_EQ(siphash128(from_bytes(kKey), ""), from_bytes(kEmpty));
  EXPECT_EQ(siphash128(from_bytes(kKey), std::string(1, '\0')), from_bytes(kOne));
}

TEST(SipHash, EveryByteAndTheKeyCount) {
  std::set<std::pair<uint64_t, uint64_t>> seen;
  std::string text;
  for (int i = 0; i < 40; ++i) {
    for (uint64_t key : {0u, 1u}) {
      const Hash128 hash = siphash128({key, 0}, text);
      EXPECT_TRUE(seen.insert({hash.high, hash.low}).second);
    }
    text += '\0';
  }
}

// Data folders depend on these: a change here strands every key in the wrong partition.
TEST(PlacementHash, NeverChanges) {
  EXPECT_EQ(placement_hash(""), 0xefd01f60ba992926ull);
  EXPECT_EQ(placement_hash("order-1"), 0x491b422e3af0d9a5ull);
}

TEST(PlacementHash, SpreadsShortKeysEvenly) {
  int counts[64] = {};
  for (int i = 0; i < 64'000; ++i) ++counts[placement_hash("k" + std::to_string(i)) % 64];
  for (const int count : counts) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

}  // namespace
}  // namespace hence

// SPDX-License-Identifier: Apache-2.0
#include "filter/byte_table.h"

#include <gtest/gtest.h>

namespace hence::filter {
namespace {

TEST(ByteTable, NumbersDistinctStringsAsTheyCome) {
  ByteTable table;
  EXPECT_TRUE(table.put("b").is_new);
  EXPECT_TRUE(table.put("").is_new);
  EXPECT_TRUE(table.put(std::string_view("b\0", 2)).is_new);
  EXPECT_FALSE(table.put("b").is_new);
  EXPECT_EQ(table.put("").number, 1u);
  EXPECT_EQ(table.put(std::string_view("b\0", 2)).number, 2u);
}

TEST(ByteTable, FindsAllAfterItHasGrown) {
  ByteTable table;
  table.expect(10);
  for (uint32_t i = 0; i < 5'000; ++i) ASSERT_EQ(table.put(std::to_string(i)).number, i);
  for (uint32_t i = 0; i < 5'000; ++i) {
    const auto again = table.put(std::to_string(i));
    ASSERT_EQ(again.number, i);
    ASSERT_FALSE(again.is_new);
  }
  const auto last = table.item(4'999);
  EXPECT_EQ(std::move(table).take_bytes().substr(last.offset, last.size), "4999");
}

}  // namespace
}  // namespace hence::filter

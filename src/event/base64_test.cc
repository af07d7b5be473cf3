// SPDX-License-Identifier: Apache-2.0
#include "event/base64.h"

#include <gtest/gtest.h>

namespace hence::event {
namespace {

// RFC 4648, section 10.
TEST(Base64, GivesThePublishedValues) {
  const std::pair<const char*, const char*> kVectors[] = {
      {"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, ReadsWhatItWritesForEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(Base64, RefusesOtherCharactersPaddingAndStrayBits) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zh==", "Zm9=", "Zm8\n", "Zm9v ",
                           "Zm-_", "=Zg=", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
    EXPECT_FALSE(is_base64(text)) << text;
  }
}

}  // namespace
}  // namespace hence::event

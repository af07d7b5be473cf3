// SPDX-License-Identifier: Apache-2.0
#include "base/codec.h"

#include <gtest/gtest.h>

#include <limits>

namespace hence {
namespace {

enum class Colour : uint8_t { red, green };

struct Inner {
  std::string text;
  int32_t number = 0;
  bool operator==(const Inner&) const = default;
  template <typename Archive>
  void fields(Archive& a) {
    a(text, number);
  }
};

struct Outer {
  bool flag = false;
  Colour colour = Colour::red;
  uint64_t large = 0;
  int64_t negative = 0;
  std::vector<Inner> list;
  std::optional<std::string> maybe;
  std::map<std::string, uint32_t> map;
  Address address;
  UtcTime time;
  Duration duration;
  Hash128 hash;
  bool operator==(const Outer&) const = default;
  template <typename Archive>
  void fields(Archive& a) {
    a(flag, colour, large, negative, list, maybe, map, address, time, duration, hash);
  }
};

struct OldForm {
  uint32_t first = 0;
  template <typename Archive>
  void fields(Archive& a) {
    a(first);
  }
};
struct NewForm {
  uint32_t first = 0;
  std::string added = "default";
  template <typename Archive>
  void fields(Archive& a) {
    a(first, added);
  }
};

Outer full() {
  return {true, Colour::green, std::numeric_limits<uint64_t>::max(),
          std::numeric_limits<int64_t>::min(), {{"a", -1}, {"", 7}}, "x", {{"k", 3}},
          {5, 6}, {-1}, {1'000'000}, {1, 2}};
}

TEST(Codec, ReadsWhatItWrites) {
  const Outer value = full();
  auto decoded = decode<Outer>(encode(value), "the outer");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, value);
}

TEST(Codec, EveryShorterTextIsRefusedOrReadsAsOlderForm) {
  const std::string bytes = encode(full());
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto decoded = decode<Outer>(std::string_view(bytes).substr(0, size), "the outer");
    if (!decoded.ok()) {
      EXPECT_EQ(decoded.error().code(), ErrorCode::LogDamaged);
    }
  }
}

TEST(Codec, AFieldAddedAtTheEndReadsAsItsDefault) {
  auto decoded = decode<NewForm>(encode(OldForm{9}), "the form");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->first, 9u);
  EXPECT_EQ(decoded->added, "default");
}

TEST(Codec, AnUnknownFieldAtTheEndIsSkipped) {
  auto decoded = decode<OldForm>(encode(NewForm{9, "later"}), "the form");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->first, 9u);
}

TEST(Codec, ALengthBeyondTheBytesIsRefused) {
  std::string bytes;
  Encoder encoder(bytes);
  encoder.varint(1u << 30);
  Decoder decoder(bytes);
  EXPECT_EQ(decoder.bytes(), "");
  EXPECT_TRUE(decoder.failed());
}

TEST(Codec, VarintsAreLittleEndianBase128) {
  std::string bytes;
  Encoder encoder(bytes);
  encoder.varint(300);
  EXPECT_EQ(bytes, "\xAC\x02");
}

}  // namespace
}  // namespace hence

// SPDX-License-Identifier: Apache-2.0

// Random documents survive every way through the module unchanged.

#include <gtest/gtest.h>

#include <random>

#include "json/builder.h"
#include "json/parse.h"
#include "json/write.h"
#include "json/yaml.h"

namespace hence::json {
namespace {

class RandomDocument {
 public:
  explicit RandomDocument(uint32_t seed) : random_(seed) {}

  Value make() {
    Builder b;
    put(b, 0);
    return std::move(b).finish();
  }

 private:
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string text() {
    static constexpr std::string_view kPieces[] = {"a", "key", " ", "\n", "\"", "\\", "é", "😀", "\t", ":", "#", "-", "0",
                                                   "true", "\x01", "\u2028", "~", "/", "longer piece of text", "'", "{", "]"};
    std::string out;
    for (uint32_t i = below(5); i > 0; --i) out += kPieces[below(std::size(kPieces))];
    return out;
  }
  void put(Builder& b, int depth) {
    static constexpr std::string_view kNumbers[] = {"0", "-0", "1.50", "1e400", "-1E-7", "12345678901234567890123", "3"};
    switch (below(depth > 5 ? 5 : 8)) {
      case 0: b.null(); break;
      case 1: b.boolean(below(2) == 0); break;
      case 2: b.number_text(kNumbers[below(std::size(kNumbers))]); break;
      case 3: b.string(text()); break;
      case 4: b.number(static_cast<double>(below(1000)) / 8); break;
      case 5:
        b.begin_array();
        for (uint32_t i = below(6); i > 0; --i) put(b, depth + 1);
        b.end_array();
        break;
      default:
        b.begin_object();
        for (uint32_t i = below(20) == 0 ? 60 : below(6); i > 0; --i) {
          b.key(text() + std::to_string(below(90)));
          put(b, depth + 1);
        }
        b.end_object();
    }
  }
  std::mt19937 random_;
};

TEST(Random, DocumentsRoundTrip) {
  for (uint32_t seed = 1; seed <= 1500; ++seed) {
    const Value value = RandomDocument(seed).make();
    const std::string text = value->to_text();
    const auto again = parse(text);
    ASSERT_TRUE(again.ok()) << seed << again.error().message() << text;
    ASSERT_EQ((*again)->to_text(), text) << seed;
    ASSERT_EQ((*again)->source_text(), text) << seed;
    ASSERT_TRUE(equal(*again, value)) << seed;
    ASSERT_TRUE(compare(*again, value) == 0) << seed;
    std::string pretty;
    write_pretty(value, pretty);
    ASSERT_TRUE(equal(parse(pretty).value(), value)) << seed;
    ASSERT_EQ(Value::detached(*again)->to_text(), text) << seed;
    std::string yaml;
    write_yaml(value, yaml);
    const auto from_yaml = parse_yaml(yaml);
    ASSERT_TRUE(from_yaml.ok()) << seed << from_yaml.error().message() << yaml;
    ASSERT_EQ(from_yaml->size(), 1u) << seed;
    ASSERT_EQ(from_yaml->at(0).value->to_text(), text) << seed << yaml;
  }
}

TEST(Random, EveryPrefixAndDamageIsJudgedTheSameTwice) {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    const std::string text = RandomDocument(seed).make()->to_text();
    for (size_t i = 0; i < text.size() && i < 300; ++i) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << (seed % 8)));
      if (const auto parsed = parse(damaged); parsed.ok()) {
        ASSERT_TRUE(parse((*parsed)->to_text()).ok());
      }
      (void)parse(std::string_view(text).substr(0, i));
    }
  }
}

}  // namespace
}  // namespace hence::json

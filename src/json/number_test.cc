// SPDX-License-Identifier: Apache-2.0
#include "json/number.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "json/write.h"

namespace hence::json {
namespace {

std::string printed(double value) {
  std::string out;
  write_number(value, out);
  return out;
}

TEST(Number, ComparesExactlyWhateverTheForm) {
  static constexpr std::string_view kAscending[] = {
      "-1e99999999999999999999999999999999999999", "-1E1000", "-2", "-1.5", "-1", "-1e-9999999999999999999999999",
      "0", "1e-2000000000000000000", "1e-1000000000", "0.09", "0.1", "0.5", "1", "1.0000000000000000000000000000001",
      "1.5", "9", "10", "9007199254740992", "9007199254740993", "9007199254740993.5", "1e1000000000", "2e1000000000",
      "1e999999999999999999", "1e1000000000000000000", "1e99999999999999999999999999999999999999",
  };
  for (size_t i = 0; i < std::size(kAscending); ++i) {
    for (size_t j = 0; j < std::size(kAscending); ++j) {
      EXPECT_EQ(compare_number_texts(kAscending[i], kAscending[j]), i <=> j)
          << kAscending[i] << " " << kAscending[j];
    }
  }
}

TEST(Number, EqualFormsAreEqual) {
  static constexpr std::string_view kGroups[][4] = {
      {"1", "1.0", "10e-1", "0.0001e4"}, {"0", "-0", "0.000e99999999999999999999", "-0e5"},
      {"123.456", "123456e-3", "0.123456e3", "1.2345600e+02"}, {"-5", "-5.0", "-0.5E1", "-500e-2"},
      {"10e9999999999999999999999", "1e10000000000000000000000", "0.1e10000000000000000000001", "100e9999999999999999999998"},
      {"1e-10000000000000000000000", "10e-10000000000000000000001", "0.1e-9999999999999999999999", "0.01e-9999999999999999999998"},
      {"10e999999999999999999", "1e1000000000000000000", "1.0e1000000000000000000", "0.1e1000000000000000001"},
  };
  for (const auto& group : kGroups) {
    for (const auto a : group) {
      for (const auto b : group) EXPECT_TRUE(compare_number_texts(a, b) == 0) << a << " " << b;
    }
  }
}

TEST(Number, ShortDecimalsConvertAndPrintAsTheLibraryDoes) {
  char text[kNumberTextMax];
  uint64_t state = 1;
  for (int i = 0; i < 200'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto digits = static_cast<int64_t>(state >> (14 + i % 50)) * (i % 2 == 0 ? 1 : -1);
    const int decimals = i % 7;
    std::string decimal = std::to_string(std::abs(digits));
    while (decimal.size() <= static_cast<size_t>(decimals)) decimal.insert(0, "0");
    if (decimals > 0) decimal.insert(decimal.size() - static_cast<size_t>(decimals), ".");
    if (digits < 0) decimal.insert(0, "-");
    const double value = std::strtod(decimal.c_str(), nullptr);
    ASSERT_EQ(number_to_double(decimal), value) << decimal;
    // The next double too: what only looks like a short decimal must not print as one.
    for (const double each : {value, std::nextafter(value, 1e300)}) {
      const std::string_view printed_text(text, format_number(each, text));
      ASSERT_EQ(number_to_double(printed_text), each) << printed_text;
      char shortest[40];
      const auto end = std::to_chars(shortest, shortest + sizeof shortest, each, std::chars_format::scientific).ptr;
      const std::string_view expected(shortest, static_cast<size_t>(end - shortest));
      ASSERT_EQ(compare_number_texts(printed_text, expected), std::strong_ordering::equal) << printed_text;
    }
  }
  EXPECT_TRUE(std::signbit(number_to_double("-0.0")));
}

TEST(Number, ConvertsToIntegersExactly) {
  EXPECT_EQ(number_to_int64("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(number_to_int64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(number_to_int64("-9.223372036854775808e18"), INT64_MIN);
  EXPECT_EQ(number_to_int64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(number_to_int64("1.0"), 1);
  EXPECT_EQ(number_to_int64("1e2"), 100);
  EXPECT_EQ(number_to_int64("-0"), 0);
  EXPECT_EQ(number_to_int64("0e99999999999999999999"), 0);
  EXPECT_EQ(number_to_int64("1200e-2"), 12);
  EXPECT_EQ(number_to_int64("1.5"), std::nullopt);
  EXPECT_EQ(number_to_int64("1e-1"), std::nullopt);
  EXPECT_EQ(number_to_int64("1e19"), std::nullopt);
  EXPECT_EQ(number_to_int64("1e99999999999999999999"), std::nullopt);
  EXPECT_EQ(number_to_int64("1e18"), 1'000'000'000'000'000'000);
}

TEST(Number, ConvertsToDoubles) {
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(number_to_double("0.1"), 0.1);
  EXPECT_EQ(number_to_double("1e400"), kMax);
  EXPECT_EQ(number_to_double("-1e99999999999999999999"), -kMax);
  EXPECT_EQ(number_to_double("1e-400"), 0);
  EXPECT_EQ(number_to_double("1e-99999999999999999999"), 0);
  EXPECT_EQ(number_to_double("5e-324"), 5e-324);
  EXPECT_EQ(number_to_double("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(number_to_double("0e99999"), 0);
  EXPECT_TRUE(std::signbit(number_to_double("-0")));
}

TEST(Number, PrintsAsJqDoes) {
  const std::pair<double, std::string> kCases[] = {
      {3, "3"}, {3.5, "3.5"}, {0.1, "0.1"}, {1e15, "1000000000000000"}, {1e16, "1e+16"}, {1e17, "1e+17"},
      {1.2e18, "1.2e+18"}, {1234567890000000000.0, "1234567890000000000"}, {1e-3, "0.001"},
      {1e-4, "0.0001"}, {1e-5, "1e-05"}, {1.5e-5, "1.5e-05"}, {1e-7, "1e-07"}, {1e100, "1e+100"},
      {1.5e300, "1.5e+300"}, {std::numeric_limits<double>::infinity(), "1.7976931348623157e+308"},
      {-std::numeric_limits<double>::infinity(), "-1.7976931348623157e+308"}, {-0.0, "-0"},
      {5e-324, "5e-324"}, {-1.25, "-1.25"}, {1e308, "1e+308"}, {9007199254740993.0, "9007199254740992"},
      {123456789012345678901234567890.0, "123456789012345680000000000000"}, {0.12345678901234568, "0.12345678901234568"},
      {1.05e-19, "1.05e-19"}, {std::numeric_limits<double>::quiet_NaN(), "null"}, {-7, "-7"}, {0, "0"},
  };
  for (const auto& [value, text] : kCases) EXPECT_EQ(printed(value), text);
}

TEST(Number, KnowsItsGrammar) {
  for (const auto text : {"0", "-0", "1.5", "1e5", "1E+5", "-1.5e-05"}) EXPECT_TRUE(is_number_text(text));
  for (const auto text : {"", "-", "01", "+1", "1.", ".5", "1e", "1 ", " 1", "0x1", "1e+", "nan"}) {
    EXPECT_FALSE(is_number_text(text)) << text;
  }
}

}  // namespace
}  // namespace hence::json

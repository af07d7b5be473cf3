// SPDX-License-Identifier: Apache-2.0
#include "schema/number.h"

#include <algorithm>

#include "json/number.h"

namespace hence::schema {
namespace {

constexpr int64_t kExponentMax = 1'000'000'000'000;

/// digits × 10^exponent; digits have no leading and no trailing zero and may be empty (zero).
struct Decimal {
  std::string digits;
  int64_t exponent = 0;
};

Decimal to_decimal(std::string_view text) {
  Decimal out;
  size_t at = text[0] == '-' ? 1 : 0;
  bool fraction = false;
  for (; at < text.size() && (text[at] | 32) != 'e'; ++at) {
    if (text[at] == '.') {
      fraction = true;
      continue;
    }
    if (!out.digits.empty() || text[at] != '0') out.digits += text[at];
    if (fraction) --out.exponent;
  }
  if (at < text.size()) {
    ++at;
    const bool negative = text[at] == '-';
    if (text[at] == '-' || text[at] == '+') ++at;
    int64_t exponent = 0;
    for (; at < text.size(); ++at) exponent = std::min(exponent * 10 + (text[at] - '0'), kExponentMax);
    out.exponent += negative ? -exponent : exponent;
  }
  while (!out.digits.empty() && out.digits.back() == '0') {
    out.digits.pop_back();
    ++out.exponent;
  }
  return out;
}

uint64_t multiply(uint64_t a, uint64_t b, uint64_t modulus) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b % modulus);
}

uint64_t power_of_ten(uint64_t exponent, uint64_t modulus) {
  uint64_t result = 1 % modulus, base = 10 % modulus;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = multiply(result, base, modulus);
    base = multiply(base, base, modulus);
  }
  return result;
}

/// A number's whole part and the sign of what comes after it.
struct Plain {
  int64_t whole;
  int fraction;
};

/// Nothing for numbers with an exponent or more than 18 digits before the point.
std::optional<Plain> to_plain(std::string_view text) {
  const bool negative = text[0] == '-';
  size_t at = negative ? 1 : 0;
  if (text.size() - at > 64) return std::nullopt;
  int64_t whole = 0;
  const size_t from = at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    if (at - from >= 18) return std::nullopt;
    whole = whole * 10 + (text[at] - '0');
  }
  int fraction = 0;
  if (at < text.size()) {
    if (text[at] != '.') return std::nullopt;
    for (++at; at < text.size(); ++at) {
      if (text[at] < '0' || text[at] > '9') return std::nullopt;
      if (text[at] != '0') fraction = 1;
    }
  }
  return Plain{negative ? -whole : whole, negative ? -fraction : fraction};
}

}  // namespace

bool is_whole(std::string_view text) {
  const size_t from = text[0] == '-' ? 1 : 0;
  if (std::all_of(text.begin() + static_cast<long>(from), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return true;
  }
  const Decimal decimal = to_decimal(text);
  return decimal.digits.empty() || decimal.exponent >= 0;
}

Bound::Bound(std::string_view text) : text_(text) {
  const auto plain = to_plain(text);
  if (plain && plain->fraction == 0) whole_ = plain->whole;
}

int Bound::compare(std::string_view text) const {
  if (whole_) {
    if (const auto plain = to_plain(text)) {
      if (plain->whole != *whole_) return plain->whole < *whole_ ? -1 : 1;
      return plain->fraction;
    }
  }
  const auto order = json::compare_number_texts(text, text_);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::optional<Divisor> Divisor::create(std::string_view text) {
  const Decimal decimal = to_decimal(text);
  if (text[0] == '-' || decimal.digits.empty() || decimal.digits.size() > 18) return std::nullopt;
  Divisor out;
  out.text_ = text;
  out.digits_ = std::stoull(decimal.digits);
  out.exponent_ = decimal.exponent;
  return out;
}

bool Divisor::divides(std::string_view text) const {
  if (exponent_ == 0) {
    const auto plain = to_plain(text);
    if (plain && plain->fraction == 0) return plain->whole % static_cast<int64_t>(digits_) == 0;
  }
  const Decimal decimal = to_decimal(text);
  if (decimal.digits.empty()) return true;
  // value / divisor = digits × 10^shift / digits_: with a negative shift 10 would have to divide
  // digits, which end in no zero.
  const int64_t shift = decimal.exponent - exponent_;
  if (shift < 0) return false;
  uint64_t rest = 0;
  for (const char c : decimal.digits) rest = (multiply(rest, 10, digits_) + static_cast<uint64_t>(c - '0')) % digits_;
  return multiply(rest, power_of_ten(static_cast<uint64_t>(shift), digits_), digits_) == 0;
}

}  // namespace hence::schema

// SPDX-License-Identifier: Apache-2.0
#include "json/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

namespace hence::json {
namespace {

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// A number taken apart: value = ± 0.DIGITS × 10^(exponent), where DIGITS are first, a point that
/// may stand inside, and rest, without leading or trailing zeros. Exponent = written + shift.
struct Parts {
  bool negative = false;
  std::string_view digits;     ///< significant digits, may hold one '.'; empty: zero
  int64_t digit_count = 0;
  bool exponent_negative = false;
  std::string_view exponent;   ///< written exponent without sign and leading zeros
  int64_t shift = 0;           ///< places of the point after the first significant digit, from it

  bool zero() const { return digits.empty(); }
  int sign() const { return zero() ? 0 : negative ? -1 : 1; }
  /// The exponent as a number, if the written one has at most 18 digits.
  std::optional<int64_t> small_exponent() const {
    if (exponent.size() > 18) return std::nullopt;
    int64_t value = 0;
    for (const char c : exponent) value = value * 10 + (c - '0');
    return (exponent_negative ? -value : value) + shift;
  }
};

Parts take_apart(std::string_view text) {
  Parts parts;
  if (text.front() == '-') {
    parts.negative = true;
    text.remove_prefix(1);
  }
  const size_t e = text.find_first_of("eE");
  std::string_view mantissa = text.substr(0, e);
  if (e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.front() == '-' || exponent.front() == '+') {
      parts.exponent_negative = exponent.front() == '-';
      exponent.remove_prefix(1);
    }
    exponent.remove_prefix(std::min(exponent.find_first_not_of('0'), exponent.size()));
    parts.exponent = exponent;
  }
  const size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) {
    Parts zero;
    zero.negative = parts.negative;
    return zero;
  }
  const size_t last = mantissa.find_last_not_of("0.");
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  parts.digits = mantissa.substr(first, last - first + 1);
  const bool point_inside = point > first && point < last;
  parts.digit_count = static_cast<int64_t>(parts.digits.size()) - (point_inside ? 1 : 0);
  // 0.DIGITS: the point moves before the first significant digit.
  parts.shift = point > first ? static_cast<int64_t>(point - first)
                              : -static_cast<int64_t>(first - point - 1);
  return parts;
}

/// |exponent + shift| as decimal text, for exponents of more than 18 digits: the shift, below 2^31,
/// cannot change the sign.
std::string shifted_exponent(const Parts& parts) {
  std::string text(parts.exponent);
  int64_t carry = parts.exponent_negative ? -parts.shift : parts.shift;
  for (size_t i = text.size(); i-- > 0 && carry != 0;) {
    const int64_t sum = (text[i] - '0') + carry;
    const int64_t digit = ((sum % 10) + 10) % 10;
    text[i] = static_cast<char>('0' + digit);
    carry = (sum - digit) / 10;
  }
  if (carry > 0) text.insert(0, std::to_string(carry));
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  return text;
}

std::strong_ordering compare_exponents(const Parts& a, const Parts& b) {
  const auto small_a = a.small_exponent();
  const auto small_b = b.small_exponent();
  if (small_a && small_b) return *small_a <=> *small_b;
  const auto side = [](const Parts& parts, const std::optional<int64_t>& small) {
    return small ? 0 : parts.exponent_negative ? -1 : 1;
  };
  const int side_a = side(a, small_a);
  const int side_b = side(b, small_b);
  if (small_a.has_value() != small_b.has_value()) {
    // Beside 10^18 the shift hardly counts, but at the border it decides: compare as wide numbers.
    const Parts& big = small_a ? b : a;
    const auto small = small_a ? *small_a : *small_b;
    if (big.exponent.size() == 19) {
      unsigned __int128 value = 0;
      for (const char c : big.exponent) value = value * 10 + static_cast<unsigned>(c - '0');
      __int128 wide = static_cast<__int128>(value);
      wide = (big.exponent_negative ? -wide : wide) + big.shift;
      const auto order = wide <=> static_cast<__int128>(small);
      return small_a ? 0 <=> order : order;
    }
    return side_a <=> side_b;
  }
  if (side_a != side_b) return side_a <=> side_b;
  const std::string text_a = shifted_exponent(a);
  const std::string text_b = shifted_exponent(b);
  const auto order = text_a.size() != text_b.size() ? text_a.size() <=> text_b.size()
                                                    : text_a.compare(text_b) <=> 0;
  return side_a > 0 ? order : 0 <=> order;
}

/// Reads an integer of at most 18 digits.
bool short_integer(std::string_view text, int64_t& value) {
  const bool negative = text.front() == '-';
  if (text.size() > 18) return false;
  for (const char c : text.substr(negative ? 1 : 0)) {
    if (!is_digit(c)) return false;
    value = value * 10 + (c - '0');
  }
  if (negative) value = -value;
  return true;
}

std::strong_ordering compare_digits(std::string_view a, std::string_view b) {
  const char* p = a.data();
  const char* q = b.data();
  const char* p_end = p + a.size();
  const char* q_end = q + b.size();
  while (true) {
    if (p != p_end && *p == '.') ++p;
    if (q != q_end && *q == '.') ++q;
    if (p == p_end || q == q_end) return (p != p_end) <=> (q != q_end);
    if (*p != *q) return *p <=> *q;
    ++p;
    ++q;
  }
}

char* put_exponent(char* out, int exponent) {
  *out++ = 'e';
  *out++ = exponent < 0 ? '-' : '+';
  const int size = std::abs(exponent);
  if (size < 10) *out++ = '0';
  return std::to_chars(out, out + 4, size).ptr;
}

}  // namespace

bool is_number_text(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  const auto digits = [&] {
    const char* begin = p;
    while (p != end && is_digit(*p)) ++p;
    return p - begin;
  };
  if (p != end && *p == '-') ++p;
  const bool zero = p != end && *p == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (p != end && *p == '.') {
    ++p;
    if (digits() == 0) return false;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (digits() == 0) return false;
  }
  return p == end;
}

namespace {

/// Exact in binary64, as is every integer of 15 digits.
constexpr double kPowers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr double kShortMax = 1e15;

/// Writes a number that has at most four decimals and 15 digits in all: no two of those are the same
/// binary64, so the one found is the shortest. 0: it is another.
size_t format_short(double value, char* out) {
  for (int decimals = 1; decimals <= 4; ++decimals) {
    const double digits = std::nearbyint(value * kPowers[decimals]);
    if (!(std::abs(digits) < kShortMax)) return 0;
    if (digits / kPowers[decimals] != value || digits == 0) continue;
    char* at = out;
    if (digits < 0) *at++ = '-';
    const auto whole = static_cast<uint64_t>(std::abs(digits));
    const auto power = static_cast<uint64_t>(kPowers[decimals]);
    at = std::to_chars(at, at + 20, whole / power).ptr;
    *at = '.';
    uint64_t rest = whole % power;
    for (int i = decimals; i > 0; --i, rest /= 10) at[i] = static_cast<char>('0' + rest % 10);
    return static_cast<size_t>(at + 1 + decimals - out);
  }
  return 0;
}

}  // namespace

size_t format_number(double value, char* out) {
  char* const begin = out;
  constexpr double kMax = std::numeric_limits<double>::max();
  value = std::clamp(value, -kMax, kMax);
  if (value == std::trunc(value) && std::abs(value) < 1e15 && !(value == 0 && std::signbit(value))) {
    return std::to_chars(out, out + kNumberTextMax, static_cast<int64_t>(value)).ptr - begin;
  }
  if (const size_t bytes = format_short(value, out); bytes > 0) return bytes;
  // Shortest digits as d.ddde±x, laid out as jq's jvp_dtoa_fmt does.
  char text[kNumberTextMax];
  const char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* p = text;
  if (*p == '-') *out++ = *p++;
  char digits[24];
  int count = 0;
  for (; *p != 'e'; ++p) {
    if (*p != '.') digits[count++] = *p;
  }
  int exponent = 0;
  ++p;
  if (*p == '+') ++p;
  std::from_chars(p, end, exponent);
  const int point = exponent + 1;
  if (value == 0) {
    *out++ = '0';
  } else if (point <= -4 || point > count + 15) {
    *out++ = digits[0];
    if (count > 1) *out++ = '.';
    out = std::copy(digits + 1, digits + count, out);
    out = put_exponent(out, exponent);
  } else if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    out = std::fill_n(out, -point, '0');
    out = std::copy(digits, digits + count, out);
  } else {
    const int whole = std::min(point, count);
    out = std::copy(digits, digits + whole, out);
    out = std::fill_n(out, point - whole, '0');
    if (whole < count) *out++ = '.';
    out = std::copy(digits + whole, digits + count, out);
  }
  return static_cast<size_t>(out - begin);
}

namespace {

/// Numbers of at most 15 digits without an exponent, as most are: both integer and power of ten are exact,
/// so one division rounds right (Clinger 1990). False: it is another.
bool short_decimal(std::string_view text, double& out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const bool negative = *p == '-';
  p += negative ? 1 : 0;
  if (end - p > 16) return false;
  const char* point = end;
  int64_t digits = 0;
  for (; p != end; ++p) {
    if (is_digit(*p)) {
      digits = digits * 10 + (*p - '0');
    } else if (*p == '.') {
      point = p + 1;
    } else {
      return false;
    }
  }
  if (digits >= static_cast<int64_t>(kShortMax)) return false;
  out = static_cast<double>(digits) / kPowers[end - point];
  if (negative) out = -out;
  return true;
}

}  // namespace

double number_to_double(std::string_view text) {
  double value = 0;
  if (short_decimal(text, value)) return value;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  if (done.ec == std::errc() && std::isfinite(value)) return value;
  const Parts parts = take_apart(text);
  const bool huge = parts.exponent.size() > 18 ? !parts.exponent_negative
                                               : *parts.small_exponent() > 0;
  const double size = parts.zero() || !huge ? 0.0 : std::numeric_limits<double>::max();
  return parts.negative ? -size : size;
}

std::optional<int64_t> number_to_int64(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto done = std::from_chars(text.data(), end, value);
  if (done.ec == std::errc() && done.ptr == end) return value;
  const Parts parts = take_apart(text);
  if (parts.zero()) return 0;
  const auto exponent = parts.small_exponent();
  if (!exponent || *exponent > 19 || *exponent < parts.digit_count) return std::nullopt;
  uint64_t size = 0;
  const auto add = [&size](uint64_t digit) {
    return !__builtin_mul_overflow(size, uint64_t{10}, &size) &&
           !__builtin_add_overflow(size, digit, &size);
  };
  for (const char c : parts.digits) {
    if (c != '.' && !add(static_cast<uint64_t>(c - '0'))) return std::nullopt;
  }
  for (int64_t i = parts.digit_count; i < *exponent; ++i) {
    if (!add(0)) return std::nullopt;
  }
  const uint64_t limit = uint64_t{1} << 63;
  if (size > limit || (size == limit && !parts.negative)) return std::nullopt;
  return static_cast<int64_t>(parts.negative ? 0 - size : size);
}

std::strong_ordering compare_number_texts(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  int64_t whole_a = 0;
  int64_t whole_b = 0;
  if (short_integer(a, whole_a) && short_integer(b, whole_b)) return whole_a <=> whole_b;
  const Parts x = take_apart(a);
  const Parts y = take_apart(b);
  if (x.sign() != y.sign()) return x.sign() <=> y.sign();
  if (x.zero()) return std::strong_ordering::equal;
  auto order = compare_exponents(x, y);
  if (order == 0) order = compare_digits(x.digits, y.digits);
  return x.negative ? 0 <=> order : order;
}

}  // namespace hence::json

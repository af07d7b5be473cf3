// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exact tests of numbers by their text: no rounding, whatever their length.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hence::schema {

/// Whether a legal number text is a whole number: 1, 1.0 and 1e3 are.
bool is_whole(std::string_view text);

/// A number that others are compared with.
class Bound {
 public:
  explicit Bound(std::string_view text);
  /// Less than 0, 0 or more as a number's text is less than, equal to or more than the bound.
  int compare(std::string_view text) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::optional<int64_t> whole_;
};

/// The number of multipleOf.
class Divisor {
 public:
  /// Nothing if text is not above 0 or has more than 18 significant digits.
  static std::optional<Divisor> create(std::string_view text);
  bool divides(std::string_view text) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  uint64_t digits_ = 1;
  int64_t exponent_ = 0;  ///< the divisor is digits × 10^exponent, digits without trailing zeros
};

}  // namespace hence::schema

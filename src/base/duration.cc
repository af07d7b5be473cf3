// SPDX-License-Identifier: Apache-2.0
// Durations as text: ISO 8601, Go's short form, and the form people read.
#include <cstdio>

#include "base/time.h"

namespace hence {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
// A thousand years: beyond every use, and far from overflow when added to a time.
constexpr int64_t kMonthsMax = 12 * 1000;
constexpr int64_t kMicrosMax = 366 * 1000 * kDay;

Error invalid_duration(std::string_view text, std::string_view why) {
  std::string message = "\"" + std::string(text.substr(0, 64)) + "\" is not a duration: ";
  message += why;
  return Error(ErrorCode::TimeInvalid, std::move(message));
}

/// A decimal number as read.
struct Decimal {
  int64_t whole = 0;
  std::string_view fraction;  ///< the digits behind the point
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes a number from the front of text; false if there is none or it is beyond 10^15.
bool take_decimal(std::string_view& text, bool comma_too, Decimal& out) {
  size_t i = 0;
  for (; i < text.size() && i <= 15 && is_digit(text[i]); ++i) out.whole = out.whole * 10 + (text[i] - '0');
  if (i == 0 || i > 15) {
    return false;
  }
  if (i < text.size() && (text[i] == '.' || (comma_too && text[i] == ','))) {
    const size_t begin = ++i;
    while (i < text.size() && is_digit(text[i])) ++i;
    if (i == begin) return false;
    out.fraction = text.substr(begin, i - begin);
  }
  text.remove_prefix(i);
  return true;
}

/// 0.digits × unit; what is below one is cut off, once, however many digits.
int64_t share_of(std::string_view digits, int64_t unit) {
  int64_t share = 0;
  for (size_t i = digits.size(); i > 0; --i) share = (share + (digits[i - 1] - '0') * unit) / 10;
  return share;
}

/// total += number × unit, cut to microseconds; false beyond kMicrosMax.
bool accumulate(const Decimal& number, int64_t unit, int64_t& total) {
  if (number.whole > kMicrosMax / unit) return false;
  total += number.whole * unit + share_of(number.fraction, unit);
  return total <= kMicrosMax;
}

constexpr int64_t kPartialMonth = 30 * kDay;  ///< what a part of a month is a part of

struct IsoUnit {
  char letter;
  bool in_time;
  int64_t months;
  int64_t micros;
};
// In the order ISO 8601 wants them.
constexpr IsoUnit kIsoUnits[] = {
    {'Y', false, 12, 0},    {'M', false, 1, 0},      {'W', false, 0, 7 * kDay},
    {'D', false, 0, kDay},  {'H', true, 0, kHour},   {'M', true, 0, kMinute},
    {'S', true, 0, kSecond},
};
constexpr size_t kIsoUnitCount = sizeof kIsoUnits / sizeof kIsoUnits[0];

struct ShortUnit {
  std::string_view name;
  int64_t micros;
};
// Longer names first where one begins another.
constexpr ShortUnit kShortUnits[] = {
    {"us", 1}, {"ms", 1000}, {"s", kSecond}, {"m", kMinute}, {"h", kHour}, {"d", kDay},
};

const ShortUnit* find_short_unit(std::string_view text) {
  for (const ShortUnit& unit : kShortUnits) {
    if (text.substr(0, unit.name.size()) == unit.name) return &unit;
  }
  return nullptr;
}

std::string two_units(int64_t major, const char* major_name, int64_t minor,
                      const char* minor_name) {
  std::string text = std::to_string(major) + " " + major_name;
  if (minor != 0) text += " " + std::to_string(minor) + " " + minor_name;
  return text;
}

std::string one_decimal(int64_t tenths, const char* unit) {
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " " + unit;
}

}  // namespace

Result<CalendarDuration> parse_iso8601_duration(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty() || rest.front() != 'P') {
    return invalid_duration(text, "it begins with P, as in P1DT2H or PT30S");
  }
  rest.remove_prefix(1);
  CalendarDuration out;
  size_t next_unit = 0;
  bool in_time = false;
  bool part_seen = false;
  while (!rest.empty()) {
    if (rest.front() == 'T' && !in_time) {
      in_time = true;
      part_seen = false;  // a T promises at least one part after it
      rest.remove_prefix(1);
      continue;
    }
    Decimal number;
    if (!take_decimal(rest, true, number) || rest.empty()) {
      return invalid_duration(text, "a number and a unit are expected, as in PT30S");
    }
    while (next_unit < kIsoUnitCount && (kIsoUnits[next_unit].letter != rest.front() ||
                                         kIsoUnits[next_unit].in_time != in_time)) {
      ++next_unit;
    }
    if (next_unit == kIsoUnitCount) {
      return invalid_duration(text, "units are Y M W D, then T, then H M S, each once, in order");
    }
    const IsoUnit& unit = kIsoUnits[next_unit++];
    rest.remove_prefix(1);
    part_seen = true;
    if (unit.months != 0) {
      if (number.whole > kMonthsMax) return invalid_duration(text, "over 1000 years");
      const int64_t share = share_of(number.fraction, unit.months * kPartialMonth);
      out.months += number.whole * unit.months + share / kPartialMonth;
      out.rest.micros += share % kPartialMonth;
    } else if (!accumulate(number, unit.micros, out.rest.micros)) {
      return invalid_duration(text, "over 1000 years");
    }
  }
  if (!part_seen) return invalid_duration(text, "it has no part, write for example PT30S");
  if (out.months > kMonthsMax) return invalid_duration(text, "over 1000 years");
  return out;
}

Result<Duration> parse_duration(std::string_view text) {
  if (!text.empty() && text.front() == 'P') {
    HENCE_TRY(const CalendarDuration calendar, parse_iso8601_duration(text));
    if (calendar.months != 0) {
      return invalid_duration(text, "months and years have no fixed length here; use days or less");
    }
    return calendar.rest;
  }
  if (text == "0") return Duration{};
  std::string_view rest = text;
  Duration out;
  bool valid = !rest.empty();
  while (valid && !rest.empty()) {
    Decimal number;
    const ShortUnit* unit = nullptr;
    if (take_decimal(rest, false, number)) unit = find_short_unit(rest);
    valid = unit != nullptr;
    if (!valid) break;
    rest.remove_prefix(unit->name.size());
    if (!accumulate(number, unit->micros, out.micros)) {
      return invalid_duration(text, "over 1000 years");
    }
  }
  if (!valid) {
    return invalid_duration(text, "write 250ms, 10s, 5m, 1h30m, 7d, or ISO 8601 such as PT30S");
  }
  return out;
}

std::string format_iso8601(Duration duration) {
  std::string text = duration.micros < 0 ? "-P" : "P";
  uint64_t left = duration.micros < 0 ? -static_cast<uint64_t>(duration.micros)
                                      : static_cast<uint64_t>(duration.micros);
  bool in_time = false;
  const auto part = [&](uint64_t unit, char letter) {
    if (left < unit) return;
    if (letter != 'D' && !in_time) {
      text += 'T';
      in_time = true;
    }
    text += std::to_string(left / unit);
    text += letter;
    left %= unit;
  };
  part(kDay, 'D');
  part(kHour, 'H');
  part(kMinute, 'M');
  if (left == 0) {
    if (duration.micros == 0) text += "T0S";
    return text;
  }
  if (!in_time) text += 'T';
  text += std::to_string(left / kSecond);
  if (left % kSecond != 0) {
    char fraction[16];
    int size = std::snprintf(fraction, sizeof fraction, ".%06d", static_cast<int>(left % kSecond));
    while (fraction[size - 1] == '0') --size;
    text.append(fraction, static_cast<size_t>(size));
  }
  return text + 'S';
}

std::string format_human(Duration duration) {
  if (duration.micros < 0) return "-" + format_human({-duration.micros});
  const int64_t micros = duration.micros;
  if (micros < 10'000) return one_decimal((micros + 50) / 100, "ms");
  if (micros < kSecond) return std::to_string(micros / 1000) + " ms";
  if (micros < kMinute) return one_decimal(micros / 100'000, "s");
  if (micros < kHour) return two_units(micros / kMinute, "min", micros / kSecond % 60, "s");
  if (micros < kDay) return two_units(micros / kHour, "h", micros / kMinute % 60, "min");
  return two_units(micros / kDay, "d", micros / kHour % 24, "h");
}

}  // namespace hence

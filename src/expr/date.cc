// SPDX-License-Identifier: Apache-2.0
#include "expr/date.h"

#include <array>
#include <cmath>

namespace hence::expr {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

std::string padded(int64_t value, int width, char fill = '0') {
  std::string digits = std::to_string(value < 0 ? -value : value);
  while (static_cast<int>(digits.size()) < width) digits.insert(digits.begin(), fill);
  return value < 0 ? "-" + digits : digits;
}

bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/// ISO 8601 week and the year it belongs to.
void iso_week(const BrokenTime& time, int64_t& year, int& week) {
  const int weekday = (time.weekday + 6) % 7;
  week = (time.year_day - weekday + 10) / 7;
  year = time.year;
  auto weeks_in = [](int64_t y) {
    const int first = static_cast<int>(((days_of(y, 0, 1) + 3) % 7 + 7) % 7);
    return first == 3 || (first == 2 && is_leap(y)) ? 53 : 52;
  };
  if (week < 1) {
    --year;
    week = weeks_in(year);
  } else if (week > weeks_in(year)) {
    ++year;
    week = 1;
  }
}

int hour_of_twelve(int hour) { return hour % 12 == 0 ? 12 : hour % 12; }

std::optional<std::string> format_week(const BrokenTime& time, char conversion) {
  int64_t year = 0;
  int week = 0;
  switch (conversion) {
    case 'U': return padded((time.year_day + 7 - time.weekday) / 7, 2);
    case 'W': return padded((time.year_day + 7 - (time.weekday + 6) % 7) / 7, 2);
    case 'u': return std::to_string(time.weekday == 0 ? 7 : time.weekday);
    case 'w': return std::to_string(time.weekday);
    default: break;
  }
  iso_week(time, year, week);
  if (conversion == 'V') return padded(week, 2);
  if (conversion == 'G') return std::to_string(year);
  if (conversion == 'g') return padded((year % 100 + 100) % 100, 2);
  return std::nullopt;
}

std::optional<std::string> format_one(const BrokenTime& time, char conversion) {
  const auto second = static_cast<int64_t>(std::floor(time.second));
  switch (conversion) {
    case 'Y': return std::to_string(time.year);
    case 'C': return padded(time.year / 100, 2);
    case 'y': return padded((time.year % 100 + 100) % 100, 2);
    case 'm': return padded(time.month + 1, 2);
    case 'd': return padded(time.day, 2);
    case 'e': return padded(time.day, 2, ' ');
    case 'H': return padded(time.hour, 2);
    case 'k': return padded(time.hour, 2, ' ');
    case 'I': return padded(hour_of_twelve(time.hour), 2);
    case 'l': return padded(hour_of_twelve(time.hour), 2, ' ');
    case 'M': return padded(time.minute, 2);
    case 'S': return padded(second, 2);
    case 'p': return time.hour < 12 ? "AM" : "PM";
    case 'P': return time.hour < 12 ? "am" : "pm";
    case 'j': return padded(time.year_day + 1, 3);
    case 'A': return std::string(kDays[static_cast<size_t>(time.weekday)]);
    case 'a': return std::string(kDays[static_cast<size_t>(time.weekday)].substr(0, 3));
    case 'B': return std::string(kMonths[static_cast<size_t>(time.month)]);
    case 'b': case 'h': return std::string(kMonths[static_cast<size_t>(time.month)].substr(0, 3));
    case 'Z': return "UTC";
    case 'z': return "+0000";
    case 's': return std::to_string(seconds_of(time));
    case 'n': return "\n";
    case 't': return "\t";
    case '%': return "%";
    case 'T': case 'X': return format_time(time, "%H:%M:%S");
    case 'D': case 'x': return format_time(time, "%m/%d/%y");
    case 'F': return format_time(time, "%Y-%m-%d");
    case 'R': return format_time(time, "%H:%M");
    case 'r': return format_time(time, "%I:%M:%S %p");
    case 'c': return format_time(time, "%a %b %e %H:%M:%S %Y");
    default: return format_week(time, conversion);
  }
}

/// Reads a text by a format.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  bool read(std::string_view format) {
    for (size_t i = 0; i < format.size(); ++i) {
      const char c = format[i];
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        skip_blank();
      } else if (c != '%' || i + 1 == format.size()) {
        if (!take(c)) return false;
      } else {
        ++i;
        if ((format[i] == 'E' || format[i] == 'O') && i + 1 < format.size()) ++i;
        if (!conversion(format[i])) return false;
      }
    }
    return true;
  }
  bool at_end() const { return text_.empty(); }

  BrokenTime finish() {
    if (epoch_) {
      time_ = broken_time(static_cast<double>(*epoch_));
      return time_;
    }
    if (afternoon_ && time_.hour < 12) time_.hour += 12;
    if (morning_ && time_.hour == 12) time_.hour = 0;
    if (year_day_ && !day_given_) {
      const BrokenTime there = broken_time(static_cast<double>((days_of(time_.year, 0, 1) + *year_day_) * 86'400));
      time_.month = there.month;
      time_.day = there.day;
    }
    const int64_t days = days_of(time_.year, time_.month, time_.day);
    time_.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
    time_.year_day = static_cast<int>(days - days_of(time_.year, 0, 1));
    return time_;
  }

 private:
  void skip_blank() {
    while (!text_.empty() && (text_[0] == ' ' || (text_[0] >= '\t' && text_[0] <= '\r'))) {
      text_.remove_prefix(1);
    }
  }
  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool number(int digits, int64_t low, int64_t high, int64_t& value) {
    skip_blank();
    value = 0;
    int count = 0;
    const bool negative = high > 9999 && take('-');
    while (count < digits && !text_.empty() && text_[0] >= '0' && text_[0] <= '9') {
      value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
      ++count;
    }
    if (negative) value = -value;
    return count > 0 && value >= low && value <= high;
  }
  bool number(int digits, int low, int high, int& value) {
    int64_t wide = 0;
    if (!number(digits, int64_t{low}, int64_t{high}, wide)) return false;
    value = static_cast<int>(wide);
    return true;
  }
  template <size_t N>
  bool name(const std::array<std::string_view, N>& names, int& index) {
    auto same = [&](std::string_view wanted) {
      if (text_.size() < wanted.size()) return false;
      for (size_t i = 0; i < wanted.size(); ++i) {
        if ((text_[i] | 32) != (wanted[i] | 32)) return false;
      }
      return true;
    };
    for (size_t i = 0; i < N; ++i) {
      for (const std::string_view wanted : {names[i], names[i].substr(0, 3)}) {
        if (!same(wanted)) continue;
        text_.remove_prefix(wanted.size());
        index = static_cast<int>(i);
        return true;
      }
    }
    return false;
  }
  bool meridian() {
    if (text_.size() < 2 || (text_[1] | 32) != 'm') return false;
    afternoon_ = (text_[0] | 32) == 'p';
    morning_ = (text_[0] | 32) == 'a';
    text_.remove_prefix(2);
    return afternoon_ || morning_;
  }
  bool offset() {
    if (take('Z')) return true;
    const bool minus = !text_.empty() && text_[0] == '-';
    if (!minus && (text_.empty() || text_[0] != '+')) return false;
    text_.remove_prefix(1);
    int hours = 0;
    int minutes = 0;
    if (!number(2, 0, 24, hours)) return false;
    static_cast<void>(take(':'));
    return text_.empty() || text_[0] < '0' || text_[0] > '9' || number(2, 0, 59, minutes);
  }
  bool zone_name() {
    size_t n = 0;
    while (n < text_.size() && ((text_[n] | 32) >= 'a' && (text_[n] | 32) <= 'z')) ++n;
    text_.remove_prefix(n);
    return n > 0;
  }
  bool conversion(char c) {
    int ignored = 0;
    int64_t wide = 0;
    switch (c) {
      case 'Y': return number(4, int64_t{-9999}, int64_t{99'999}, time_.year);
      case 'm': {
        const bool ok = number(2, 1, 12, time_.month);
        --time_.month;
        day_given_ = true;
        return ok;
      }
      case 'd': case 'e': day_given_ = true; return number(2, 1, 31, time_.day);
      case 'H': case 'k': return number(2, 0, 23, time_.hour);
      case 'I': case 'l': return number(2, 1, 12, time_.hour);
      case 'M': return number(2, 0, 59, time_.minute);
      case 'S': {
        int second = 0;
        const bool ok = number(2, 0, 60, second);
        time_.second = second;
        return ok;
      }
      case 'y':
        if (!number(2, int64_t{0}, int64_t{99}, wide)) return false;
        time_.year = wide < 69 ? 2000 + wide : 1900 + wide;
        return true;
      case 'j': {
        int day = 0;
        if (!number(3, 1, 366, day)) return false;
        year_day_ = day - 1;
        return true;
      }
      case 's':
        if (!number(18, INT64_MIN / 2, INT64_MAX / 2, wide)) return false;
        epoch_ = wide;
        return true;
      case 'a': case 'A': return name(kDays, ignored);
      case 'b': case 'B': case 'h': day_given_ = true; return name(kMonths, time_.month);
      case 'p': case 'P': return meridian();
      case 'Z': return zone_name();
      case 'z': return offset();
      case 'u': return number(1, 1, 7, ignored);
      case 'w': return number(1, 0, 6, ignored);
      case 'U': case 'W': case 'V': return number(2, 0, 53, ignored);
      case 'C': return number(2, 0, 99, ignored);
      case 'G': return number(4, 0, 9999, ignored);
      case 'g': return number(2, 0, 99, ignored);
      case 'n': case 't': skip_blank(); return true;
      case '%': return take('%');
      case 'T': case 'X': return read("%H:%M:%S");
      case 'D': case 'x': return read("%m/%d/%y");
      case 'F': return read("%Y-%m-%d");
      case 'R': return read("%H:%M");
      case 'r': return read("%I:%M:%S %p");
      case 'c': return read("%a %b %e %H:%M:%S %Y");
      default: return false;
    }
  }

  std::string_view text_;
  BrokenTime time_{1900, 0, 0, 0, 0, 0, 0, 0};
  std::optional<int> year_day_;
  std::optional<int64_t> epoch_;
  bool day_given_ = false;
  bool afternoon_ = false;
  bool morning_ = false;
};

}  // namespace

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
int64_t days_of(int64_t year, int month, int day) {
  year += month / 12;
  month %= 12;
  if (month < 0) {
    month += 12;
    --year;
  }
  const int64_t m = month + 1;
  const int64_t y = year - (m <= 2 ? 1 : 0);
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t of_era = y - era * 400;
  const int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

int64_t seconds_of(const BrokenTime& time) {
  return days_of(time.year, time.month, time.day) * 86'400 + time.hour * int64_t{3'600} +
         time.minute * int64_t{60} + static_cast<int64_t>(std::floor(time.second));
}

BrokenTime broken_time(double seconds) {
  const double whole = std::floor(seconds);
  const auto total = static_cast<int64_t>(whole);
  int64_t days = total / 86'400;
  int64_t rest = total % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  const int64_t z = days + 719'468;
  const int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const int64_t of_era = z - era * 146'097;
  const int64_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t mp = (5 * of_year + 2) / 153;
  BrokenTime time;
  time.day = static_cast<int>(of_year - (153 * mp + 2) / 5 + 1);
  time.month = static_cast<int>(mp < 10 ? mp + 2 : mp - 10);
  time.year = year_of_era + era * 400 + (time.month <= 1 ? 1 : 0);
  time.hour = static_cast<int>(rest / 3'600);
  time.minute = static_cast<int>(rest / 60 % 60);
  time.second = static_cast<double>(rest % 60) + (seconds - whole);
  time.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  time.year_day = static_cast<int>(days - days_of(time.year, 0, 1));
  return time;
}

std::optional<std::string> format_time(const BrokenTime& time, std::string_view format) {
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    ++i;
    if ((format[i] == 'E' || format[i] == 'O') && i + 1 < format.size()) ++i;
    const auto part = format_one(time, format[i]);
    if (!part) return std::nullopt;
    out += *part;
  }
  return out;
}

std::optional<BrokenTime> parse_time(std::string_view text, std::string_view format) {
  TimeReader reader(text);
  if (!reader.read(format) || !reader.at_end()) return std::nullopt;
  return reader.finish();
}

}  // namespace hence::expr

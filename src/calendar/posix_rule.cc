// SPDX-License-Identifier: Apache-2.0
#include "calendar/posix_rule.h"

#include <algorithm>

#include "calendar/civil.h"

namespace hence::calendar {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool name() {
    const bool quoted = take('<');
    size_t length = 0;
    const auto fits = [&](char c) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      return letter || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
    };
    while (length < text_.size() && fits(text_[length])) ++length;
    text_.remove_prefix(length);
    return length >= 3 && (!quoted || take('>'));
  }
  bool number(int low, int high, int& out) {
    size_t length = 0;
    int value = 0;
    while (length < text_.size() && length < 4 && text_[length] >= '0' && text_[length] <= '9') {
      value = value * 10 + (text_[length++] - '0');
    }
    text_.remove_prefix(length);
    out = value;
    return length > 0 && value >= low && value <= high;
  }
  /// [+-]h[h[h]][:mm[:ss]]
  bool time(int32_t& out) {
    const bool minus = take('-');
    if (!minus) take('+');
    int hours = 0, minutes = 0, seconds = 0;
    if (!number(0, 167, hours)) return false;
    if (take(':') && !number(0, 59, minutes)) return false;
    if (take(':') && !number(0, 59, seconds)) return false;
    out = (minus ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
    return true;
  }
  bool day(PosixRule::Day& out) {
    using Kind = PosixRule::Day::Kind;
    if (take('M')) {
      out.kind = Kind::month;
      if (!number(1, 12, out.month) || !take('.') || !number(1, 5, out.week) || !take('.') || !number(0, 6, out.weekday)) return false;
    } else if (take('J')) {
      out.kind = Kind::julian;
      if (!number(1, 365, out.day)) return false;
    } else {
      out.kind = Kind::zero_based;
      if (!number(0, 365, out.day)) return false;
    }
    return !take('/') || time(out.seconds);
  }

 private:
  std::string_view text_;
};

int64_t day_number(int64_t year, const PosixRule::Day& day) {
  const int64_t first = days_from_civil(year, 1, 1);
  switch (day.kind) {
    case PosixRule::Day::Kind::zero_based: return first + day.day;
    case PosixRule::Day::Kind::julian: return first + day.day - 1 + (day.day >= 60 && is_leap(year) ? 1 : 0);
    case PosixRule::Day::Kind::month: break;
  }
  const int64_t month = days_from_civil(year, day.month, 1);
  int of_month = (day.weekday - weekday_of(month) + 7) % 7 + 7 * (day.week - 1);
  if (of_month >= days_in_month(year, day.month)) of_month -= 7;
  return month + of_month;
}

}  // namespace

Result<PosixRule> PosixRule::parse(std::string_view text) {
  PosixRule rule;
  Reader reader(text);
  int32_t west = 0;
  const Error bad(ErrorCode::TimeInvalid, "\"" + std::string(text.substr(0, 80)) + "\" is no rule of a time zone");
  if (!reader.name() || !reader.time(west)) return bad;
  rule.standard = -west;
  if (reader.done()) return rule;
  if (!reader.name()) return bad;
  rule.daylight = rule.standard + 3600;
  if (!reader.take(',')) {
    if (!reader.time(west) || !reader.take(',')) return bad;
    rule.daylight = -west;
  }
  if (!reader.day(rule.begins) || !reader.take(',') || !reader.day(rule.ends) || !reader.done()) return bad;
  return rule;
}

std::vector<Zone::Transition> PosixRule::transitions(int64_t year) const {
  if (!daylight) return {};
  std::vector<Zone::Transition> out = {
      {day_number(year, begins) * kDaySeconds + begins.seconds - standard, *daylight},
      {day_number(year, ends) * kDaySeconds + ends.seconds - *daylight, standard}};
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return out;
}

}  // namespace hence::calendar

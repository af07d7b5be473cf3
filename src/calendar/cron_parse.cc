// SPDX-License-Identifier: Apache-2.0
// The text of a cron expression, read field by field.

#include <algorithm>
#include <span>
#include <vector>

#include "calendar/civil.h"
#include "calendar/cron.h"

namespace hence::calendar {
namespace {

constexpr std::string_view kMonths[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::string_view kDays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct Field {
  std::string_view name;
  int64_t min = 0, max = 59;
  std::span<const std::string_view> names = {};
};
enum : size_t { kSecond, kMinute, kHour, kDay, kMonth, kWeekday };
const Field kFields[] = {{"second"}, {"minute"}, {"hour", 0, 23}, {"day of month", 1, 31},
                         {"month", 1, 12, kMonths}, {"day of week", 0, 7, kDays}};

struct Nickname {
  std::string_view name, means;
};
constexpr Nickname kNicknames[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
                                   {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"},
                                   {"@hourly", "0 * * * *"}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
bool is_letter(char c) { return upper(c) >= 'A' && upper(c) <= 'Z'; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace

class CronParser {
 public:
  explicit CronParser(std::string_view text) : text_(text) {}

  Result<Cron> parse() {
    if (text_.size() > kCronBytesMax) {
      return Error(ErrorCode::TimeInvalid, "a cron expression has at most " + std::to_string(kCronBytesMax) + " bytes");
    }
    skip_spaces();
    HENCE_TRY_VOID(refuse_settings());
    cron_.text_ = text_;
    if (at_ < text_.size() && text_[at_] == '@') {
      HENCE_TRY(text_, nickname());
      at_ = 0;
    }
    const size_t count = count_fields();
    if (count != 5 && count != 6) {
      return fault(0, "expected 5 fields (minute, hour, day of month, month, day of week) or 6 with the second first, found " +
                          std::to_string(count));
    }
    for (size_t field = count == 6 ? kSecond : kMinute; field <= kWeekday; ++field) HENCE_TRY_VOID(read_field(field));
    return finish();
  }

 private:
  Error fault(size_t at, const std::string& message) const {
    return Error(ErrorCode::TimeInvalid, "cron, column " + std::to_string(at + 1) + ": " + message);
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  size_t count_fields() const {
    size_t count = 0;
    bool inside = false;
    for (char c : text_) {
      const bool space = c == ' ' || c == '\t';
      count += !space && !inside;
      inside = !space;
    }
    return count;
  }

  /// Forms of other crons for which there are settings.
  Status refuse_settings() const {
    for (const std::string_view prefix : {"TZ=", "CRON_TZ="}) {
      if (text_.substr(at_).starts_with(prefix)) {
        return fault(at_, "the time zone is a setting of its own: `timeZone`, not in the expression");
      }
    }
    return {};
  }

  Result<std::string_view> nickname() const {
    std::string_view word = text_.substr(at_);
    while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
    const std::string wanted = lower(word);
    std::string known;
    for (const Nickname& one : kNicknames) {
      if (one.name == wanted) return one.means;
      known += (known.empty() ? "" : ", ") + std::string(one.name);
    }
    if (wanted.starts_with("@every")) return fault(at_, "an interval is written as `every: PT5M`, not as a cron expression");
    if (wanted == "@reboot") return fault(at_, "there is no @reboot: a schedule goes on where it was; expected one of " + known);
    return fault(at_, "unknown name " + std::string(word) + "; expected one of " + known);
  }

  bool at_end() const { return at_ >= text_.size() || text_[at_] == ' ' || text_[at_] == '\t'; }
  bool take(char c) {
    if (at_end() || upper(text_[at_]) != c) return false;
    ++at_;
    return true;
  }

  Status read_field(size_t index) {
    skip_spaces();
    const size_t begin = at_;
    const bool star = text_[at_] == '*' || (text_[at_] == '?' && (index == kDay || index == kWeekday));
    do {
      HENCE_TRY_VOID(read_part(index));
    } while (take(','));
    if (!at_end()) return fault(at_, "unexpected \"" + std::string(1, text_[at_]) + "\" in the " + std::string(kFields[index].name));
    if (index == kHour) cron_.any_hour_ = star;
    if (index == kDay) cron_.any_day_ = star;
    if (index == kWeekday) cron_.any_weekday_ = star;
    if (index == kDay) day_at_ = begin;
    return {};
  }

  Status read_part(size_t index) {
    const Field& field = kFields[index];
    const size_t begin = at_;
    int64_t low = field.min;
    int64_t high = index == kWeekday ? 6 : field.max;
    bool ranged = true;
    if (index == kDay && take('L')) return read_last_day();
    if (take('*') || ((index == kDay || index == kWeekday) && take('?'))) {
      // The whole field.
    } else {
      HENCE_TRY(low, read_value(index));
      high = low;
      ranged = take('-');
      if (ranged) {
        HENCE_TRY(high, read_value(index));
      } else if (index == kWeekday && take('L')) {
        cron_.last_weekdays_ |= 1ull << (low % 7);
        return {};
      } else if (index == kWeekday && take('#')) {
        return read_nth(low % 7);
      } else if (index == kDay && take('W')) {
        return fault(at_ - 1, "`W` (the nearest weekday) is not supported");
      }
    }
    if (ranged && high < low) {
      // SAT-SUN and FRI-MON go over the week's end.
      const bool wraps = index == kWeekday;
      if (!wraps) return fault(begin, "the range " + std::string(text_.substr(begin, at_ - begin)) + " ends before it begins");
      high += 7;
    }
    int64_t step = 1;
    if (take('/')) {
      HENCE_TRY(step, read_step(field));
      if (!ranged) high = index == kWeekday ? 6 : field.max;
    }
    for (int64_t value = low; value <= high; value += step) set_of(index) |= 1ull << (index == kWeekday ? value % 7 : value);
    return {};
  }

  Result<int64_t> read_value(size_t index) {
    const Field& field = kFields[index];
    const size_t begin = at_;
    const auto wanted = [&] {
      std::string words = "expected a " + std::string(field.name) + " from " + std::to_string(field.min) + " to " +
                          std::to_string(field.max);
      if (!field.names.empty()) words += " or a name such as " + std::string(field.names[1]);
      return words;
    };
    while (!at_end() && is_letter(text_[at_]) && !field.names.empty() && at_ - begin < 3) ++at_;
    if (at_ > begin) {
      std::string word(text_.substr(begin, at_ - begin));
      std::transform(word.begin(), word.end(), word.begin(), upper);
      for (size_t i = 0; i < field.names.size(); ++i) {
        if (field.names[i] == word) return static_cast<int64_t>(i) + (index == kMonth ? 1 : 0);
      }
      return fault(begin, wanted() + ", found \"" + std::string(text_.substr(begin, at_ - begin)) + "\"");
    }
    int64_t value = 0;
    while (!at_end() && is_digit(text_[at_]) && at_ - begin < 4) value = value * 10 + (text_[at_++] - '0');
    if (at_ == begin) {
      return fault(begin, wanted() + (at_end() ? ", found nothing" : ", found \"" + std::string(1, text_[at_]) + "\""));
    }
    if (value < field.min || value > field.max) {
      return fault(begin, wanted() + ", found " + std::string(text_.substr(begin, at_ - begin)));
    }
    return value;
  }

  Result<int64_t> read_step(const Field& field) {
    const size_t begin = at_;
    int64_t step = 0;
    while (!at_end() && is_digit(text_[at_]) && at_ - begin < 4) step = step * 10 + (text_[at_++] - '0');
    if (at_ == begin || step < 1 || step > field.max) {
      return fault(begin, "expected a step from 1 to " + std::to_string(field.max) + " after `/`");
    }
    return step;
  }

  Status read_last_day() {
    if (take('W')) return fault(at_ - 1, "`W` (the nearest weekday) is not supported");
    int64_t before = 0;
    if (take('-')) {
      const size_t begin = at_;
      while (!at_end() && is_digit(text_[at_]) && at_ - begin < 3) before = before * 10 + (text_[at_++] - '0');
      if (at_ == begin || before > 30) return fault(begin, "expected a number of days from 0 to 30 after `L-`");
    }
    cron_.from_end_ |= 1ull << before;
    return {};
  }

  Status read_nth(int64_t weekday) {
    const size_t begin = at_;
    if (at_end() || text_[at_] < '1' || text_[at_] > '5') return fault(begin, "expected 1 to 5 after `#`: which one of the month");
    cron_.nth_weekdays_[static_cast<size_t>(text_[at_++] - '0')] |= 1ull << weekday;
    return {};
  }

  uint64_t& set_of(size_t index) {
    switch (index) {
      case kSecond:
        if (!seconds_read_) cron_.seconds_ = 0;
        seconds_read_ = true;
        return cron_.seconds_;
      case kMinute: return cron_.minutes_;
      case kHour: return cron_.hours_;
      case kDay: return cron_.days_;
      case kMonth: return cron_.months_;
      default: return cron_.weekdays_;
    }
  }

  Result<Cron> finish() {
    if (cron_.next_local(0)) return std::move(cron_);
    return fault(day_at_, "it never comes: none of the months has such a day");
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t day_at_ = 0;
  bool seconds_read_ = false;
  Cron cron_;
};

Result<Cron> Cron::parse(std::string_view text) { return CronParser(text).parse(); }

}  // namespace hence::calendar

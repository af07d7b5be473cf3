// SPDX-License-Identifier: Apache-2.0
// Builtins about dates. Times are UTC; the present is what the evaluation is given.
#include <cmath>

#include "expr/builtins.h"
#include "expr/date.h"
#include "expr/operations.h"

namespace hence::expr {

namespace {

constexpr double kSecondsMax = 6.7768e16;  // what a C time_t broken down can hold

/// jq's broken-down time: [year, month, day, hours, minutes, seconds, weekday, yearday]; parts may
/// be missing at the end.
bool read_time(const Val& value, BrokenTime& time) {
  if (!value.is_array() || value.size() == 0) return false;
  double parts[6] = {1970, 0, 1, 0, 0, 0};
  bool numbers = true;
  uint32_t i = 0;
  each_element(value, [&](const Val& item) {
    numbers &= item.is_number();
    if (numbers && i < 6) parts[i] = item.number();
    ++i;
    return numbers;
  });
  for (const double part : parts) numbers &= part == part && std::fabs(part) < 1e9;
  if (!numbers) return false;
  time.year = static_cast<int64_t>(parts[0]);
  time.month = static_cast<int>(parts[1]);
  time.day = static_cast<int>(parts[2]);
  time.hour = static_cast<int>(parts[3]);
  time.minute = static_cast<int>(parts[4]);
  time.second = parts[5];
  // Values beyond their range carry over, as timegm has it.
  const double fraction = time.second - std::floor(time.second);
  time = broken_time(static_cast<double>(seconds_of(time)));
  time.second += fraction;
  return true;
}

Val time_array(Run& run, const BrokenTime& time) {
  Val out = make_array(run, 8);
  for (const double part : {static_cast<double>(time.year), double(time.month), double(time.day),
                            double(time.hour), double(time.minute), time.second,
                            double(time.weekday), double(time.year_day)}) {
    push(run, out, Val(part));
  }
  return out;
}

Flow broken(Run& run, Val* a, Val& out, std::string_view name) {
  if (!a[0].is_number()) return run.fail(std::string(name) + " requires a number");
  const double seconds = a[0].number();
  if (!(std::fabs(seconds) < kSecondsMax)) {
    return run.fail("error converting number of seconds since epoch to datetime");
  }
  out = time_array(run, broken_time(seconds));
  return Flow::value;
}
Flow gmtime(Run& run, Val* a, Val& out) { return broken(run, a, out, "gmtime()"); }
Flow localtime(Run& run, Val* a, Val& out) { return broken(run, a, out, "localtime()"); }

Flow mktime(Run& run, Val* a, Val& out) {
  if (!a[0].is_array()) return run.fail("mktime requires array of 6 numbers");
  BrokenTime time;
  if (!read_time(a[0], time)) return run.fail("mktime requires parsed datetime inputs");
  out = Val(static_cast<double>(seconds_of(time)));
  return Flow::value;
}

Flow formatted(Run& run, Val* a, Val& out, std::string_view name) {
  BrokenTime time;
  if (a[0].is_number()) {
    if (!(std::fabs(a[0].number()) < kSecondsMax)) {
      return run.fail("error converting number of seconds since epoch to datetime");
    }
    time = broken_time(a[0].number());
  } else if (!a[0].is_array() || !read_time(a[0], time)) {
    return run.fail(std::string(name) + " requires parsed datetime inputs");
  }
  if (!a[1].is_string()) return run.fail(std::string(name) + " requires a string format");
  if (!run.step(8 + a[1].size())) return Flow::error;
  const auto text = format_time(time, a[1].text());
  if (text) run.step(text->size());
  if (!text) return run.fail(std::string(name) + ": unknown conversion in " + described(run, a[1]));
  out = make_string(run, *text);
  return Flow::value;
}
Flow strftime(Run& run, Val* a, Val& out) { return formatted(run, a, out, "strftime/1"); }
Flow strflocaltime(Run& run, Val* a, Val& out) { return formatted(run, a, out, "strflocaltime/1"); }

Flow strptime(Run& run, Val* a, Val& out) {
  if (!a[0].is_string()) return run.fail("strptime/1 requires string inputs and arguments");
  if (!a[1].is_string()) return run.fail("strptime/1 requires string inputs and arguments");
  if (!run.step(8 + a[0].size() / 4 + a[1].size())) return Flow::error;
  const auto time = parse_time(a[0].text(), a[1].text());
  if (!time) {
    return run.fail("date \"" + std::string(a[0].text().substr(0, 200)) + "\" does not match format \"" +
                    std::string(a[1].text().substr(0, 200)) + "\"");
  }
  out = time_array(run, *time);
  return Flow::value;
}

Flow now(Run& run, Val*, Val& out) {
  const auto& time = run.environment().now;
  if (!time) return run.fail("now is not available here: this expression is evaluated without a clock");
  out = Val(static_cast<double>(time->micros) / 1e6);
  return Flow::value;
}

constexpr Native kBuiltins[] = {
    {"gmtime", 0, true, gmtime},
    {"localtime", 0, true, localtime},
    {"mktime", 0, true, mktime},
    {"strftime", 1, true, strftime},
    {"strflocaltime", 1, true, strflocaltime},
    {"strptime", 1, true, strptime},
    {"now", 0, false, now},
};

}  // namespace

std::span<const Native> date_builtins() { return kBuiltins; }

}  // namespace hence::expr

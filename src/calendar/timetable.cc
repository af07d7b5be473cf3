// SPDX-License-Identifier: Apache-2.0
#include "calendar/timetable.h"

#include <algorithm>
#include <limits>

#include "calendar/civil.h"
#include "calendar/interval.h"

namespace hence::calendar {
namespace {

constexpr int64_t kBegin = std::numeric_limits<int64_t>::min();
constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kMicros = 1'000'000;

/// Up to which local time everything has come by the beginning of a stretch of one offset. Two
/// changes of clocks may lie so close that the later one repeats what the earlier one repeats.
int64_t covered_before(const Zone& zone, int64_t begin) {
  int64_t covered = kBegin;
  for (int64_t at = begin; at > begin - 2 * kDaySeconds;) {
    const int64_t before = zone.transition_at(at - 1).at;
    covered = std::max(covered, at + zone.offset_at(at - 1));
    if (before == kBegin) break;
    at = before;
  }
  return covered;
}

}  // namespace

std::optional<UtcTime> LocalCron::next(UtcTime after) const {
  int64_t from = floor_div(after.micros, kMicros) + 1;
  // A stretch of one offset after the other. Stretches may be short, or a match years away.
  for (Zone::Transition stretch = zone->transition_at(from);;) {
    const int64_t end = zone->next_transition(std::max(from, stretch.at)).at;
    int64_t local = from + stretch.offset;
    if (stretch.at != kBegin) {
      const int64_t covered = covered_before(*zone, stretch.at);
      if (from == stretch.at && covered < local && gap == Gap::shift) {
        const auto missing = cron.next_local(covered);
        if (missing && *missing < local) return UtcTime{from * kMicros};
      }
      if (repeat == Repeat::first) local = std::max(local, covered);
    }
    const auto found = cron.next_local(local);
    if (!found) return std::nullopt;
    if (end == kEnd || *found - stretch.offset < end) return UtcTime{(*found - stretch.offset) * kMicros};
    // Nothing comes before the day before that, whatever clocks do.
    from = end;
    if (*found - 2 * kDaySeconds > end) {
      const Zone::Transition later = zone->transition_at(*found - 2 * kDaySeconds);
      if (later.at > end) from = later.at;
    }
    stretch = zone->transition_at(from);
  }
}

std::optional<UtcTime> Timetable::next(UtcTime after) const {
  if (const auto* cron = std::get_if<LocalCron>(&times_)) return cron->next(after);
  const Interval& interval = std::get<Interval>(times_);
  return next_of_interval(interval.anchor, interval.length, after);
}

UtcTime Timetable::last(UtcTime known, UtcTime until) const {
  // The next one after a time is not after `until` for all times before the last, and for no later one.
  UtcTime low = known - Duration{1}, high = until;
  while ((high - low).micros > 1) {
    const UtcTime middle = low + Duration{(high - low).micros / 2};
    const std::optional<UtcTime> following = next(middle);
    if (following && *following <= until) low = middle;
    else high = middle;
  }
  return next(low).value_or(known);
}

uint64_t Timetable::count(UtcTime after, UtcTime until, uint64_t max) const {
  if (const auto* interval = std::get_if<Interval>(&times_)) {
    return std::min(max, count_of_interval(interval->anchor, interval->length, after, until));
  }
  uint64_t found = 0;
  for (std::optional<UtcTime> at = next(after); at && *at <= until && found < max; at = next(*at)) ++found;
  return found;
}

}  // namespace hence::calendar

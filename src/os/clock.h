// SPDX-License-Identifier: Apache-2.0
#pragma once

// Port: the time. Wall time (UtcTime) may jump and names moments; monotonic time only grows and
// measures durations. They are different types, so that one is never subtracted from the other.

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace hence::os {

/// Microseconds since an arbitrary start of this process's machine; says nothing to anyone else.
struct MonotonicTime {
  int64_t micros = 0;
  auto operator<=>(const MonotonicTime&) const = default;
};
constexpr MonotonicTime operator+(MonotonicTime t, Duration d) { return {t.micros + d.micros}; }
constexpr MonotonicTime operator-(MonotonicTime t, Duration d) { return {t.micros - d.micros}; }
constexpr Duration operator-(MonotonicTime a, MonotonicTime b) { return {a.micros - b.micros}; }

class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime now() const = 0;
  virtual MonotonicTime monotonic() const = 0;
};

/// The kernel's clocks. Any thread.
class SystemClock final : public Clock {
 public:
  UtcTime now() const override;
  MonotonicTime monotonic() const override;
};

/// Stands still until told otherwise. One thread.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(UtcTime start) : now_(start) {}

  UtcTime now() const override { return now_; }
  MonotonicTime monotonic() const override { return monotonic_; }

  /// Time passes on both clocks; the duration is not negative (HENCE_CHECK).
  void advance(Duration duration);
  /// Advances so that the wall shows time; a time already past changes nothing.
  void advance_to(UtcTime time);
  /// Somebody sets the wall clock, forward or back; no time passes.
  void jump_wall(UtcTime time) { now_ = time; }

 private:
  UtcTime now_;
  MonotonicTime monotonic_{1'000'000};
};

}  // namespace hence::os

// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"

#include <time.h>

#include "base/check.h"

namespace hence::os {
namespace {

int64_t read_micros(clockid_t clock) {
  timespec time{};
  HENCE_CHECK(clock_gettime(clock, &time) == 0);
  return time.tv_sec * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace

UtcTime SystemClock::now() const { return {read_micros(CLOCK_REALTIME)}; }

MonotonicTime SystemClock::monotonic() const { return {read_micros(CLOCK_MONOTONIC)}; }

void SimulatedClock::advance(Duration duration) {
  HENCE_CHECK(duration.micros >= 0);
  now_ = now_ + duration;
  monotonic_ = monotonic_ + duration;
}

void SimulatedClock::advance_to(UtcTime time) {
  if (time > now_) advance(time - now_);
}

}  // namespace hence::os

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Token bucket: at most `rate` a second in the long run, `burst` at once. Time is given.

#include <algorithm>
#include <cmath>

#include "os/clock.h"

namespace hence::delivery {

class TokenBucket {
 public:
  /// Begins full. rate 0: no limit. burst is at least 1.
  TokenBucket(double rate, double burst, os::MonotonicTime now)
      : rate_(rate), burst_(std::max(burst, 1.0)), tokens_(burst_), at_(now) {}

  double rate() const { return rate_; }

  /// Whether a token is there now; take() uses it up.
  bool has(os::MonotonicTime now) {
    refill(now);
    return rate_ == 0 || tokens_ >= kWhole;
  }
  void take() { tokens_ -= 1; }
  /// Adds a part of a token, within the burst.
  void add(double tokens) { tokens_ = std::min(burst_, tokens_ + tokens); }

  /// When the next token is there; now or earlier where one is.
  os::MonotonicTime next(os::MonotonicTime now) {
    if (has(now)) return now;
    return now + Duration{static_cast<int64_t>(std::ceil((1 - tokens_) / rate_ * 1e6))};
  }

 private:
  static constexpr double kWhole = 1 - 1e-6;  // sums of parts are not exact

  void refill(os::MonotonicTime now) {
    const double seconds = static_cast<double>((now - at_).micros) / 1e6;
    if (seconds <= 0) return;
    add(seconds * rate_);
    at_ = now;
  }

  double rate_;
  double burst_;
  double tokens_;
  os::MonotonicTime at_;
};

}  // namespace hence::delivery

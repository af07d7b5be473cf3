// SPDX-License-Identifier: Apache-2.0
#pragma once

// When the next try is due. One arithmetic for `try` tasks and for deliveries.

#include <cstdint>

#include "base/time.h"

namespace hence::workflow {

enum class Backoff : uint8_t { constant, linear, exponential };

struct RetryTimes {
  Backoff backoff = Backoff::constant;
  Duration delay;
  Duration jitter_from;
  Duration jitter_to;
};

inline constexpr Duration kRetryDelayMax = Duration::days(366);

/// The pause before retry number n (1 is the first): the delay, n times it (linear) or 2^(n-1)
/// times it (exponential), plus a jitter drawn evenly from [jitter_from, jitter_to] by `random`.
/// Never above kRetryDelayMax.
Duration retry_delay(const RetryTimes& times, uint32_t n, uint64_t random);

}  // namespace hence::workflow

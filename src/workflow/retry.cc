// SPDX-License-Identifier: Apache-2.0
#include "workflow/retry.h"

#include <algorithm>

namespace hence::workflow {

Duration retry_delay(const RetryTimes& times, uint32_t n, uint64_t random) {
  const uint64_t most = static_cast<uint64_t>(kRetryDelayMax.micros);
  const uint64_t base = std::min<uint64_t>(most, static_cast<uint64_t>(std::max<int64_t>(0,
      times.delay.micros)));
  uint64_t factor = 1;
  if (n > 0 && times.backoff == Backoff::linear) factor = n;
  if (n > 0 && times.backoff == Backoff::exponential) factor = uint64_t{1}
      << std::min<uint32_t>(n - 1, 32);
  uint64_t pause = base != 0 && factor > most / base ? most : base * factor;
  const int64_t from = std::clamp<int64_t>(times.jitter_from.micros, 0, kRetryDelayMax.micros);
  const int64_t to = std::clamp<int64_t>(times.jitter_to.micros, from, kRetryDelayMax.micros);
  pause += static_cast<uint64_t>(from) + random % (static_cast<uint64_t>(to - from) + 1);
  return Duration{static_cast<int64_t>(std::min(pause, most))};
}

}  // namespace hence::workflow

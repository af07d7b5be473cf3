// SPDX-License-Identifier: Apache-2.0
#include "engine/effect.h"

#include <algorithm>

namespace hence::engine {

std::string EffectId::to_string() const { return record.to_string() + "." + std::to_string(index); }

std::optional<EffectId> EffectId::parse(std::string_view text) {
  const size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == text.size() || text.size() - dot > 9) return std::nullopt;
  const std::optional<Address> record = Address::parse(text.substr(0, dot));
  if (!record) return std::nullopt;
  EffectId id{*record, 0};
  for (const char digit : text.substr(dot + 1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    id.index = id.index * 10 + static_cast<uint32_t>(digit - '0');
  }
  return id;
}

Duration delivery_pause(const RetryPolicy& policy, uint32_t retry, std::optional<Duration> asked,
                        uint64_t random) {
  const bool full_jitter = policy.jitter_from.micros == 0 && policy.jitter_to.micros == 0;
  const workflow::RetryTimes times{policy.backoff, policy.delay, policy.jitter_from, policy.jitter_to};
  Duration pause = std::min(workflow::retry_delay(times, retry, random), kDeliveryPauseMax);
  if (full_jitter) {
    pause.micros = static_cast<int64_t>(random % (static_cast<uint64_t>(pause.micros) + 1));
  }
  if (asked) pause = std::max(pause, std::min(*asked, kDeliveryPauseMax));
  return pause;
}

}  // namespace hence::engine

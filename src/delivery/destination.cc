// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination.h"

#include <algorithm>

namespace hence::delivery {

std::deque<engine::EffectId>* Destination::lane(os::MonotonicTime now) {
  if (!retries_.empty() && retries_allowed_.has(now)) return &retries_;
  return fresh_.empty() ? nullptr : &fresh_;
}

std::optional<engine::EffectId> Destination::pop(os::MonotonicTime now) {
  if (in_flight_ >= concurrency_ || now < paused_until_) return std::nullopt;
  if (!breaker_.allows(now) || !rate_.has(now)) return std::nullopt;
  std::deque<engine::EffectId>* from = lane(now);
  if (from == nullptr) return std::nullopt;
  if (from == &retries_) retries_allowed_.take();
  if (rate_.rate() != 0) rate_.take();
  const engine::EffectId id = from->front();
  from->pop_front();
  return id;
}

std::optional<os::MonotonicTime> Destination::next_due(os::MonotonicTime now) {
  if (!has_waiting() || in_flight_ >= concurrency_) return std::nullopt;
  os::MonotonicTime due = std::max(now, paused_until_);
  if (breaker_.state() == Breaker::State::half_open && !breaker_.allows(now)) return std::nullopt;
  if (const auto opens = breaker_.opens_at()) due = std::max(due, *opens);
  due = std::max(due, rate_.next(now));
  if (fresh_.empty()) due = std::max(due, retries_allowed_.next(now));
  return due;
}

void Destination::ended_well() {
  --in_flight_;
  breaker_.succeeded();
  retries_allowed_.add(settings_.retries_per_success);
}

void Destination::ended_ill(os::MonotonicTime now) {
  --in_flight_;
  breaker_.failed(now);
}

void Destination::ended_without_news() {
  --in_flight_;
  breaker_.ended_without_news();
}

void Destination::pause(Duration asked, os::MonotonicTime now) {
  paused_until_ = std::max(paused_until_, now + std::min(asked, settings_.pause_max));
}

}  // namespace hence::delivery

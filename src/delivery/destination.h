// SPDX-License-Identifier: Apache-2.0
#pragma once

// One destination: a sink, the host a workflow calls, or the shell. Each is a compartment of its
// own, so that a slow or ill one holds up nobody else: own queue, own concurrency, own rate, own
// breaker, and a budget for retries, which wait in a lane beside the first attempts.

#include <deque>
#include <optional>
#include <string>

#include "delivery/breaker.h"
#include "delivery/rate_limiter.h"
#include "engine/effect.h"

namespace hence::delivery {

struct DestinationSettings {
  BreakerSettings breaker;
  double retries_per_second = 10;
  double retries_per_success = 0.1;
  double retry_burst = 100;
  Duration pause_max = Duration::seconds(30);  ///< on Retry-After, for all of the destination
};

/// Whom effects with one destination are for.
struct Target {
  engine::EffectKind kind = engine::EffectKind::deliver;
  std::string name_space;  ///< of the sink
  std::string sink;
};

class Destination {
 public:
  Destination(Target target, const DestinationSettings& settings, os::MonotonicTime now)
      : target_(std::move(target)),
        settings_(settings),
        breaker_(settings.breaker),
        rate_(0, 1, now),
        retries_allowed_(settings.retries_per_second, settings.retry_burst, now) {}

  /// The sink's settings as they are now; a changed rate begins with a full bucket.
  void set_limits(uint32_t concurrency, double rate, os::MonotonicTime now) {
    concurrency_ = concurrency;
    if (rate != rate_.rate()) rate_ = TokenBucket(rate, rate, now);
  }

  void push(engine::EffectId id, uint32_t attempt) {
    (attempt > 1 ? retries_ : fresh_).push_back(id);
  }
  /// The next effect that may leave now; nothing if none may. Takes it off its lane.
  std::optional<engine::EffectId> pop(os::MonotonicTime now);
  /// When pop() may give something without a call ending; nothing if only that helps.
  std::optional<os::MonotonicTime> next_due(os::MonotonicTime now);

  /// A call left; its end is told by one of the ended_ functions.
  void began() {
    ++in_flight_;
    breaker_.began();
  }
  void ended_well();
  void ended_ill(os::MonotonicTime now);
  void ended_without_news();
  void pause(Duration asked, os::MonotonicTime now);

  const Target& target() const { return target_; }
  bool has_waiting() const { return !fresh_.empty() || !retries_.empty(); }
  uint32_t in_flight() const { return in_flight_; }
  uint32_t concurrency() const { return concurrency_; }
  Breaker::State breaker() const { return breaker_.state(); }
  /// Nothing waits or runs, and it would begin like a new one.
  bool idle() const {
    return !has_waiting() && in_flight_ == 0 && breaker_.state() == Breaker::State::closed;
  }

  uint64_t bytes = 0;       ///< of all its effects held
  size_t queued = 0;        ///< live effects in the lanes; cancelled ones leave their id behind
  bool refused_some = false;  ///< effects were sent away since the last round began; they are in the store
  bool lacked_room = false;   ///< one of them for lack of room, not only so as not to overtake others
  bool catching_up = false;   ///< the round under way fetches some that there was no room for

 private:
  std::deque<engine::EffectId>* lane(os::MonotonicTime now);

  Target target_;
  DestinationSettings settings_;
  Breaker breaker_;
  TokenBucket rate_;
  TokenBucket retries_allowed_;
  os::MonotonicTime paused_until_;
  uint32_t concurrency_ = 1;
  uint32_t in_flight_ = 0;
  std::deque<engine::EffectId> fresh_;
  std::deque<engine::EffectId> retries_;
};

}  // namespace hence::delivery

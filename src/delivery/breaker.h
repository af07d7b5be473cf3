// SPDX-License-Identifier: Apache-2.0
#pragma once

// Circuit breaker of one destination: after many failures in a row nothing is sent to it for a
// while, then one probe at a time until one succeeds. What waits meanwhile uses up no attempt.
//
//   closed ──failures in a row──► open ──pause──► half-open ──success──► closed
//                                   ▲                 │
//                                   └──── failure, twice the pause

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "os/clock.h"

namespace hence::delivery {

struct BreakerSettings {
  uint32_t failures_to_open = 20;  ///< in a row; 0: never opens
  Duration pause = Duration::seconds(1);
  Duration pause_max = Duration::seconds(30);
};

class Breaker {
 public:
  enum class State : uint8_t { closed, open, half_open };

  explicit Breaker(BreakerSettings settings) : settings_(settings), pause_(settings.pause) {}

  State state() const { return state_; }

  /// Whether a call may go out now; with began() it counts as one.
  bool allows(os::MonotonicTime now) {
    if (state_ == State::open && now >= until_) state_ = State::half_open;
    return state_ == State::closed || (state_ == State::half_open && !probing_);
  }
  void began() { probing_ = state_ == State::half_open; }
  /// When allows() may turn true by itself; nothing if only a call's end can change it.
  std::optional<os::MonotonicTime> opens_at() const {
    return state_ == State::open ? std::optional(until_) : std::nullopt;
  }

  void succeeded() {
    failures_ = 0;
    pause_ = settings_.pause;
    probing_ = false;
    state_ = State::closed;
  }
  void failed(os::MonotonicTime now) {
    ++failures_;
    probing_ = false;
    if (state_ == State::half_open) {
      pause_ = std::min(Duration{pause_.micros * 2}, settings_.pause_max);
      open(now);
    } else if (state_ == State::closed && settings_.failures_to_open != 0 &&
               failures_ >= settings_.failures_to_open) {
      open(now);
    }
  }
  /// A call ended that says nothing about the other side (cancelled, refused here).
  void ended_without_news() { probing_ = false; }

 private:
  void open(os::MonotonicTime now) {
    state_ = State::open;
    until_ = now + pause_;
  }

  BreakerSettings settings_;
  State state_ = State::closed;
  uint32_t failures_ = 0;
  bool probing_ = false;
  Duration pause_;
  os::MonotonicTime until_;
};

std::string_view breaker_state_name(Breaker::State state);  ///< "closed", "open", "half-open"

}  // namespace hence::delivery

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What retention may drop, judged by a wall clock that somebody may set: a clock that is ahead by
// years must not empty the log. By bytes the oldest go whatever the clock says.

#include <optional>
#include <string>

#include "base/time.h"
#include "log/log.h"

namespace hence::log {

/// How much further than it may the wall clock goes before it is not believed.
inline constexpr Duration kClockJumpMax = Duration::hours(1);

struct RetentionPolicy {
  std::optional<Duration> age;    ///< none: no segment is too old
  std::optional<uint64_t> bytes;  ///< none: no log is too large
  /// How long what is over stays in the state; none: for good. The caller's to act on.
  std::optional<Duration> instances;
};

class RetentionJudge {
 public:
  /// What may go now; keep_from is the caller's to set. monotonic: time since any fixed moment.
  /// newest: of the log's newest record. While the clock is not believed, nothing goes by age:
  /// - since the last call the wall clock went over kClockJumpMax more than the other, and has not
  ///   come back; or
  /// - at the first call the whole log was older than the policy's age.
  RetentionLimits judge(const RetentionPolicy& policy, UtcTime now, Duration monotonic,
                        std::optional<UtcTime> newest);
  /// Before this time it is over long enough, while the clock is believed. After judge().
  std::optional<UtcTime> instances_before() const { return instances_before_; }
  /// Why nothing goes by age: a sentence; empty while the clock is believed.
  const std::string& held() const { return held_; }
  /// Somebody looked at the clock and says that it is right.
  void confirm() {
    offset_.reset();
    confirmed_ = true;
  }

 private:
  std::optional<Duration> offset_;  ///< wall minus monotonic, as last believed
  std::optional<UtcTime> instances_before_;
  bool confirmed_ = false;
  bool all_too_old_ = false;
  std::string held_;
};

}  // namespace hence::log

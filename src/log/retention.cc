// SPDX-License-Identifier: Apache-2.0
#include "log/retention.h"

#include <limits>
#include <utility>

namespace hence::log {

RetentionLimits RetentionJudge::judge(const RetentionPolicy& policy, UtcTime now,
                                      Duration monotonic, std::optional<UtcTime> newest) {
  RetentionLimits limits;
  limits.not_before = {std::numeric_limits<int64_t>::min()};
  limits.bytes_max = policy.bytes.value_or(std::numeric_limits<uint64_t>::max());
  held_.clear();
  instances_before_.reset();
  const Duration offset{now.micros - monotonic.micros};
  const bool first = !offset_;
  if (first) {
    offset_ = offset;
    const bool asked = !std::exchange(confirmed_, false) && policy.age && newest;
    all_too_old_ = asked && *newest < now - *policy.age;
  }
  const Duration jump{offset.micros - offset_->micros};
  if (jump > kClockJumpMax) {
    held_ = "the clock went ahead by " + format_human(jump) + " at once";
  } else {
    offset_ = offset;
    if (all_too_old_) held_ = "by the clock the whole log is older than retention.age";
  }
  if (!held_.empty()) return limits;
  if (policy.age) limits.not_before = now - *policy.age;
  if (policy.instances) instances_before_ = now - *policy.instances;
  return limits;
}

}  // namespace hence::log

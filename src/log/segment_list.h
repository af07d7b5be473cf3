// SPDX-License-Identifier: Apache-2.0
#pragma once

// The segments of a log, oldest first: immutable, swapped whole, shared with readers.

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "log/footer.h"

namespace hence::log {

struct SegmentList {
  struct Open {
    Position base;
    uint32_t header_bytes = 0;
  };
  std::vector<std::shared_ptr<const SealedSegment>> sealed;
  /// Those after the sealed ones: the one being written, and before it any being sealed.
  std::vector<Open> open;
  Position begin;  ///< of the oldest segment, or where the first will be

  /// Of the oldest record kept, where there is one.
  std::optional<UtcTime> begin_time;

  /// The sealed segment that begins at base, or nullptr.
  const SealedSegment* find_sealed(Position base) const {
    const auto it = std::lower_bound(
        sealed.begin(), sealed.end(), base,
        [](const auto& segment, Position wanted) { return segment->base < wanted; });
    return it != sealed.end() && (*it)->base == base ? it->get() : nullptr;
  }
};

}  // namespace hence::log

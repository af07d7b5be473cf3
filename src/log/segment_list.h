// SPDX-License-Identifier: Apache-2.0
#pragma once

// The segments of a log, oldest first: immutable, swapped whole, shared with readers.

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
};

}  // namespace hence::log

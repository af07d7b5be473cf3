// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where loops stand in their arrays. A JSON array is walked, not indexed, and a loop goes on over many
// commands. What is kept is only a place to walk on from: without it the walk begins at the front.

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "json/value.h"
#include "workflow/facts.h"

namespace hence::workflow {

class LoopCursors {
 public:
  /// items[index], which is below its size.
  json::View at(Address instance, FrameId frame, const json::Value& items, uint64_t index);

 private:
  struct Cursor {
    Address instance;
    FrameId frame = kNoFrame;
    json::Value items;  ///< held, so that its place in memory is no other array's
    uint64_t index = 0;
    json::Elements::Iterator at;
  };
  std::vector<Cursor> cursors_;  ///< the latest used last
};

}  // namespace hence::workflow

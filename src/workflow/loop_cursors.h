// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where loops stand in their arrays. A JSON array is walked, not indexed, and a loop goes on over many
// commands. What is kept is only a place to walk on from: without it the walk begins at the front.

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include "base/ids.h"
#include "base/time.h"
#include "json/value.h"
#include "workflow/facts.h"

namespace hence::workflow {

/// The whole `$workflow` of an instance, and what it was made of, held so that it is no other's. Making one copies
/// the document and all of the input, and the tasks of a loop ask for it again and again.
struct KnownWorkflow {
  Address instance;
  json::Value document;
  json::Value input;
  UtcTime started_at;
  json::Value descriptor;
};

class LoopCursors {
 public:
  LoopCursors() = default;
  LoopCursors(const LoopCursors&) = delete;
  LoopCursors& operator=(const LoopCursors&) = delete;

  /// items[index], which is below its size. Valid while items lives.
  json::View at(Address instance, FrameId frame, const json::Value& items, uint64_t index);

  /// The one made last, and no other; kept here since this is what lives from command to command.
  std::optional<KnownWorkflow> workflow;

  /// How many loops have a place kept, and the bytes of the documents their arrays are in.
  size_t kept() const { return cursors_.size(); }
  size_t kept_bytes() const { return bytes_; }

 private:
  using Loop = std::pair<Address, FrameId>;
  struct Cursor {
    Loop loop;
    json::Value items;  ///< held, so that its place in memory is no other array's
    size_t bytes = 0;   ///< of the document items is in
    uint64_t index = 0;
    json::Elements::Iterator at;
  };
  using Cursors = std::list<Cursor>;
  void forget(Cursors::iterator cursor);

  Cursors cursors_;  ///< the latest used first
  std::map<Loop, Cursors::iterator> by_loop_;
  size_t bytes_ = 0;  ///< of all
};

}  // namespace hence::workflow

// SPDX-License-Identifier: Apache-2.0
#include "workflow/loop_cursors.h"

#include <iterator>

namespace hence::workflow {
namespace {

/// Loops inside each other, and of instances that take turns.
constexpr size_t kCursorsMax = 4'096;
/// Of the documents that cursors hold, one that several hold counted for each; the latest used is kept whatever its
/// size. While a loop runs its frame holds the array anyway: this bounds what loops that were left early keep alive.
/// Beyond it a step of a loop walks from the front.
constexpr size_t kHeldBytesMax = 256 << 20;
/// Arrays so short are walked from the front.
constexpr uint32_t kShortArray = 64;

size_t bytes_of(const json::Buffer& buffer) {
  return size_t{buffer.text_bytes} + size_t{buffer.node_count} * sizeof(json::Node);
}

}  // namespace

void LoopCursors::forget(Cursors::iterator cursor) {
  bytes_ -= cursor->bytes;
  by_loop_.erase(cursor->loop);
  cursors_.erase(cursor);
}

json::View LoopCursors::at(Address instance, FrameId frame, const json::Value& items, uint64_t index) {
  const uint32_t size = items->size();
  const bool flat = json::span_of(items->buffer()->nodes()[items->node()]) == size + 1;  // then it is no walk
  if (flat || size <= kShortArray) return items->at(static_cast<uint32_t>(index));
  auto known = by_loop_.find({instance, frame});
  if (known != by_loop_.end()) {
    const Cursor& cursor = *known->second;
    const bool usable = cursor.items->buffer() == items->buffer() && cursor.items->node() == items->node() &&
                        cursor.index <= index;
    if (!usable) {
      forget(known->second);
      known = by_loop_.end();
    }
  }
  if (known == by_loop_.end()) {
    const size_t bytes = bytes_of(*items->buffer());
    cursors_.push_front({{instance, frame}, items, bytes, 0, items->elements().begin()});
    by_loop_[{instance, frame}] = cursors_.begin();
    bytes_ += bytes;
    while (cursors_.size() > 1 && (cursors_.size() > kCursorsMax || bytes_ > kHeldBytesMax)) {
      forget(std::prev(cursors_.end()));
    }
  } else {
    cursors_.splice(cursors_.begin(), cursors_, known->second);
  }
  Cursor& cursor = cursors_.front();
  for (; cursor.index < index; ++cursor.index) ++cursor.at;
  const json::View found = *cursor.at;
  if (index + 1 == size) forget(cursors_.begin());  // the loop goes no further
  return found;
}

}  // namespace hence::workflow

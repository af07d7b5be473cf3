// SPDX-License-Identifier: Apache-2.0
#include "workflow/loop_cursors.h"

#include <algorithm>

namespace hence::workflow {
namespace {

/// Loops inside each other, and of instances that take turns. Each may hold an array of megabytes.
constexpr size_t kCursorsMax = 8;

}  // namespace

json::View LoopCursors::at(Address instance, FrameId frame, const json::Value& items, uint64_t index) {
  auto found = std::find_if(cursors_.begin(), cursors_.end(),
                            [&](const Cursor& c) { return c.instance == instance && c.frame == frame; });
  const bool usable = found != cursors_.end() && found->items->buffer() == items->buffer() &&
                      found->items->node() == items->node() && found->index <= index;
  if (found == cursors_.end()) {
    if (cursors_.size() == kCursorsMax) cursors_.erase(cursors_.begin());
    cursors_.push_back({instance, frame, items, 0, items->elements().begin()});
  } else {
    std::rotate(found, found + 1, cursors_.end());
    if (!usable) cursors_.back() = {instance, frame, items, 0, items->elements().begin()};
  }
  Cursor& cursor = cursors_.back();
  for (; cursor.index < index; ++cursor.index) ++cursor.at;
  return *cursor.at;
}

}  // namespace hence::workflow

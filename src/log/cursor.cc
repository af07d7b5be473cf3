// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "log/bytes.h"
#include "log/file_cache.h"
#include "log/format.h"
#include "log/log_reader.h"
#include "log/record_codec.h"
#include "log/record_reader.h"
#include "log/segment_list.h"
#include "log/window_reader.h"

namespace hence::log {
namespace {

/// The part of a segment that a view lets be read.
struct Extent {
  Position base;
  uint32_t header_bytes = 0;
  uint64_t end = 0;  ///< offset
};

/// The segment that holds position, or that begins there.
std::optional<Extent> extent_at(const LogView& view, Position position) {
  const SegmentList& list = *view.segments;
  // From the newest on: the first that begins at or before the position.
  Position end = view.end;
  for (auto it = list.open.rbegin(); it != list.open.rend(); ++it) {
    if (it->base <= position && it->base < view.end) {
      return Extent{it->base, it->header_bytes, end.value - it->base.value};
    }
    end = std::min(end, it->base);
  }
  const auto above = std::upper_bound(
      list.sealed.begin(), list.sealed.end(), position,
      [](Position wanted, const auto& segment) { return wanted < segment->base; });
  if (above == list.sealed.begin()) return std::nullopt;
  const SealedSegment& segment = **std::prev(above);
  return Extent{segment.base, segment.header_bytes, segment.end_offset};
}

}  // namespace

struct Cursor::State {
  State(os::Disk& disk, LogView the_view, Position the_position)
      : files(disk), view(std::move(the_view)), position(the_position) {}

  FileCache files;
  LogView view;
  Position position;
  std::optional<Extent> extent;
  std::optional<WindowReader> window;

  Status enter();
  Result<bool> skip_frames();
  Status check_record_begins();
  Result<std::optional<Entry>> next();
  Position base() const { return extent->base; }
  uint64_t offset() const { return position.value - extent->base.value; }
};

/// Opens the segment position is in; at a segment's beginning, goes to its first commit.
Status Cursor::State::enter() {
  extent = extent_at(view, position);
  if (!extent || position < view.segments->begin) {
    return Error(ErrorCode::BeyondRetention, "position " + std::to_string(position.value) +
                                                 " is beyond retention: " +
                                                 kept_from(*view.segments));
  }
  if (offset() == 0) position.value += extent->header_bytes;
  if (offset() < extent->header_bytes || offset() % 8 != 0) {
    return Error(ErrorCode::RequestInvalid,
                 "no record begins at position " + std::to_string(position.value) +
                     ": use a position that the log gave");
  }
  HENCE_TRY(os::File* const file, files.open(extent->base));
  window.emplace(*file, extent->end);
  return {};
}

/// Passes frame headers, commits' ends and segments' ends. False at the end of the view.
Result<bool> Cursor::State::skip_frames() {
  while (position < view.end) {
    if (!window) HENCE_TRY_VOID(enter());
    if (offset() >= extent->end) {
      window.reset();
      continue;
    }
    HENCE_TRY(const std::string_view bytes, window->at(offset(), kFrameBytes));
    if (bytes.size() >= kFrameBytes && has_frame_magic(bytes)) {
      if (!decode_frame(bytes, position)) {
        return damaged_at(base(), offset(), "the head of the commit here is unreadable");
      }
      position.value += kFrameBytes;
    } else if (bytes.size() >= kCommitEndBytes && has_commit_end_magic(bytes)) {
      position.value += kCommitEndBytes;
    } else {
      return true;
    }
  }
  return false;
}

/// Of a place that a caller named: what is no record there is the caller's mistake.
Status Cursor::State::check_record_begins() {
  HENCE_TRY(std::string_view bytes, window->at(offset(), kRecordBytesMin));
  const uint32_t length = bytes.size() < kRecordBytesMin ? 0 : record_length(bytes);
  HENCE_TRY(bytes, window->at(offset(), length));
  if (length != 0 && decode_record(bytes, position).ok()) return {};
  return Error(ErrorCode::RequestInvalid,
               "no whole record begins at position " + std::to_string(position.value) +
                   ": use a position that the log gave");
}

Result<std::optional<Cursor::Entry>> Cursor::State::next() {
  HENCE_TRY(const bool more, skip_frames());
  if (!more) return std::optional<Entry>();
  HENCE_TRY(std::string_view bytes, window->at(offset(), kRecordBytesMin));
  const uint32_t length = bytes.size() < kRecordBytesMin ? 0 : record_length(bytes);
  if (length == 0) return damaged_at(base(), offset(), "no record begins here");
  HENCE_TRY(bytes, window->at(offset(), align_up(length, 8) + kCommitEndBytes));
  auto decoded = decode_record(bytes, position);
  if (!decoded.ok()) {
    if (decoded.error().code() != ErrorCode::LogDamaged) return decoded.error();
    return damaged_at(base(), offset(), decoded.error().message());
  }
  Entry entry{decoded->record, position, {position.value + decoded->byte_count}};
  if (bytes.size() >= decoded->byte_count + kCommitEndBytes &&
      has_commit_end_magic(bytes.substr(decoded->byte_count))) {
    entry.next.value += kCommitEndBytes;
  }
  position = entry.next;
  return std::optional(entry);
}

Cursor::Cursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

Result<std::optional<Cursor::Entry>> Cursor::next() { return state_->next(); }

void Cursor::refresh(LogView view) {
  state_->view = std::move(view);
  state_->window.reset();
}

Position Cursor::position() const { return state_->position; }

Result<Cursor> Cursor::open(os::Disk& disk, LogView view, Position position) {
  if (position > view.end) {
    return Error(ErrorCode::RequestInvalid,
                 "the log ends at position " + std::to_string(view.end.value) + "; " +
                     std::to_string(position.value) + " is beyond it");
  }
  auto state = std::make_unique<State>(disk, std::move(view), position);
  HENCE_TRY(const bool more, state->skip_frames());
  if (more) HENCE_TRY_VOID(state->check_record_begins());
  return Cursor(std::move(state));
}

}  // namespace hence::log

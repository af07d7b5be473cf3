// SPDX-License-Identifier: Apache-2.0
// A commit is written over blocks that hold zeros, and disks write sectors whole. So a write that
// the power cut short leaves zeros: whole sectors of the commit, or all of it from some byte on.
// A commit that fails its checks and lacks nothing was written whole and changed since: damage.
// Besides, each commit says up to where the log was synced when it was written: whatever fails
// before that was acknowledged.
#include <algorithm>
#include <string>

#include "log/bytes.h"
#include "log/format.h"
#include "log/recovery.h"
#include "log/window_reader.h"

namespace hence::log {
namespace {

bool is_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

/// The end of the last byte that is not zero, at or after from.
Result<uint64_t> find_nonzero_end(WindowReader& window, uint64_t from, uint64_t size) {
  uint64_t end = from;
  for (uint64_t at = from; at < size;) {
    HENCE_TRY(const std::string_view bytes, window.at(at, WindowReader::kWindowBytes));
    if (bytes.empty()) break;
    const size_t last = bytes.find_last_not_of('\0');
    if (last != std::string_view::npos) end = at + last + 1;
    at += bytes.size();
  }
  return end;
}

/// A commit after from whose writer knew that from had been synced.
Result<std::optional<FrameHeader>> find_later_commit(WindowReader& window, Position base,
                                                     uint64_t from, uint64_t end) {
  for (uint64_t at = from + 8; at + kFrameBytes <= end; at += 8) {
    HENCE_TRY(const std::string_view bytes, window.at(at, kFrameBytes));
    if (bytes.size() < kFrameBytes) break;
    if (!has_frame_magic(bytes)) continue;
    const auto frame = decode_frame(bytes, {base.value + at});
    if (frame && frame->durable.value > base.value + from) return frame;
  }
  return std::optional<FrameHeader>();
}

/// Whether a part of [from, to) that lies in one sector is all zero.
Result<bool> lacks_sector(WindowReader& window, uint64_t from, uint64_t to) {
  while (from < to) {
    const uint64_t next = std::min(to, (from / kSectorBytes + 1) * kSectorBytes);
    HENCE_TRY(const std::string_view bytes, window.at(from, next - from));
    if (is_zero(bytes.substr(0, next - from))) return true;
    from = next;
  }
  return false;
}

/// Whether the commit's last bytes are the first few of an end, then zeros.
Result<bool> lacks_end(WindowReader& window, uint64_t end, uint32_t byte_count) {
  HENCE_TRY(const std::string_view bytes, window.at(end - kCommitEndBytes, kCommitEndBytes));
  if (bytes.size() < kCommitEndBytes) return true;
  char expected[kCommitEndBytes];
  encode_commit_end(byte_count, expected);
  size_t same = 0;
  while (same < kCommitEndBytes && bytes[same] == expected[same]) ++same;
  return same < kCommitEndBytes && is_zero(bytes.substr(same, kCommitEndBytes - same));
}

Result<bool> is_torn(WindowReader& window, Position base, uint64_t offset, uint64_t nonzero_end,
                     uint64_t size) {
  HENCE_TRY(const std::string_view bytes, window.at(offset, kFrameBytes));
  const auto frame = decode_frame(bytes, {base.value + offset});
  if (!frame) {
    if (nonzero_end < offset + kFrameBytes || size < offset + kFrameBytes) return true;
    return lacks_sector(window, offset, offset + kFrameBytes);
  }
  const uint64_t end = offset + frame->byte_count;
  if (end > size) return true;
  HENCE_TRY(const bool no_end, lacks_end(window, end, frame->byte_count));
  if (no_end) return true;
  return lacks_sector(window, offset, end);
}

}  // namespace

Result<bool> is_zero_from(os::File& file, uint64_t offset) {
  HENCE_TRY(const uint64_t size, file.size());
  WindowReader window(file, size);
  HENCE_TRY(const uint64_t end, find_nonzero_end(window, offset, size));
  return end == offset;
}

Result<Tail> judge_tail(os::File& file, Position base, uint64_t scan_end, const ScanFault& fault) {
  HENCE_TRY(const uint64_t size, file.size());
  WindowReader window(file, size);
  Tail tail{.offset = fault.offset, .what = fault.what};
  HENCE_TRY(tail.end, find_nonzero_end(window, scan_end, size));
  if (tail.end == scan_end) return tail;

  tail.kind = Tail::Kind::damaged;
  if (fault.is_chain) return tail;
  HENCE_TRY(const auto later, find_later_commit(window, base, scan_end, tail.end));
  if (later) {
    tail.what += ", yet the commit at offset " +
                 std::to_string(later->position.value - base.value) +
                 " says that it had been synced";
    return tail;
  }
  HENCE_TRY(const bool footer, looks_like_footer(file, scan_end));
  if (footer) {
    tail.kind = Tail::Kind::footer;
    return tail;
  }
  HENCE_TRY(const bool torn, is_torn(window, base, scan_end, tail.end, size));
  if (torn) {
    tail.kind = Tail::Kind::torn;
  } else {
    tail.what += ", and none of the commit is missing, so it was not cut short";
  }
  return tail;
}

}  // namespace hence::log

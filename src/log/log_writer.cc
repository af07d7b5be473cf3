// SPDX-License-Identifier: Apache-2.0
#include "log/log_writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crash_point.h"
#include "base/reached.h"
#include "log/bytes.h"
#include "log/record_codec.h"
#include "log/writer_state.h"

namespace hence::log {
namespace {

/// What one call of preallocate_written is given, so that other calls get their turn.
constexpr uint64_t kSpareStepBytes = 8 << 20;

Error unusable() {
  return Error(ErrorCode::DiskFailed,
               "the log does not write any more: an earlier write or sync failed. End the process "
               "and start it again, so that the log is read back as it is on the disk");
}

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Commit::Commit() = default;
Commit::Commit(Commit&&) noexcept = default;
Commit& Commit::operator=(Commit&&) noexcept = default;
Commit::~Commit() = default;

LogWriter::LogWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogWriter::~LogWriter() = default;

Status LogWriter::write(Commit& commit) {
  if (state_->failed) return unusable();
  Status status = state_->write(commit);
  state_->failed = !status.ok();
  return status;
}

Status LogWriter::sync() {
  if (state_->failed) return unusable();
  Status status = state_->sync();
  state_->failed = !status.ok();
  return status;
}

Status LogWriter::prepare() {
  if (state_->failed) return unusable();
  State& state = *state_;
  if (!state.file) return {};
  const uint64_t used = state.written.value - state.base.value;
  const uint64_t wanted = std::min(state.segment_bytes, used + state.zero_ahead_bytes);
  // Half of what is ahead has to be used up first, or each commit would bring a small extension.
  if (wanted < state.prepared + state.zero_ahead_bytes / 2) return {};
  Status status = state.prepare_up_to(wanted);
  if (status.ok()) status = state.sync();
  state.failed = !status.ok();
  return status;
}

Status LogWriter::State::write(Commit& commit) {
  if (commit.rotation_) {
    HENCE_TRY_VOID(seal(*commit.rotation_));
    HENCE_TRY_VOID(begin_segment(commit.rotation_->header));
  }
  HENCE_CHECK(file != nullptr);
  HENCE_CHECK(commit.result_.begin == written);
  complete(commit);
  const uint64_t offset = written.value - base.value;
  const uint64_t end = offset + commit.bytes_.size();
  if (end > prepared && commit.bytes_.size() <= zeroed_commit_bytes_max) {
    const uint64_t ahead = std::min(segment_bytes, prepared + zero_ahead_bytes);
    HENCE_TRY_VOID(prepare_up_to(std::max(end, ahead)));
  }
  HENCE_CRASH_POINT("log-before-write");
  if (is_crash_due("log-half-written")) {
    HENCE_TRY_VOID(file->write_at(offset, std::string_view(commit.bytes_).substr(0, commit.bytes_.size() / 2)));
    detail::crash_here("log-half-written");
  }
  HENCE_TRY_VOID(file->write_at(offset, commit.bytes_));
  HENCE_CRASH_POINT("log-after-write");
  prepared = std::max(prepared, end);
  written = commit.result_.end;
  std::string().swap(commit.bytes_);
  return {};
}

/// Fills in what stage left out, because it costs time or depends on the commits before: payload
/// digests, the chain, checksums.
void LogWriter::State::complete(Commit& commit) {
  char* bytes = commit.bytes_.data();
  FrameHeader frame;
  frame.byte_count = static_cast<uint32_t>(commit.bytes_.size());
  frame.position = written;
  frame.durable = durable;
  frame.record_count = static_cast<uint32_t>(commit.record_positions_.size());
  encode_frame(frame, bytes);
  Chain hash;
  hash.begin(chain, {bytes, kFrameBytes});
  for (const Position position : commit.record_positions_) {
    hash.add(complete_record(bytes + (position.value - written.value), position));
  }
  frame.chain = chain = hash.finish();
  encode_frame(frame, bytes);
  encode_commit_end(frame.byte_count, bytes + frame.byte_count - kCommitEndBytes);
  commit.result_.chain = chain;
}

Status LogWriter::State::sync() {
  if (!file || durable == written) return {};
  HENCE_CRASH_POINT("log-before-sync");
  HENCE_TRY_VOID(file->sync_data());
  HENCE_CRASH_POINT("log-after-sync");
  durable = written;
  return {};
}

Status LogWriter::State::seal(Commit::Rotation& rotation) {
  if (!rotation.previous) return {};
  HENCE_CHECK(file != nullptr && rotation.previous->end() == written);
  Footer footer = build_footer(*rotation.previous, chain);
  HENCE_CRASH_POINT("seal-before-footer");
  HENCE_TRY_VOID(file->truncate(footer.segment.end_offset));
  HENCE_CRASH_POINT("seal-truncated");
  HENCE_TRY_VOID(file->write_at(footer.segment.end_offset, footer.bytes));
  HENCE_CRASH_POINT("seal-footer-written");
  HENCE_TRY_VOID(file->sync_data());
  HENCE_CRASH_POINT("seal-done");
  durable = written;
  SIM_REACHED("log: a segment is sealed");
  rotation.sealed = std::make_shared<const SealedSegment>(std::move(footer.segment));
  rotation.filter = std::make_unique<EventFilter>(std::move(footer.filter));
  file.reset();
  return {};
}

Status LogWriter::State::begin_segment(SegmentHeader& header) {
  const std::string name = segment_name(header.base);
  HENCE_TRY_VOID(take_spare(name));
  HENCE_CRASH_POINT("roll-file-named");
  header.chain = chain;
  const std::string bytes = encode_segment_header(header);
  HENCE_TRY_VOID(file->write_at(0, bytes));
  HENCE_CRASH_POINT("roll-header-written");
  HENCE_TRY(prepared, file->size());
  HENCE_TRY_VOID(prepare_up_to(std::min(segment_bytes, bytes.size() + zero_ahead_bytes)));
  HENCE_TRY_VOID(file->sync_data());
  HENCE_TRY_VOID(disk.sync_folder());
  HENCE_CRASH_POINT("roll-done");
  base = header.base;
  written = durable = {base.value + bytes.size()};
  return {};
}

/// Opens the new segment's file: the spare one under its new name, or an empty one.
Status LogWriter::State::take_spare(const std::string& name) {
  HENCE_TRY(const auto names, disk.list());
  auto mode = os::OpenMode::create_new;
  if (holds(names, kSpareReadyName)) {
    SIM_REACHED("log: a spare segment is taken");
    HENCE_TRY_VOID(disk.rename(kSpareReadyName, name));
    mode = os::OpenMode::existing;
  }
  HENCE_TRY(file, disk.open(name, mode));
  return {};
}

Status LogWriter::State::prepare_up_to(uint64_t end) {
  if (end <= prepared) return {};
  HENCE_TRY_VOID(file->preallocate_written(end));
  prepared = end;
  return {};
}

Status prepare_spare_segment(os::Disk& disk, uint64_t segment_bytes) {
  HENCE_TRY(const auto names, disk.list());
  if (holds(names, kSpareReadyName)) return {};
  HENCE_TRY(const auto file, disk.open(kSpareName, os::OpenMode::existing_or_new));
  for (uint64_t size = 0; size < segment_bytes;) {
    size = std::min(segment_bytes, size + kSpareStepBytes);
    HENCE_TRY_VOID(file->preallocate_written(size));
    HENCE_TRY_VOID(file->sync_data());
    HENCE_CRASH_POINT("spare-half-made");
  }
  HENCE_CRASH_POINT("spare-unnamed");
  return disk.rename(kSpareName, kSpareReadyName);
}

Status drop_cached_segments(os::Disk& disk, std::string& dropped) {
  HENCE_TRY(std::vector<std::string> names, disk.list());
  std::erase_if(names, [](const std::string& name) { return !parse_segment_name(name); });
  for (size_t i = 0; i + kSegmentsCached < names.size(); ++i) {
    if (names[i] <= dropped) continue;
    disk.drop_cached(names[i]);
    dropped = names[i];
  }
  return {};
}

}  // namespace hence::log

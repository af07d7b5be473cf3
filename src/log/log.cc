// SPDX-License-Identifier: Apache-2.0
#include "log/log.h"

#include <algorithm>
#include <limits>

#include "base/crash_point.h"
#include "base/check.h"
#include "log/log_state.h"
#include "log/record_codec.h"
#include "log/record_reader.h"
#include "log/recovery.h"
#include "log/writer_state.h"

namespace hence::log {
namespace {

constexpr uint64_t kSegmentBytesMin = 64 << 10;

Status check_options(const LogOptions& options) {
  if (options.segment_bytes < kSegmentBytesMin || options.segment_bytes > kSegmentBytesMax) {
    return Error(ErrorCode::ConfigurationInvalid,
                 "segments of " + std::to_string(options.segment_bytes) +
                     " bytes are not possible: use 64 KiB to 1 GiB");
  }
  if (options.zero_ahead_bytes == 0) {
    return Error(ErrorCode::ConfigurationInvalid, "the bytes zeroed ahead must be more than 0");
  }
  return {};
}

uint64_t file_bytes(const std::vector<std::shared_ptr<const SealedSegment>>& sealed) {
  uint64_t bytes = 0;
  for (const auto& segment : sealed) bytes += segment->file_bytes;
  return bytes;
}

Result<uint64_t> commit_size(std::span<const Record> records) {
  uint64_t bytes = kFrameBytes + kCommitEndBytes;
  for (const Record& record : records) {
    HENCE_TRY_VOID(check_record_size(record));
    bytes += encoded_record_bytes(record);
  }
  if (bytes > kCommitBytesMax) {
    return Error(ErrorCode::TooLarge, "a commit of " + std::to_string(bytes) +
                                          " bytes is too large: at most 1 GiB; use several");
  }
  return bytes;
}

}  // namespace

bool Log::State::needs_segment(uint64_t commit_bytes, uint64_t segment_bytes) const {
  if (!open) return true;
  return open->commit_count() > 0 && open->end_offset() + commit_bytes > segment_bytes;
}

void Log::State::publish(std::vector<std::shared_ptr<const SealedSegment>> sealed,
                         Position begin) {
  auto list = std::make_shared<SegmentList>();
  sealed_bytes = file_bytes(sealed);
  list->sealed = std::move(sealed);
  for (const auto& index : sealing) list->open.push_back({index->base(), index->header_bytes()});
  if (open) list->open.push_back({open->base(), open->header_bytes()});
  list->begin = begin;
  const SegmentIndex* oldest = sealing.empty() ? open.get() : sealing.front().get();
  if (!list->sealed.empty()) {
    list->begin_time = list->sealed.front()->first_time;
  } else if (oldest != nullptr && !oldest->entries().empty()) {
    list->begin_time = oldest->first_time();
  }
  segments = std::move(list);
}

Log::Log(os::Disk& disk, LogOptions options)
    : disk_(disk),
      options_(std::move(options)),
      state_(std::make_unique<State>(disk, options_.filter_bytes_max)) {}

Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(os::Disk& disk, LogOptions options, OpenReport& report) {
  HENCE_TRY_VOID(check_options(options));
  HENCE_TRY(Recovered found, recover(disk, options, report));
  std::unique_ptr<Log> log(new Log(disk, std::move(options)));
  State& state = *log->state_;
  log->durable_ = log->staged_ = found.end;
  log->chain_ = found.chain;
  for (const Address& address : found.last) state.last[address.partition] = address.sequence;
  for (size_t i = 0; i < found.filters.size(); ++i) {
    state.history.add_oldest(found.sealed[found.sealed.size() - 1 - i],
                             std::move(found.filters[i]));
  }
  auto writer = std::make_unique<LogWriter::State>(disk, log->options_);
  writer->written = writer->durable = found.end;
  writer->chain = found.chain;
  if (found.open) {
    writer->base = found.open->base();
    HENCE_TRY(writer->file, disk.open(segment_name(writer->base), os::OpenMode::existing));
    HENCE_TRY(writer->prepared, writer->file->size());
  }
  log->writer_.reset(new LogWriter(std::move(writer)));
  state.open = std::move(found.open);
  state.publish(std::move(found.sealed), found.begin);
  return log;
}

Result<CommitResult> Log::append_commit(std::span<const Record> records) {
  HENCE_TRY(Commit commit, stage(records));
  HENCE_TRY_VOID(writer_->write(commit));
  HENCE_TRY_VOID(writer_->sync());
  const CommitResult result = commit.result();
  acknowledge(std::move(commit));
  return result;
}

Result<Commit> Log::stage(std::span<const Record> records) {
  HENCE_CHECK(!records.empty() && !state_->closed);
  HENCE_TRY(const uint64_t bytes, commit_size(records));
  return stage_sized(records, bytes);
}

Commit Log::stage_sized(std::span<const Record> records, uint64_t bytes) {
  State& state = *state_;
  Commit commit;
  // An empty commit, of close(), may go a little beyond the segment's size.
  if (!records.empty() && state.needs_segment(bytes, options_.segment_bytes)) {
    begin_segment(records.front().header.time, commit);
  }
  SegmentIndex& index = *state.open;
  commit.result_.begin = index.end();
  commit.bytes_.reserve(bytes);
  commit.bytes_.resize(kFrameBytes, '\0');
  for (const Record& record : records) {
    const RecordHeader& header = record.header;
    const uint64_t offset = index.end_offset() + commit.bytes_.size();
    Sequence& last = state.last[header.address.partition];
    HENCE_CHECK(header.address.sequence == last + 1 || (last == 0 && header.address.sequence > 0));
    HENCE_CHECK(index.add(header, static_cast<uint32_t>(offset)));
    last = header.address.sequence;
    commit.record_positions_.push_back({index.base().value + offset});
    encode_record(record, commit.bytes_);
  }
  commit.bytes_.resize(commit.bytes_.size() + kCommitEndBytes, '\0');
  HENCE_CHECK(commit.bytes_.size() == bytes);
  index.commit_ends_at(static_cast<uint32_t>(index.end_offset() + bytes));
  commit.result_.end = staged_ = index.end();
  return commit;
}

void Log::begin_segment(UtcTime created, Commit& commit) {
  State& state = *state_;
  commit.rotation_ = std::make_unique<Commit::Rotation>();
  if (state.open) {
    state.sealing.push_back(state.open);
    commit.rotation_->previous = state.open;
  }
  SegmentHeader& header = commit.rotation_->header;
  header.base = staged_;
  header.created = created;
  header.last = last_sequences();
  encode_segment_header(header);  // for its size; the writer knows the chain
  state.open = std::make_shared<SegmentIndex>(staged_, header.byte_count);
}

void Log::acknowledge(Commit commit) {
  HENCE_CHECK(commit.result_.end > durable_ && commit.result_.end <= staged_);
  State& state = *state_;
  durable_ = commit.result_.end;
  chain_ = commit.result_.chain;
  if (!commit.rotation_) return;
  auto sealed = state.segments->sealed;
  Commit::Rotation& rotation = *commit.rotation_;
  if (rotation.previous) {
    HENCE_CHECK(rotation.sealed != nullptr && state.sealing.front() == rotation.previous);
    state.sealing.pop_front();
    sealed.push_back(rotation.sealed);
    state.history.add_newest(rotation.sealed, std::move(rotation.filter), *rotation.previous);
  }
  const bool first = state.segments->sealed.empty() && state.segments->open.empty();
  state.publish(std::move(sealed), first ? rotation.header.base : state.segments->begin);
}

Position Log::begin() const { return state_->segments->begin; }

std::optional<UtcTime> Log::begin_time() const { return state_->segments->begin_time; }

Sequence Log::last_sequence(Partition partition) const {
  const auto it = state_->last.find(partition);
  return it == state_->last.end() ? 0 : it->second;
}

std::vector<Address> Log::last_sequences() const {
  std::vector<Address> last;
  for (const auto& [partition, sequence] : state_->last) last.push_back({partition, sequence});
  return last;
}

const SegmentIndex* Log::State::index_of(Address address, uint32_t& offset) const {
  if (open) {
    if (const auto found = open->find(address)) {
      offset = *found;
      return open.get();
    }
  }
  for (const auto& index : sealing) {
    if (const auto found = index->find(address)) {
      offset = *found;
      return index.get();
    }
  }
  return nullptr;
}

Result<std::optional<StoredRecord>> Log::find(Address address) {
  State& state = *state_;
  uint32_t offset = 0;
  if (const SegmentIndex* index = state.index_of(address, offset)) {
    if (index->base().value + offset >= durable_.value) return std::optional<StoredRecord>();
    HENCE_TRY(os::File* const file, state.files.open(index->base()));
    HENCE_TRY(StoredRecord record, read_record(*file, index->base(), offset));
    return std::optional(std::move(record));
  }
  HENCE_TRY(auto record, find_sealed(*state.segments, state.files, address));
  if (!record && address.sequence > 0 && address.sequence <= last_sequence(address.partition)) {
    return beyond_retention(address, *state.segments);
  }
  return record;
}

Result<std::optional<Address>> Log::find_event(Hash128 hash, UtcTime not_before) {
  State& state = *state_;
  const SegmentIndex::Entry* entry = state.open ? state.open->find_event(hash) : nullptr;
  for (auto it = state.sealing.rbegin(); entry == nullptr && it != state.sealing.rend(); ++it) {
    entry = (*it)->find_event(hash);
  }
  if (entry == nullptr) return state.history.find(hash, not_before);
  return entry->time < not_before ? std::optional<Address>() : std::optional(entry->address);
}

UtcTime Log::dedup_horizon() const {
  const State& state = *state_;
  const SegmentList& list = *state.segments;
  const bool whole = list.begin.value == 0 &&
                     state.history.segment_count() == list.sealed.size();
  if (whole) return {std::numeric_limits<int64_t>::min()};
  if (const auto first = state.history.first_time()) return *first;
  const SegmentIndex* oldest = state.open.get();
  if (!state.sealing.empty()) oldest = state.sealing.front().get();
  if (oldest != nullptr && !oldest->entries().empty()) return oldest->first_time();
  return {std::numeric_limits<int64_t>::max()};
}

std::optional<UtcTime> Log::last_time() const {
  const State& state = *state_;
  if (state.open && !state.open->entries().empty()) return state.open->last_time();
  if (!state.sealing.empty()) return state.sealing.back()->last_time();
  const auto& sealed = state.segments->sealed;
  return sealed.empty() ? std::nullopt : std::optional(sealed.back()->last_time);
}

Result<Cursor> Log::read_from(Position position) { return Cursor::open(disk_, view(), position); }

LogView Log::view() const { return {state_->segments, durable_}; }

uint64_t Log::bytes() const {
  const SegmentIndex* open = state_->open.get();
  uint64_t bytes = state_->sealed_bytes + (open ? open->end_offset() : 0);
  for (const auto& index : state_->sealing) bytes += index->end_offset();
  return bytes;
}

bool Log::would_drop(const RetentionLimits& limits) const {
  const auto& sealed = state_->segments->sealed;
  return !sealed.empty() &&
         (sealed.front()->last_time < limits.not_before || bytes() > limits.bytes_max);
}

Result<uint64_t> Log::drop(const RetentionLimits& limits) {
  State& state = *state_;
  auto sealed = state.segments->sealed;
  uint64_t dropped = 0;
  Position begin = state.segments->begin;
  while (!sealed.empty()) {
    const SealedSegment& oldest = *sealed.front();
    if (!would_drop(limits) || oldest.end() > limits.keep_from) break;
    // Nothing durable follows it, as where the next one was cut short at its birth: it alone says where
    // the log is.
    if (oldest.end() >= durable_) break;
    const Position base = oldest.base;
    const Position next = oldest.end();
    state.history.drop_up_to(base);
    state.files.close(base);
    HENCE_CRASH_POINT("retention-before-remove");
    HENCE_TRY_VOID(disk_.remove(segment_name(base)));
    HENCE_CRASH_POINT("retention-removed");
    sealed.erase(sealed.begin());
    begin = next;
    state.publish(sealed, begin);
    ++dropped;
  }
  return dropped;
}

std::optional<Position> Log::next_to_compress() const {
  for (const auto& segment : state_->segments->sealed) {
    if (!segment->compressed()) return segment->base;
  }
  return std::nullopt;
}

Status Log::take_compressed(std::shared_ptr<const SealedSegment> compressed) {
  State& state = *state_;
  auto sealed = state.segments->sealed;
  const auto place = std::find_if(sealed.begin(), sealed.end(), [&compressed](const auto& segment) {
    return segment->base == compressed->base;
  });
  if (place == sealed.end()) return disk_.remove(kCompressedName);
  HENCE_CRASH_POINT("compress-before-rename");
  HENCE_TRY_VOID(disk_.rename(kCompressedName, segment_name(compressed->base)));
  HENCE_CRASH_POINT("compress-renamed");
  state.history.replace(compressed);
  state.files.close(compressed->base);
  *place = std::move(compressed);
  state.publish(std::move(sealed), state.segments->begin);
  return {};
}

size_t Log::compressed_count() const {
  const auto& sealed = state_->segments->sealed;
  return static_cast<size_t>(std::count_if(sealed.begin(), sealed.end(), [](const auto& segment) {
    return segment->compressed();
  }));
}

Status Log::close() {
  HENCE_CHECK(staged_ == durable_);
  State& state = *state_;
  if (state.open && !state.closed) {
    Commit commit = stage_sized({}, kFrameBytes + kCommitEndBytes);
    HENCE_TRY_VOID(writer_->write(commit));
    HENCE_TRY_VOID(writer_->sync());
    acknowledge(std::move(commit));
  }
  state.closed = true;
  return {};
}

}  // namespace hence::log

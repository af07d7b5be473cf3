// SPDX-License-Identifier: Apache-2.0
#include "log/log_reader.h"

#include <algorithm>

#include "log/file_cache.h"
#include "log/format.h"
#include "log/record_reader.h"
#include "log/segment_index.h"
#include "log/segment_file.h"
#include "log/segment_list.h"
#include "log/segment_scanner.h"

namespace hence::log {

// A segment that is not sealed in the view, and what the reader has indexed of it.
struct OpenPart {
  OpenPart(std::unique_ptr<os::File> the_file, const SegmentList::Open& open, uint64_t limit,
           const Digest& chain)
      : file(std::move(the_file)),
        index(open.base, open.header_bytes),
        scanner(*file, open.base, open.header_bytes, limit, chain) {}

  std::unique_ptr<os::File> file;
  SegmentIndex index;
  SegmentScanner scanner;
};

struct LogReader::State {
  State(os::Disk& the_disk, LogView the_view)
      : disk(the_disk), view(std::move(the_view)), files(the_disk) {}

  os::Disk& disk;
  LogView view;
  FileCache files;
  std::vector<std::unique_ptr<OpenPart>> parts;  ///< as view.segments->open

  Status index_open();
  Result<std::unique_ptr<OpenPart>> begin_part(const SegmentList::Open& open);
  Status extend(OpenPart& part);
  Result<std::optional<StoredRecord>> find_open(Address address);
};

LogReader::LogReader(os::Disk& disk, LogView view)
    : state_(std::make_unique<State>(disk, std::move(view))) {}
LogReader::~LogReader() = default;
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader& LogReader::operator=(LogReader&&) noexcept = default;

void LogReader::refresh(LogView view) {
  state_->view = std::move(view);
  state_->files.close_replaced(*state_->view.segments);
  const auto& open = state_->view.segments->open;
  std::erase_if(state_->parts, [&open](const std::unique_ptr<OpenPart>& part) {
    return std::none_of(open.begin(), open.end(), [&part](const SegmentList::Open& segment) {
      return segment.base == part->index.base();
    });
  });
}

Result<std::optional<StoredRecord>> LogReader::find(Address address) {
  State& state = *state_;
  HENCE_TRY_VOID(state.index_open());
  HENCE_TRY(auto record, state.find_open(address));
  if (record) return record;
  HENCE_TRY(record, find_sealed(*state.view.segments, state.files, address));
  if (record) return record;
  HENCE_TRY(const bool dropped, was_dropped(*state.view.segments, state.files, address));
  if (dropped) return beyond_retention(address, *state.view.segments);
  return record;
}

Result<std::optional<StoredRecord>> LogReader::State::find_open(Address address) {
  for (const auto& part : parts) {
    const auto offset = part->index.find(address);
    if (!offset) continue;
    HENCE_TRY(StoredRecord record, read_record(*part->file, part->index.base(), *offset));
    return std::optional(std::move(record));
  }
  return std::optional<StoredRecord>();
}

Status LogReader::State::index_open() {
  for (const SegmentList::Open& open : view.segments->open) {
    if (open.base.value + open.header_bytes >= view.end.value) break;
    const auto it = std::find_if(parts.begin(), parts.end(), [&open](const auto& part) {
      return part->index.base() == open.base;
    });
    if (it != parts.end()) {
      HENCE_TRY_VOID(extend(**it));
      continue;
    }
    HENCE_TRY(auto part, begin_part(open));
    HENCE_TRY_VOID(extend(*part));
    parts.push_back(std::move(part));
  }
  return {};
}

Result<std::unique_ptr<OpenPart>> LogReader::State::begin_part(const SegmentList::Open& open) {
  HENCE_TRY(auto file, SegmentFile::open(disk, open.base));
  HENCE_TRY(const std::string first, read_exactly(*file, 0, open.header_bytes));
  auto header = decode_segment_header(first);
  if (!header.ok()) return damaged_at(open.base, 0, header.error().message());
  return std::make_unique<OpenPart>(std::move(file), open, 0, header->chain);
}

Status LogReader::State::extend(OpenPart& part) {
  const Position base = part.index.base();
  uint64_t limit = view.end.value - base.value;
  for (const SegmentList::Open& open : view.segments->open) {
    if (open.base > base) limit = std::min(limit, open.base.value - base.value);
  }
  part.scanner.set_limit(limit);
  while (part.scanner.offset() < limit) {
    HENCE_TRY(const bool whole, part.scanner.next());
    const ScanFault& fault = part.scanner.fault();
    if (!whole) return damaged_at(base, fault.offset, fault.what);
    const SegmentScanner::Commit& commit = part.scanner.commit();
    for (size_t i = 0; i < commit.records.size(); ++i) {
      if (part.index.add(commit.records[i].record.header, commit.offsets[i])) continue;
      return damaged_at(base, commit.offsets[i], "the record does not follow the one before it");
    }
  }
  return {};
}

Result<std::optional<Address>> LogReader::find_event(Hash128 hash) {
  State& state = *state_;
  HENCE_TRY_VOID(state.index_open());
  for (auto part = state.parts.rbegin(); part != state.parts.rend(); ++part) {
    const SegmentIndex::Entry* const entry = (*part)->index.find_event(hash);
    if (entry != nullptr) return std::optional(entry->address);
  }
  const auto& sealed = state.view.segments->sealed;
  for (auto it = sealed.rbegin(); it != sealed.rend(); ++it) {
    const SealedSegment& segment = **it;
    HENCE_TRY(os::File* const file, state.files.open(segment.base));
    HENCE_TRY(const auto offset, find_event_offset(*file, segment, hash));
    if (!offset) continue;
    HENCE_TRY(const StoredRecord record, read_record(*file, segment.base, *offset));
    return std::optional(record.header().address);
  }
  return std::optional<Address>();
}

std::vector<Position> LogReader::segment_begins() const {
  std::vector<Position> begins;
  for (const auto& segment : state_->view.segments->sealed) begins.push_back(segment->base);
  for (const SegmentList::Open& open : state_->view.segments->open) {
    if (open.base < state_->view.end) begins.push_back(open.base);
  }
  return begins;
}

Result<Cursor> LogReader::read_from(Position position) {
  return Cursor::open(state_->disk, state_->view, position);
}

Position LogReader::position_at(UtcTime time) const {
  const SegmentList& segments = *state_->view.segments;
  for (const auto& segment : segments.sealed) {
    if (segment->last_time >= time) return segment->base;
  }
  return segments.open.empty() ? state_->view.end
                               : std::min(segments.open.front().base, state_->view.end);
}

}  // namespace hence::log

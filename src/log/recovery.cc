// SPDX-License-Identifier: Apache-2.0
#include "log/recovery.h"

#include <algorithm>
#include <map>

#include "base/reached.h"
#include "log/record_reader.h"
#include "log/segment_file.h"

namespace hence::log {
namespace {

using LastSequences = std::map<Partition, Sequence>;

class Recovery {
 public:
  Recovery(os::Disk& disk, const LogOptions& options, OpenReport& report)
      : disk_(disk), options_(options), report_(report) {}

  Result<Recovered> run();

 private:
  Status clean_up_unfinished();
  void begin_nowhere();
  Status read_sealed(Position base, Position next);
  Result<SealedSegment> make_footer_again(SegmentFile& file, Position base, Position next);
  Result<bool> remove_if_unborn(os::File& file, Position base, const Error& error);
  Status read_last(Position base);
  Status read_sealed_last(SegmentFile& file, Position base);
  Status scan_open(os::File& file, const SegmentHeader& header);
  Status write_again(os::File& file, uint64_t begin, uint64_t end);
  Status settle_tail(os::File& file, Position base, const SegmentScanner& scanner);
  Status check_follows(const SegmentHeader& header);
  Status check_acknowledged() const;
  Status load_filters();
  Result<std::unique_ptr<EventFilter>> load_or_make_filter(
      std::shared_ptr<const SealedSegment>& segment);
  void take_sealed(SealedSegment segment);

  os::Disk& disk_;
  const LogOptions& options_;
  OpenReport& report_;
  Recovered found_;
  LastSequences last_;
};

/// Adds the whole commits of a segment to its index. Returns the scanner where it stopped.
Result<SegmentScanner> index_segment(os::File& file, const SegmentHeader& header,
                                     SegmentIndex& index) {
  HENCE_TRY(const uint64_t size, file.size());
  SegmentScanner scanner(file, header.base, header.byte_count, size, header.chain);
  while (true) {
    HENCE_TRY(const bool more, scanner.next());
    if (!more) return scanner;
    const SegmentScanner::Commit& commit = scanner.commit();
    for (size_t i = 0; i < commit.records.size(); ++i) {
      const RecordHeader& record = commit.records[i].record.header;
      if (index.add(record, commit.offsets[i])) continue;
      return damaged_at(header.base, commit.offsets[i],
                        "the record " + record.address.to_string() +
                            " does not follow the one before it in its partition");
    }
    index.commit_ends_at(scanner.offset());
  }
}

Result<Recovered> Recovery::run() {
  HENCE_TRY_VOID(clean_up_unfinished());
  HENCE_TRY(const std::vector<Position> bases, list_segments(disk_));
  begin_nowhere();
  for (size_t i = 0; i < bases.size(); ++i) {
    if (i == 0) found_.begin = found_.end = bases[0];
    if (bases[i] != found_.end) {
      return Error(ErrorCode::LogDamaged,
                   "the segment " + segment_name(found_.end) + " is missing: the one before it "
                   "ends there, and " + segment_name(bases[i]) + " comes next. Put it back from "
                   "a copy, or restore the last checkpoint");
    }
    if (i + 1 < bases.size()) {
      HENCE_TRY_VOID(read_sealed(bases[i], bases[i + 1]));
    } else {
      HENCE_TRY_VOID(read_last(bases[i]));
    }
  }
  HENCE_TRY_VOID(check_acknowledged());
  HENCE_TRY_VOID(load_filters());
  for (const auto& [partition, sequence] : last_) found_.last.push_back({partition, sequence});
  report_.begin = found_.begin;
  report_.end = found_.end;
  report_.segments = found_.sealed.size() + (found_.open ? 1 : 0);
  return std::move(found_);
}

Status Recovery::clean_up_unfinished() {
  HENCE_TRY(const auto names, disk_.list());
  for (const std::string& name : names) {
    if (name != kSpareName && name != kCompressedName) continue;
    SIM_REACHED("log: an unfinished file is removed");
    HENCE_TRY_VOID(disk_.remove(name));
  }
  return {};
}

void Recovery::begin_nowhere() {
  if (!options_.start) return;
  found_.begin = found_.end = options_.start->position;
  found_.chain = options_.start->chain;
  for (const Address& address : options_.start->last) last_[address.partition] = address.sequence;
}

void Recovery::take_sealed(SealedSegment segment) {
  found_.end = segment.end();
  found_.chain = segment.chain;
  for (const SealedSegment::Range& range : segment.ranges) {
    last_[range.partition] = range.first + range.count - 1;
  }
  found_.sealed.push_back(std::make_shared<const SealedSegment>(std::move(segment)));
}

Status Recovery::read_sealed(Position base, Position next) {
  HENCE_TRY(const auto file, SegmentFile::open(disk_, base, os::OpenMode::existing));
  HENCE_TRY(auto segment, read_footer(*file, base));
  if (!segment) {
    HENCE_TRY(segment, make_footer_again(*file, base, next));
  }
  if (found_.sealed.empty()) {
    // Where retention dropped all records of a partition, only the header still knows its last one.
    HENCE_TRY(const SegmentHeader header, read_segment_header(*file, base));
    for (const Address& address : header.last) last_[address.partition] = address.sequence;
  }
  take_sealed(std::move(*segment));
  return {};
}

Result<SealedSegment> Recovery::make_footer_again(SegmentFile& file, Position base, Position next) {
  HENCE_TRY(const SegmentHeader header, read_segment_header(file, base));
  SegmentIndex index(base, header.byte_count);
  HENCE_TRY(const SegmentScanner scanner, index_segment(file, header, index));
  if (base.value + scanner.offset() != next.value) {
    return damaged_at(base, scanner.fault().offset, scanner.fault().what);
  }
  HENCE_TRY(const uint32_t stored_at, file.stored_footer());
  Footer footer = build_footer(index, scanner.chain(), stored_at);
  HENCE_TRY_VOID(file.truncate(scanner.offset()));
  HENCE_TRY_VOID(file.write_at(scanner.offset(), footer.bytes));
  HENCE_TRY_VOID(file.sync_data());
  report_.rebuilt_footers.push_back(segment_name(base));
  SIM_REACHED("log: a sealed segment's footer is made again");
  return std::move(footer.segment);
}

// A segment's header is synced before any commit follows it: one that is unreadable, with nothing
// but zeros after it, belongs to a segment that the power cut short at its birth.
Result<bool> Recovery::remove_if_unborn(os::File& file, Position base, const Error& error) {
  if (error.code() != ErrorCode::LogDamaged) return error;
  HENCE_TRY(const bool empty, is_zero_from(file, kHeaderAlignment));
  if (!empty) return false;
  HENCE_TRY(const uint64_t size, file.size());
  HENCE_TRY_VOID(disk_.remove(segment_name(base)));
  SIM_REACHED("log: a segment cut short at its birth is removed");
  report_.cut_bytes = size;
  report_.cut = segment_name(base) + ": the segment was being made when the program stopped, and "
                "held no commit yet; it was removed";
  return true;
}

Status Recovery::check_follows(const SegmentHeader& header) {
  if (found_.sealed.empty() || header.chain == found_.chain) return {};
  return damaged_at(header.base, 0, "the segment does not follow the one before it: its header "
                                    "names another chain hash");
}

// A compressed segment is not written to any more: where it is the last, as in a checkpoint, the next
// commit begins another.
Status Recovery::read_sealed_last(SegmentFile& file, Position base) {
  HENCE_TRY(auto segment, read_footer(file, base));
  if (!segment) {
    HENCE_TRY(const uint64_t end, file.commits_end());
    HENCE_TRY(segment, make_footer_again(file, base, {base.value + end}));
  }
  take_sealed(std::move(*segment));
  return {};
}

Status Recovery::read_last(Position base) {
  HENCE_TRY(const auto file, SegmentFile::open(disk_, base, os::OpenMode::existing));
  if (file->compressed()) return read_sealed_last(*file, base);
  const auto header = read_segment_header(*file, base);
  if (!header.ok()) {
    HENCE_TRY(const bool unborn, remove_if_unborn(*file, base, header.error()));
    return unborn ? Status() : Status(header.error());
  }
  HENCE_TRY_VOID(check_follows(*header));
  for (const Address& address : header->last) last_[address.partition] = address.sequence;
  return scan_open(*file, *header);
}

// What was read may be in the system's memory only: the program was killed before its sync, or the
// sync failed, after which the system holds such pages for written and another sync does nothing.
// So all that the last commit does not know to be synced is written once more.
Status Recovery::write_again(os::File& file, uint64_t begin, uint64_t end) {
  while (begin < end) {
    const uint64_t size = std::min<uint64_t>(end - begin, WindowReader::kWindowBytes);
    SIM_REACHED("log: what may not be synced is written again");
    HENCE_TRY(const std::string bytes, read_exactly(file, begin, size));
    HENCE_TRY_VOID(file.write_at(begin, bytes));
    begin += size;
  }
  return {};
}

Status Recovery::scan_open(os::File& file, const SegmentHeader& header) {
  auto index = std::make_shared<SegmentIndex>(header.base, header.byte_count);
  HENCE_TRY(const SegmentScanner scanner, index_segment(file, header, *index));
  HENCE_TRY_VOID(settle_tail(file, header.base, scanner));
  const uint64_t unsure = std::max(scanner.durable(), header.base).value - header.base.value;
  HENCE_TRY_VOID(write_again(file, unsure, scanner.offset()));
  HENCE_TRY_VOID(file.sync_data());
  HENCE_TRY_VOID(disk_.sync_folder());
  for (const auto& [partition, place] : index->partitions()) {
    last_[partition] = place.first + place.offsets.size() - 1;
  }
  report_.records_scanned = index->entries().size();
  found_.end = {header.base.value + scanner.offset()};
  found_.chain = scanner.chain();
  found_.open = std::move(index);
  return {};
}

Status Recovery::settle_tail(os::File& file, Position base, const SegmentScanner& scanner) {
  const uint64_t end = scanner.offset();
  HENCE_TRY(const Tail tail, judge_tail(file, base, end, scanner.fault()));
  if (tail.kind == Tail::Kind::clean) return {};
  if (tail.kind == Tail::Kind::damaged) return damaged_at(base, tail.offset, tail.what);
  if (tail.kind == Tail::Kind::footer) {
    // The segment was sealed and the next one not begun. It is open again, and sealed anew when a
    // commit does not fit.
    SIM_REACHED("log: a sealed segment that nothing follows is opened again");
    HENCE_TRY(const auto whole, read_footer(file, base));
    if (!whole) report_.rebuilt_footers.push_back(segment_name(base));
  } else {
    if (options_.acknowledged.value > base.value + end) {
      return damaged_at(base, tail.offset, tail.what + ", and what stood here was acknowledged");
    }
    SIM_REACHED("log: a torn commit is cut off");
    report_.cut_bytes = tail.end - end;
    report_.cut = segment_name(base) + ", offset " + std::to_string(end) + ": the last commit was "
                  "not written to its end (" + tail.what + "); its " +
                  std::to_string(report_.cut_bytes) + " bytes, never acknowledged, were cut off";
  }
  return file.truncate(end);
}

Status Recovery::load_filters() {
  uint64_t bytes = 0;
  for (auto it = found_.sealed.rbegin(); it != found_.sealed.rend(); ++it) {
    bytes += filter_memory((*it)->filter_bytes);
    if (bytes > options_.filter_bytes_max) {
      SIM_REACHED("log: not every segment's filter fits into memory");
      break;
    }
    HENCE_TRY(auto filter, load_or_make_filter(*it));
    found_.filters.push_back(std::move(filter));
  }
  return {};
}

Result<std::unique_ptr<EventFilter>> Recovery::load_or_make_filter(
    std::shared_ptr<const SealedSegment>& segment) {
  const Position base = segment->base;
  HENCE_TRY(const auto file, SegmentFile::open(disk_, base, os::OpenMode::existing));
  auto filter = load_filter(*file, *segment);
  if (!filter.ok()) {
    if (filter.error().code() != ErrorCode::LogDamaged) return filter.error();
    HENCE_TRY(SealedSegment again, make_footer_again(*file, base, segment->end()));
    segment = std::make_shared<const SealedSegment>(std::move(again));
    filter = load_filter(*file, *segment);
    if (!filter.ok()) return filter.error();
  }
  return std::make_unique<EventFilter>(std::move(filter).value());
}

Status Recovery::check_acknowledged() const {
  if (options_.acknowledged <= found_.end) return {};
  return Error(ErrorCode::LogDamaged,
               "the log ends at position " + std::to_string(found_.end.value) +
                   ", but what was written up to " +
                   std::to_string(options_.acknowledged.value) +
                   " had been synced: its end is missing. Put the newest segment back from a "
                   "copy, or restore the last checkpoint");
}

}  // namespace

Result<std::vector<Position>> list_segments(os::Disk& disk) {
  HENCE_TRY(const auto names, disk.list());
  std::vector<Position> bases;
  for (const std::string& name : names) {
    if (const auto base = parse_segment_name(name)) bases.push_back(*base);
  }
  std::sort(bases.begin(), bases.end());
  return bases;
}

Result<SegmentHeader> check_segment_header(SegmentFile& file, Position base) {
  HENCE_TRY(const std::string first, read_exactly(file, 0, kHeaderAlignment));
  HENCE_TRY(const uint32_t byte_count, segment_header_bytes(first));
  HENCE_TRY(const std::string bytes, read_exactly(file, 0, byte_count));
  HENCE_TRY(SegmentHeader header, decode_segment_header(bytes));
  if (header.base == base) return header;
  return Error(ErrorCode::LogDamaged, "the segment's header says that it begins at " +
                                          std::to_string(header.base.value) +
                                          ", its name says otherwise");
}

Result<SegmentHeader> read_segment_header(SegmentFile& file, Position base) {
  auto header = check_segment_header(file, base);
  if (header.ok()) return header;
  if (header.error().code() != ErrorCode::LogDamaged) return header.error().in(segment_name(base));
  return file.fault() ? header.error() : damaged_at(base, 0, header.error().message());
}

Result<Recovered> recover(os::Disk& disk, const LogOptions& options, OpenReport& report) {
  return Recovery(disk, options, report).run();
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include "log/verify.h"

#include <algorithm>
#include <map>
#include <vector>

#include "log/footer.h"
#include "log/format.h"
#include "log/recovery.h"
#include "log/segment_file.h"
#include "log/segment_index.h"
#include "log/segment_scanner.h"
#include "os/disk.h"

namespace hence::log {
namespace {

/// Walks the segments in order. A step that finds damage sets it and returns false.
class Verification {
 public:
  Verification(os::Disk& disk, const std::optional<VerifyExpectation>& expectation)
      : disk_(disk), expectation_(expectation) {}

  Result<VerifyReport> run();

 private:
  Result<bool> check_spare();
  Result<bool> check_segment(Position base, bool is_last);
  Result<bool> check_file(SegmentFile& file, Position base, bool is_last);
  Result<bool> check_header(SegmentFile& file, Position base, bool is_last);
  bool check_last_sequences();
  Result<bool> check_commits(os::File& file, SegmentIndex& index, Digest& chain, ScanFault& fault);
  bool take_record(const SegmentScanner::Commit& commit, size_t i, SegmentIndex& index);
  Result<bool> check_end(SegmentFile& file, const SegmentIndex& index, const ScanFault& fault,
                         bool is_last);
  Result<bool> check_footer(SegmentFile& file, const SealedSegment& segment,
                            const SegmentIndex& index);
  bool check_expectation();
  bool damaged(uint64_t offset, std::string what, std::optional<Address> address = {});

  os::Disk& disk_;
  const std::optional<VerifyExpectation>& expectation_;
  VerifyReport report_;
  std::map<Partition, Sequence> last_;
  std::string file_;  ///< name of the segment being read
  SegmentHeader header_;
  bool met_expectation_ = false;
};

bool Verification::damaged(uint64_t offset, std::string what, std::optional<Address> address) {
  report_.damage = Damage{file_, offset, address, std::move(what)};
  return false;
}

Result<VerifyReport> Verification::run() {
  HENCE_TRY(const auto bases, list_segments(disk_));
  bool whole = true;
  for (size_t i = 0; i < bases.size() && whole; ++i) {
    file_ = segment_name(bases[i]);
    if (i == 0) report_.begin = report_.end = bases[0];
    if (bases[i] != report_.end) {
      whole = damaged(0, "the segment " + segment_name(report_.end) +
                             ", which should come before this one, is missing");
      break;
    }
    HENCE_TRY(whole, check_segment(bases[i], i + 1 == bases.size()));
  }
  if (whole) {
    HENCE_TRY(whole, check_spare());
  }
  if (whole) check_expectation();
  return std::move(report_);
}

/// The next segment's file: the writer relies on its zeros.
Result<bool> Verification::check_spare() {
  HENCE_TRY(const auto names, disk_.list());
  if (std::find(names.begin(), names.end(), kSpareReadyName) == names.end()) return true;
  HENCE_TRY(const auto file, disk_.open(kSpareReadyName, os::OpenMode::read_only));
  HENCE_TRY(const bool zero, is_zero_from(*file, 0));
  if (zero) return true;
  file_ = kSpareReadyName;
  return damaged(0, "the file for the next segment is to hold zeros only; remove it, another is made");
}

Result<bool> Verification::check_segment(Position base, bool is_last) {
  ScanFault fault;
  const auto file = SegmentFile::open(disk_, base, os::OpenMode::read_only, &fault);
  if (!file.ok()) {
    if (file.error().code() != ErrorCode::LogDamaged) return file.error();
    return damaged(fault.offset, fault.what);
  }
  const auto whole = check_file(**file, base, is_last);
  if (whole.ok() || !(*file)->fault()) return whole;
  return damaged((*file)->fault()->offset, (*file)->fault()->what);
}

Result<bool> Verification::check_file(SegmentFile& file, Position base, bool is_last) {
  HENCE_TRY(const bool header_whole, check_header(file, base, is_last));
  if (!header_whole) return !report_.damage.has_value();
  ++report_.segments;
  report_.compressed += file.compressed() ? 1 : 0;
  SegmentIndex index(base, header_.byte_count);
  ScanFault fault;
  HENCE_TRY(const bool records_whole, check_commits(file, index, report_.chain, fault));
  if (!records_whole) return false;
  return check_end(file, index, fault, is_last);
}

/// False without damage: the segment was cut short at its birth and holds nothing.
Result<bool> Verification::check_header(SegmentFile& file, Position base, bool is_last) {
  auto header = check_segment_header(file, base);
  if (!header.ok()) {
    if (header.error().code() != ErrorCode::LogDamaged) return header.error().in(file_);
    if (file.fault()) return header.error();  // check_segment takes the place from there
    HENCE_TRY(const bool empty, is_zero_from(file, kHeaderAlignment));
    if (is_last && empty) {
      report_.torn = file_ + ": the segment was being made and holds no commit yet";
      return false;
    }
    return damaged(0, header.error().message());
  }
  header_ = std::move(header).value();
  if (report_.segments > 0 && header_.chain != report_.chain) {
    return damaged(32, "the hash chain breaks here: the segment does not follow the one before it");
  }
  report_.chain = header_.chain;
  return check_last_sequences();
}

bool Verification::check_last_sequences() {
  if (report_.segments == 0) {
    for (const Address& address : header_.last) last_[address.partition] = address.sequence;
    return true;
  }
  std::vector<Address> expected;
  for (const auto& [partition, sequence] : last_) expected.push_back({partition, sequence});
  if (header_.last == expected) return true;
  return damaged(72, "the segment's table of last sequences is not what the records before it say");
}

Result<bool> Verification::check_commits(os::File& file, SegmentIndex& index, Digest& chain,
                                         ScanFault& fault) {
  HENCE_TRY(const uint64_t size, file.size());
  SegmentScanner scanner(file, header_.base, header_.byte_count, size, chain,
                         SegmentScanner::Check::digests_too);
  report_.end = {header_.base.value + header_.byte_count};
  while (true) {
    HENCE_TRY(const bool more, scanner.next());
    if (!more) break;
    const SegmentScanner::Commit& commit = scanner.commit();
    for (size_t i = 0; i < commit.records.size(); ++i) {
      if (!take_record(commit, i, index)) return false;
    }
    index.commit_ends_at(scanner.offset());
    chain = scanner.chain();
    ++report_.commits;
    report_.end = index.end();
    if (!expectation_ || expectation_->position != report_.end) continue;
    met_expectation_ = true;
    if (chain != expectation_->chain) {
      return damaged(commit.offset, "the hash chain after this commit is not the expected one");
    }
  }
  fault = scanner.fault();
  return true;
}

bool Verification::take_record(const SegmentScanner::Commit& commit, size_t i,
                               SegmentIndex& index) {
  const Address address = commit.records[i].record.header.address;
  Sequence& last = last_[address.partition];
  if ((last != 0 && address.sequence != last + 1) ||
      !index.add(commit.records[i].record.header, commit.offsets[i])) {
    return damaged(commit.offsets[i],
                   "the record does not follow the one before it in its partition, " +
                       Address{address.partition, last}.to_string(),
                   address);
  }
  last = address.sequence;
  ++report_.records;
  return true;
}

Result<bool> Verification::check_end(SegmentFile& file, const SegmentIndex& index,
                                     const ScanFault& fault, bool is_last) {
  HENCE_TRY(const auto segment, read_footer(file, header_.base));
  if (segment && segment->end_offset == index.end_offset()) {
    return check_footer(file, *segment, index);
  }
  HENCE_TRY(const Tail tail, judge_tail(file, header_.base, index.end_offset(), fault));
  if (tail.kind == Tail::Kind::footer) {
    return damaged(index.end_offset(), "the segment's footer is unreadable (open makes it again)");
  }
  if (is_last && tail.kind == Tail::Kind::clean) return true;
  if (is_last && tail.kind == Tail::Kind::torn) {
    report_.torn = file_ + ", offset " + std::to_string(index.end_offset()) +
                   ": the last commit was not written to its end (" + tail.what + ")";
    return true;
  }
  return damaged(fault.offset, tail.what.empty() ? fault.what : tail.what, fault.address);
}

Result<bool> Verification::check_footer(SegmentFile& file, const SealedSegment& segment,
                                        const SegmentIndex& index) {
  HENCE_TRY(const uint32_t stored_at, file.stored_footer());
  const Footer expected = build_footer(index, report_.chain, stored_at);
  HENCE_TRY(const bool same, footer_equals(file, segment, expected));
  if (same) return true;
  return damaged(segment.end_offset, "the segment's footer does not say what its records do");
}

bool Verification::check_expectation() {
  if (!expectation_ || met_expectation_) return true;
  if (expectation_->position == report_.end && expectation_->chain == report_.chain) return true;
  return damaged(0, "no commit ends at position " + std::to_string(expectation_->position.value) +
                        ", where the log was to have the expected hash");
}

}  // namespace

std::string Damage::to_string() const {
  std::string text = file + ", offset " + std::to_string(offset);
  if (address) text += ", record " + address->to_string();
  return text + ": " + what;
}

Result<VerifyReport> verify(os::Disk& disk, const std::optional<VerifyExpectation>& expectation) {
  return Verification(disk, expectation).run();
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include "log/compress.h"

#include "log/chunk.h"
#include "log/record_reader.h"
#include "log/segment_file.h"
#include "log/segment_scanner.h"

namespace hence::log {
namespace {

/// Writes one file forward.
class Output {
 public:
  explicit Output(std::unique_ptr<os::File> file) : file_(std::move(file)) {}
  Status append(std::string_view bytes) {
    HENCE_TRY_VOID(file_->write_at(end_, bytes));
    end_ += bytes.size();
    return {};
  }
  uint64_t end() const { return end_; }
  os::File& file() { return *file_; }

 private:
  std::unique_ptr<os::File> file_;
  uint64_t end_ = 0;
};

/// Cuts commits into chunks and writes those that are full.
class Packer {
 public:
  Packer(Output& output, uint32_t begin) : output_(output) { chunk_.begin(begin); }

  Status add(const SegmentScanner::Commit& commit, std::string_view frame, std::string_view end) {
    chunk_.add_frame(frame);
    for (const DecodedRecord& record : commit.records) {
      chunk_.add_record(record.header, record.record.payload, record.byte_count);
      if (chunk_.full()) HENCE_TRY_VOID(flush());
    }
    chunk_.add_commit_end(end);
    return chunk_.full() ? flush() : Status();
  }
  Status flush() {
    if (chunk_.empty()) return {};
    HENCE_TRY_VOID(output_.append(chunk_.finish()));
    chunk_.begin(chunk_.end());
    return {};
  }

 private:
  Output& output_;
  ChunkBuilder chunk_;
};

Status pack_commits(os::File& file, const SegmentHeader& header, const SealedSegment& segment,
                    Output& output) {
  SegmentScanner scanner(file, header.base, header.byte_count, segment.end_offset, header.chain,
                         SegmentScanner::Check::digests_too);
  Packer packer(output, header.byte_count);
  while (scanner.offset() < segment.end_offset) {
    HENCE_TRY(const bool whole, scanner.next());
    if (!whole) return damaged_at(header.base, scanner.fault().offset, scanner.fault().what);
    const SegmentScanner::Commit& commit = scanner.commit();
    char frame[kFrameBytes];
    encode_frame(commit.frame, frame);
    char end[kCommitEndBytes];
    encode_commit_end(commit.frame.byte_count, end);
    HENCE_TRY_VOID(packer.add(commit, {frame, sizeof frame}, {end, sizeof end}));
  }
  if (scanner.chain() == segment.chain) return packer.flush();
  return damaged_at(header.base, segment.end_offset, "the footer names another chain hash than "
                                                     "the commits come to");
}

}  // namespace

Result<std::shared_ptr<const SealedSegment>> compress_segment(os::Disk& disk, Position base) {
  HENCE_TRY(const auto file, SegmentFile::open(disk, base));
  HENCE_TRY(const auto segment, read_footer(*file, base));
  if (!segment) return damaged_at(base, 0, "the segment's footer is unreadable");
  HENCE_TRY(const std::string head, read_exactly(*file, 0, segment->header_bytes));
  auto header = decode_segment_header(head);
  if (!header.ok()) return damaged_at(base, 0, header.error().message());

  HENCE_TRY(auto made, disk.open(kCompressedName, os::OpenMode::existing_or_new));
  Output output(std::move(made));
  HENCE_TRY_VOID(output.file().truncate(0));
  HENCE_TRY_VOID(output.append(encode_compressed_header(*header)));
  HENCE_TRY_VOID(pack_commits(*file, *header, *segment, output));
  const auto stored_at = static_cast<uint32_t>(output.end());
  HENCE_TRY(const std::string footer, read_exactly(*file, segment->end_offset,
                                                   segment->file_bytes - segment->end_offset));
  HENCE_TRY_VOID(output.append(move_footer(footer, stored_at)));
  HENCE_TRY_VOID(output.file().sync_data());
  SealedSegment compressed = *segment;
  compressed.stored_footer = stored_at;
  compressed.file_bytes = output.end();
  return std::make_shared<const SealedSegment>(std::move(compressed));
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A segment as a file of the bytes it was written with, whether it still lies so on the disk or
// compressed: offsets, and so positions, are the same. Everything that reads segments opens them
// here; only the writer works on plain files. The layout of a compressed one: docs/formats/log.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/segment_scanner.h"
#include "os/disk.h"

namespace hence::log {

/// One thread. Keeps the last chunk it unpacked.
class SegmentFile final : public os::File {
 public:
  /// mode: read_only, or existing for who mends footers and ends.
  /// Errors: those of disk.open; LogDamaged if the head of a compressed segment is unreadable, fault then says where.
  static Result<std::unique_ptr<SegmentFile>> open(os::Disk& disk, Position base,
                                                   os::OpenMode mode = os::OpenMode::read_only,
                                                   ScanFault* fault = nullptr);

  /// Errors: LogDamaged (a chunk is unreadable: file and offset), DiskFailed.
  Result<size_t> read_at(uint64_t offset, std::span<char> out) override;
  /// Of a compressed segment only the footer can be written.
  Status write_at(uint64_t offset, std::string_view bytes) override;
  Result<uint64_t> size() override;
  Status preallocate_written(uint64_t size) override { return file_->preallocate_written(size); }
  Status sync_data() override { return file_->sync_data(); }
  /// Of a compressed segment: at the end of its commits.
  Status truncate(uint64_t size) override;

  bool compressed() const { return compressed_; }
  /// Where the footer lies on the disk; 0 if that is where it says. Errors: as read_at.
  Result<uint32_t> stored_footer();
  /// Of a compressed segment: the offset where its footer begins. Errors: as read_at.
  Result<uint64_t> commits_end();
  /// The unreadable place, on the disk, after read_at has failed with LogDamaged.
  const std::optional<ScanFault>& fault() const { return fault_; }

 private:
  struct Chunk {
    uint64_t stored_at = 0;  ///< of its head, on the disk
    uint32_t stored_bytes = 0;
    uint32_t begin = 0;  ///< offset of its first byte
    uint32_t bytes = 0;
  };
  struct FooterPlace {
    uint64_t offset = 0;  ///< as everyone counts
    uint64_t stored_at = 0;
  };

  SegmentFile(std::unique_ptr<os::File> file, Position base) : file_(std::move(file)), base_(base) {}
  Status read_head(std::string first);
  Result<FooterPlace> footer();
  Result<std::optional<FooterPlace>> footer_by_trailer();
  Status walk_chunks();
  Status unpack(const Chunk& chunk);
  Result<size_t> read_commits(uint64_t offset, std::span<char> out);
  Error damaged(uint64_t offset, std::string what);

  std::unique_ptr<os::File> file_;
  Position base_;
  bool compressed_ = false;
  std::string head_;  ///< the segment's header as it was written
  std::optional<FooterPlace> footer_;
  std::vector<Chunk> chunks_;  ///< all of them, once walked
  bool walked_ = false;
  uint32_t unpacked_begin_ = 0;
  std::string unpacked_;
  std::optional<ScanFault> fault_;
};

}  // namespace hence::log

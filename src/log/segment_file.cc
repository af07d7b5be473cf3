// SPDX-License-Identifier: Apache-2.0
#include "log/segment_file.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "log/chunk.h"
#include "log/footer.h"
#include "log/format.h"
#include "log/record_reader.h"
#include "log/window_reader.h"

namespace hence::log {

Result<std::unique_ptr<SegmentFile>> SegmentFile::open(os::Disk& disk, Position base, os::OpenMode mode,
                                                       ScanFault* fault) {
  HENCE_TRY(auto opened, disk.open(segment_name(base), mode));
  std::unique_ptr<SegmentFile> file(new SegmentFile(std::move(opened), base));
  std::string first(kHeaderAlignment, '\0');
  HENCE_TRY(const size_t got, file->file_->read_at(0, {first.data(), first.size()}));
  first.resize(got);
  if (!is_compressed_header(first)) return file;
  const Status head = file->read_head(std::move(first));
  if (head.ok()) return file;
  if (fault != nullptr && file->fault_) *fault = *file->fault_;
  return head.error();
}

Error SegmentFile::damaged(uint64_t offset, std::string what) {
  fault_ = ScanFault{};
  fault_->offset = offset;
  fault_->what = std::move(what);
  return damaged_at(base_, offset, fault_->what);
}

Status SegmentFile::read_head(std::string first) {
  auto size = segment_header_bytes(first);
  if (!size.ok()) return damaged(0, size.error().message());
  std::string bytes(*size, '\0');
  HENCE_TRY(const size_t got, file_->read_at(0, {bytes.data(), bytes.size()}));
  bytes.resize(got);
  auto header = decode_segment_header(bytes);
  if (!header.ok()) return damaged(0, header.error().message());
  head_ = encode_segment_header(*header);
  compressed_ = true;
  return {};
}

Result<std::optional<SegmentFile::FooterPlace>> SegmentFile::footer_by_trailer() {
  HENCE_TRY(const auto trailer, read_trailer(*file_));
  if (!trailer || trailer->stored_at < head_.size()) return std::optional<FooterPlace>();
  return std::optional(FooterPlace{trailer->offset, trailer->stored_at});
}

/// Where the footer begins; found by the chunks if the file's end does not say it.
Result<SegmentFile::FooterPlace> SegmentFile::footer() {
  if (!footer_) {
    HENCE_TRY(footer_, footer_by_trailer());
  }
  if (!footer_) HENCE_TRY_VOID(walk_chunks());
  return *footer_;
}

Status SegmentFile::walk_chunks() {
  if (walked_) return {};
  HENCE_TRY(const uint64_t size, file_->size());
  HENCE_TRY(const auto known, footer_by_trailer());
  const uint64_t limit = known ? known->stored_at : size;
  uint64_t at = head_.size();
  auto offset = static_cast<uint32_t>(head_.size());
  chunks_.clear();
  std::string head(kChunkHeadBytes, '\0');
  while (at < limit) {
    HENCE_TRY(const size_t got, file_->read_at(at, {head.data(), head.size()}));
    const auto chunk = got < head.size() ? std::nullopt : decode_chunk_head(head);
    if (!chunk || chunk->begin != offset || at + chunk->stored_bytes > limit) {
      if (!known && at > head_.size()) break;  // the footer, whatever is left of it
      return damaged(at, "no chunk begins here, or the head of the one here is unreadable");
    }
    chunks_.push_back({at, chunk->stored_bytes, chunk->begin, chunk->bytes});
    at += chunk->stored_bytes;
    offset += chunk->bytes;
  }
  if (known && (at != known->stored_at || offset != known->offset)) {
    return damaged(at, "the chunks do not end where the footer begins");
  }
  footer_ = FooterPlace{offset, at};
  walked_ = true;
  return {};
}

Result<uint64_t> SegmentFile::size() {
  HENCE_TRY(const uint64_t stored, file_->size());
  if (!compressed_) return stored;
  HENCE_TRY(const FooterPlace place, footer());
  return place.offset + (stored - place.stored_at);
}

Result<uint32_t> SegmentFile::stored_footer() {
  if (!compressed_) return uint32_t{0};
  HENCE_TRY(const FooterPlace place, footer());
  return static_cast<uint32_t>(place.stored_at);
}

Result<uint64_t> SegmentFile::commits_end() {
  HENCE_TRY(const FooterPlace place, footer());
  return place.offset;
}

Result<size_t> SegmentFile::read_at(uint64_t offset, std::span<char> out) {
  if (!compressed_) return file_->read_at(offset, out);
  HENCE_TRY(const FooterPlace place, footer());
  size_t done = 0;
  while (done < out.size()) {
    const std::span<char> rest = out.subspan(done);
    size_t got = 0;
    if (offset < head_.size()) {
      got = std::min<size_t>(rest.size(), head_.size() - offset);
      std::memcpy(rest.data(), head_.data() + offset, got);
    } else if (offset < place.offset) {
      HENCE_TRY(got, read_commits(offset, rest));
    } else {
      HENCE_TRY(got, file_->read_at(place.stored_at + (offset - place.offset), rest));
      if (got < rest.size()) return done + got;
    }
    done += got;
    offset += got;
  }
  return done;
}

/// What one chunk holds of it.
Result<size_t> SegmentFile::read_commits(uint64_t offset, std::span<char> out) {
  if (offset < unpacked_begin_ || offset >= unpacked_begin_ + unpacked_.size()) {
    HENCE_TRY_VOID(walk_chunks());
    const auto above = std::upper_bound(
        chunks_.begin(), chunks_.end(), offset,
        [](uint64_t wanted, const Chunk& chunk) { return wanted < chunk.begin; });
    HENCE_TRY_VOID(unpack(*std::prev(above)));
  }
  const size_t from = offset - unpacked_begin_;
  const size_t count = std::min(out.size(), unpacked_.size() - from);
  std::memcpy(out.data(), unpacked_.data() + from, count);
  return count;
}

Status SegmentFile::unpack(const Chunk& chunk) {
  std::string bytes(chunk.stored_bytes, '\0');
  HENCE_TRY(const size_t got, file_->read_at(chunk.stored_at, {bytes.data(), bytes.size()}));
  const auto head = got < bytes.size() ? std::nullopt : decode_chunk_head(bytes);
  if (!head) return damaged(chunk.stored_at, "the head of the chunk here is unreadable");
  auto unpacked = unpack_chunk(*head, bytes, base_);
  if (!unpacked.ok()) return damaged(chunk.stored_at, unpacked.error().message());
  unpacked_ = std::move(unpacked).value();
  unpacked_begin_ = chunk.begin;
  return {};
}

Status SegmentFile::write_at(uint64_t offset, std::string_view bytes) {
  if (!compressed_) return file_->write_at(offset, bytes);
  HENCE_TRY(const FooterPlace place, footer());
  HENCE_CHECK(offset >= place.offset);
  return file_->write_at(place.stored_at + (offset - place.offset), bytes);
}

Status SegmentFile::truncate(uint64_t size) {
  if (!compressed_) return file_->truncate(size);
  HENCE_TRY(const FooterPlace place, footer());
  HENCE_CHECK(size >= place.offset);
  return file_->truncate(place.stored_at + (size - place.offset));
}

}  // namespace hence::log

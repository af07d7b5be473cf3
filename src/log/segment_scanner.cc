// SPDX-License-Identifier: Apache-2.0
#include "log/segment_scanner.h"

#include <limits>
#include <utility>

namespace hence::log {

bool SegmentScanner::fail(uint64_t offset, std::string what) {
  fault_ = {};
  fault_.offset = offset;
  fault_.what = std::move(what);
  return false;
}

Result<bool> SegmentScanner::next() {
  HENCE_TRY(std::string_view bytes, window_.at(offset_, kFrameBytes));
  if (bytes.size() < kFrameBytes) return fail(offset_, "the file ends here");
  const auto frame = decode_frame(bytes, {base_.value + offset_});
  if (!frame) {
    return fail(offset_, "no commit begins here, or the head of the one here is unreadable");
  }
  const uint64_t end = uint64_t{offset_} + frame->byte_count;
  if (end > window_.limit() || end > std::numeric_limits<uint32_t>::max()) {
    return fail(offset_, "the commit here goes beyond the file's end");
  }
  HENCE_TRY(bytes, window_.at(offset_, frame->byte_count));
  if (bytes.size() < frame->byte_count) {
    return fail(offset_, "the commit here goes beyond the file's end");
  }
  bytes = bytes.substr(0, frame->byte_count);
  commit_.frame = *frame;
  commit_.offset = offset_;
  HENCE_TRY(const bool whole, read_records(bytes));
  if (!whole || !check_chain(bytes.substr(0, kFrameBytes))) return false;
  chain_ = frame->chain;
  durable_ = frame->durable;
  offset_ = static_cast<uint32_t>(end);
  return true;
}

Result<bool> SegmentScanner::read_records(std::string_view bytes) {
  commit_.records.clear();
  commit_.offsets.clear();
  size_t at = kFrameBytes;
  const size_t end = bytes.size() - kCommitEndBytes;
  for (uint32_t i = 0; i < commit_.frame.record_count; ++i) {
    const Position position{base_.value + offset_ + at};
    auto decoded = decode_record(bytes.substr(at, end - at), position);
    if (!decoded.ok()) {
      if (decoded.error().code() != ErrorCode::LogDamaged) return decoded.error();
      return fail(offset_ + at, decoded.error().message());
    }
    if (decoded->byte_count > end - at) return fail(offset_ + at, "the record is cut short");
    commit_.records.push_back(*decoded);
    commit_.offsets.push_back(static_cast<uint32_t>(offset_ + at));
    const Record& record = decoded->record;
    const bool digest_fits = check_ == Check::checksums ||
                             sha256(record.payload) == record.header.payload_digest;
    at += decoded->byte_count;
    if (!digest_fits) {
      fail(commit_.offsets.back(), "the payload's digest does not fit its bytes");
      fault_.address = record.header.address;
      return false;
    }
  }
  if (at != end || !is_commit_end(bytes.substr(at), commit_.frame.byte_count)) {
    return fail(offset_ + at, "the commit does not end here as its head says");
  }
  return true;
}

bool SegmentScanner::check_chain(std::string_view frame) {
  Chain chain;
  chain.begin(chain_, frame);
  for (const DecodedRecord& record : commit_.records) chain.add(record.header);
  if (chain.finish() == commit_.frame.chain) return true;
  fail(commit_.offset, "the hash chain breaks here: this commit does not follow what is before it");
  fault_.is_chain = true;
  if (!commit_.records.empty()) fault_.address = commit_.records[0].record.header.address;
  return false;
}

}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include "log/window_reader.h"

#include <algorithm>

namespace hence::log {

Result<std::string_view> WindowReader::at(uint64_t offset, size_t want) {
  if (offset >= limit_) return std::string_view{};
  want = static_cast<size_t>(std::min<uint64_t>(want, limit_ - offset));
  const bool buffered = offset >= begin_ && offset + want <= begin_ + buffer_.size();
  if (!buffered) {
    const uint64_t size = std::min<uint64_t>(std::max(want, kWindowBytes), limit_ - offset);
    buffer_.resize(static_cast<size_t>(size));
    HENCE_TRY(const size_t got, file_->read_at(offset, {buffer_.data(), buffer_.size()}));
    buffer_.resize(got);
    begin_ = offset;
  }
  return std::string_view(buffer_).substr(static_cast<size_t>(offset - begin_));
}

Result<std::string> read_exactly(os::File& file, uint64_t offset, size_t count) {
  const auto ends_at = [](uint64_t end) {
    return Error(ErrorCode::LogDamaged, "the file ends at offset " + std::to_string(end) + ", within what should be there");
  };
  if (count > WindowReader::kWindowBytes) {  // what is smaller is not worth asking for
    HENCE_TRY(const uint64_t size, file.size());
    if (offset > size || count > size - offset) return ends_at(size);
  }
  std::string bytes(count, '\0');
  HENCE_TRY(const size_t got, file.read_at(offset, {bytes.data(), bytes.size()}));
  if (got != count) return ends_at(offset + got);
  return bytes;
}

}  // namespace hence::log

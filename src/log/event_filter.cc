// SPDX-License-Identifier: Apache-2.0
#include "log/event_filter.h"

#include <cstring>

#include "base/check.h"

namespace hence::log {

EventFilter::EventFilter(size_t keys)
    : blocks_((keys * kBitsPerKey + 8 * kBlockBytes - 1) / (8 * kBlockBytes)) {}

EventFilter::EventFilter(std::string_view bytes) : blocks_(bytes.size() / kBlockBytes) {
  HENCE_CHECK(bytes.size() % kBlockBytes == 0);
  if (!blocks_.empty()) std::memcpy(blocks_.data(), bytes.data(), bytes.size());
}

void EventFilter::insert(Hash128 hash) {
  HENCE_CHECK(!blocks_.empty());
  Block& block = blocks_[block_of(hash)];
  for (size_t i = 0; i < 8; ++i) block.words[i] |= uint64_t{1} << bit(hash, i);
}

std::string_view EventFilter::bytes() const {
  return {reinterpret_cast<const char*>(blocks_.data()), byte_count()};
}

}  // namespace hence::log

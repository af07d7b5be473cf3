// SPDX-License-Identifier: Apache-2.0
#include "filter/byte_table.h"

#include "base/check.h"
#include "filter/hashing.h"

namespace hence::filter {

namespace {

constexpr size_t kSlotsMin = 16;

uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

}  // namespace

void ByteTable::expect(size_t count) {
  items_.reserve(count);
  size_t slots = kSlotsMin;
  while (slots < 2 * count) slots *= 2;
  if (slots > slots_.size()) resize(slots);
}

ByteTable::Put ByteTable::put(std::string_view bytes) {
  if (2 * (items_.size() + 1) > slots_.size()) resize(slots_.empty() ? kSlotsMin : 2 * slots_.size());
  const uint64_t hash = hash_text(bytes);
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at].number != 0; at = (at + 1) & mask) {
    const uint32_t number = slots_[at].number - 1;
    if (slots_[at].tag == tag_of(hash) && equal_text(text(items_[number]), bytes)) return {number, false};
  }
  HENCE_CHECK(bytes_.size() + bytes.size() < 0xFFFFFFFFu);
  items_.push_back({hash, static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(bytes.size())});
  bytes_.append(bytes);
  slots_[at] = {tag_of(hash), size()};
  return {size() - 1, true};
}

void ByteTable::resize(size_t slots) {
  slots_.assign(slots, {});
  const size_t mask = slots - 1;
  for (uint32_t number = 0; number < size(); ++number) {
    const uint64_t hash = items_[number].hash;
    size_t at = hash & mask;
    while (slots_[at].number != 0) at = (at + 1) & mask;
    slots_[at] = {tag_of(hash), number + 1};
  }
}

}  // namespace hence::filter

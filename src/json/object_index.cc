// SPDX-License-Identifier: Apache-2.0
#include "json/object_index.h"

#include <algorithm>

#include "base/text.h"

namespace hence::json {
namespace {

std::weak_ordering compare_keys(const Node& a, std::string_view a_text, const Node& b,
                                std::string_view b_text) {
  if (a.extra != b.extra) return a.extra <=> b.extra;
  if (a.length != b.length) return a.length <=> b.length;
  return std::memcmp(a_text.data(), b_text.data(), a.length) <=> 0;
}

bool same_key(const Node& a, const Node& b, const TextParts& texts) {
  return compare_keys(a, texts.of(a), b, texts.of(b)) == 0;
}

uint32_t find_indexed(const Buffer* buffer, const Node* object, const Node& wanted,
                      std::string_view key) {
  const uint32_t members = count_of(*object);
  const auto* index =
      reinterpret_cast<const uint32_t*>(object + object->extra - index_slots(members));
  uint32_t low = 0;
  uint32_t high = members;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const Node& candidate = object[index[middle]];
    const auto order = compare_keys(candidate, text_of(buffer, candidate), wanted, key);
    if (order == 0) return index[middle] + 1;
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return 0;
}

}  // namespace

void sort_keys(const Node* object, uint32_t members, const TextParts& texts,
               std::vector<uint32_t>& index) {
  // Hash above position in one integer: most of the order is found without touching the keys.
  std::vector<uint64_t> keys;
  keys.reserve(members);
  uint32_t at = 1;
  for (uint32_t i = 0; i < members; ++i) {
    keys.push_back(uint64_t{object[at].extra} << 32 | at);
    at += 1 + span_of(object[at + 1]);
  }
  std::sort(keys.begin(), keys.end());
  const auto precedes = [&](uint64_t a, uint64_t b) {
    const Node& x = object[static_cast<uint32_t>(a)];
    const Node& y = object[static_cast<uint32_t>(b)];
    const auto order = compare_keys(x, texts.of(x), y, texts.of(y));
    return order != 0 ? order < 0 : a < b;
  };
  for (auto run = keys.begin(); run != keys.end();) {
    auto end = run + 1;
    while (end != keys.end() && *end >> 32 == *run >> 32) ++end;
    if (end - run > 1) std::sort(run, end, precedes);
    run = end;
  }
  index.clear();
  index.reserve(members);
  for (const uint64_t key : keys) index.push_back(static_cast<uint32_t>(key));
}

std::optional<uint32_t> first_repeated(const Node* object, const std::vector<uint32_t>& index,
                                       const TextParts& texts) {
  std::optional<uint32_t> found;
  for (size_t i = 1; i < index.size(); ++i) {
    if (!same_key(object[index[i - 1]], object[index[i]], texts)) continue;
    if (!found || index[i] < *found) found = index[i];
  }
  return found;
}

uint32_t merge_repeated(Node* object, uint32_t members, const std::vector<uint32_t>& index,
                        const TextParts& texts) {
  // Pairs of (first place of a key, place of its last value); what lies between vanishes.
  std::vector<std::pair<uint32_t, uint32_t>> kept;
  kept.reserve(members);
  for (const uint32_t at : index) {
    if (!kept.empty() && same_key(object[kept.back().first], object[at], texts)) {
      kept.back().second = at;
    } else {
      kept.emplace_back(at, at);
    }
  }
  std::sort(kept.begin(), kept.end());
  std::vector<Node> merged;
  for (const auto& [first, last] : kept) {
    merged.push_back(object[first]);
    const Node* value = object + last + 1;
    merged.insert(merged.end(), value, value + span_of(*value));
  }
  std::copy(merged.begin(), merged.end(), object + 1);
  object->extra = static_cast<uint32_t>(merged.size()) + 1;
  return static_cast<uint32_t>(kept.size());
}

uint32_t find_member(const Buffer* buffer, uint32_t object_node, std::string_view key) {
  return find_member(buffer, object_node, key, key_hash(key.data(), key.size()));
}

uint32_t find_member(const Buffer* buffer, uint32_t object_node, std::string_view key, uint32_t hash) {
  const Node* object = buffer->nodes() + object_node;
  Node wanted{};
  wanted.length = static_cast<uint32_t>(key.size());
  wanted.extra = hash;
  if ((object->meta & kIndexedFlag) != 0) [[unlikely]] {
    const uint32_t found = find_indexed(buffer, object, wanted, key);
    return found == 0 ? 0 : object_node + found;
  }
  // Length and hash stand beside each other: one comparison for both.
  static_assert(offsetof(Node, extra) == offsetof(Node, length) + 4);
  const uint64_t length_and_hash = uint64_t{hash} << 32 | wanted.length;
  const Node* at = object + 1;
  for (uint32_t left = count_of(*object); left > 0; --left) {
    if (load64(reinterpret_cast<const char*>(&at->length)) == length_and_hash &&
        equal_bytes(text_of(buffer, *at).data(), key.data(), key.size())) {
      return static_cast<uint32_t>(at - buffer->nodes()) + 1;
    }
    if (is_container(at[1])) [[unlikely]] {
      at += 1 + at[1].extra;
    } else {
      at += 2;
    }
  }
  return 0;
}

}  // namespace hence::json

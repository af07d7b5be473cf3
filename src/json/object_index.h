// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the parser and the builder do when an object ends: find repeated keys, merge them, and index
// large objects. Nodes are still in a growing array, texts not yet in their final place.

#include <optional>
#include <string_view>
#include <vector>

#include "json/buffer.h"

namespace hence::json {

/// Where string bytes are while a document grows: offsets below split in first, others in second.
struct TextParts {
  const char* first;
  uint32_t split;
  const char* second;

  std::string_view of(const Node& node) const {
    const char* base = node.offset < split ? first + node.offset : second + (node.offset - split);
    return {base, node.length};
  }
};

/// Fills index with the positions of the object's keys relative to the object, sorted by hash,
/// length, bytes and position.
void sort_keys(const Node* object, uint32_t members, const TextParts& texts,
               std::vector<uint32_t>& index);

/// The first key (by position, relative to the object) that repeats an earlier one; needs the
/// sorted index.
std::optional<uint32_t> first_repeated(const Node* object, const std::vector<uint32_t>& index,
                                       const TextParts& texts);

/// Merges repeated keys in place: each keeps its first place and takes its last value. Sets
/// object->extra to the nodes left, the object's own included; returns the members left.
uint32_t merge_repeated(Node* object, uint32_t members, const std::vector<uint32_t>& index,
                        const TextParts& texts);

/// Node slots that an index of so many members takes.
inline uint32_t index_slots(uint32_t members) { return (members + 3) / 4; }

/// The position of the value of key in an object node of a finished document; 0 if absent.
uint32_t find_member(const Buffer* buffer, uint32_t object, std::string_view key);
/// The same for whoever asks for one key again and again. hash: key_hash of the key.
uint32_t find_member(const Buffer* buffer, uint32_t object, std::string_view key, uint32_t hash);

}  // namespace hence::json

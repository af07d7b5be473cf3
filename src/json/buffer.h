// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a document lies in memory; for the json module and the inline accessors of value.h only.
//
//   +--------+-----------------+-------------------------+--------------------------+
//   | Buffer | Node × nodes    | received text           | unescaped strings        |
//   | 16 B   | 16 B each       | source_bytes            | text_bytes in all        |
//   +--------+-----------------+-------------------------+--------------------------+
//
// Nodes stand in document order; an object's members are a key (a string node) and then the value.
// A container knows how many nodes its subtree takes, so that siblings are reached by one addition.
// An object of more than kIndexedMembers members ends with an index: its key nodes, relative to the
// object and sorted by (hash, length, bytes), four to a node slot, inside the object's span.
// Keys of an object are distinct: the parser refuses or merges repeated ones, the builder merges.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hence::json {

struct Node {
  uint32_t offset;  ///< into the text area: string bytes, number text, first byte of anything else
  uint32_t length;  ///< of that text, in bytes
  uint32_t extra;   ///< container: nodes of the subtree, itself included; key: hash
  uint32_t meta;    ///< bits 0–2 type, 3–4 flags, 5–31 members or elements
};
static_assert(sizeof(Node) == 16);

inline constexpr uint32_t kTypeMask = 7;
inline constexpr uint32_t kTrueFlag = 8;      ///< boolean: it is true
/// String: unescaped; 8 bytes before it say where it stood.
inline constexpr uint32_t kEscapedFlag = 8;
inline constexpr uint32_t kIndexedFlag = 8;   ///< object: has an index
/// First node: the received text is what write() prints.
inline constexpr uint32_t kCompactFlag = 16;
inline constexpr uint32_t kCountShift = 5;
inline constexpr uint32_t kCountMax = (1u << 27) - 1;
inline constexpr uint32_t kIndexedMembers = 32;
inline constexpr uint32_t kImmortal = 1u << 31;  ///< references of a buffer with static lifetime

struct Buffer {
  mutable std::atomic<uint32_t> references;
  uint32_t node_count;
  uint32_t text_bytes;
  uint32_t source_bytes;  ///< 0: built, never text

  const Node* nodes() const { return reinterpret_cast<const Node*>(this + 1); }
  Node* nodes() { return reinterpret_cast<Node*>(this + 1); }
  const char* text() const { return reinterpret_cast<const char*>(nodes() + node_count); }
  char* text() { return reinterpret_cast<char*>(nodes() + node_count); }

  /// A buffer with one reference, nodes and text to be filled.
  static Buffer* create(uint32_t node_count, uint32_t text_bytes, uint32_t source_bytes);
  static void destroy(const Buffer* buffer) noexcept;
};
static_assert(sizeof(Buffer) == 16);

inline void retain(const Buffer* buffer) noexcept {
  if ((buffer->references.load(std::memory_order_relaxed) & kImmortal) != 0) return;
  buffer->references.fetch_add(1, std::memory_order_relaxed);
}
inline void release(const Buffer* buffer) noexcept {
  const uint32_t seen = buffer->references.load(std::memory_order_acquire);
  if ((seen & kImmortal) != 0) return;
  // The last holder needs no atomic decrement: nobody else can reach the buffer.
  if (seen == 1 || buffer->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Buffer::destroy(buffer);
  }
}

inline bool is_container(const Node& node) { return (node.meta & kTypeMask) >= 4; }
inline uint32_t span_of(const Node& node) { return is_container(node) ? node.extra : 1; }
inline uint32_t count_of(const Node& node) { return node.meta >> kCountShift; }

inline uint64_t load64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, 8);
  return value;
}
inline uint32_t load32(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, 4);
  return value;
}

/// Hash of an object key from its first and last eight bytes (both the same, zero-extended, where it
/// is shorter). Whoever relies on it for speed must bear collisions: small objects are scanned,
/// large ones sorted.
inline uint32_t mix_key(uint64_t first, uint64_t last, size_t n) {
  const uint64_t h = (first + n) * 0x9E3779B97F4A7C15u + last * 0xBF58476D1CE4E5B9u;
  return static_cast<uint32_t>(h >> 32);
}
inline uint32_t key_hash(const char* p, size_t n) {
  if (n >= 8) return mix_key(load64(p), load64(p + n - 8), n);
  uint64_t bytes = 0;
  if (n >= 4) {
    bytes = load32(p) | static_cast<uint64_t>(load32(p + n - 4)) << (8 * (n - 4));
  } else if (n > 0) {
    const auto at = [p](size_t i) {
      return static_cast<uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
    };
    bytes = at(0) | at(n >> 1) | at(n - 1);
  }
  return mix_key(bytes, bytes, n);
}
/// The same without branches; eight bytes before and after p must be readable.
inline uint32_t key_hash_padded(const char* p, size_t n) {
  const uint64_t mask = n >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * (n & 7))) - 1;
  const uint64_t first = load64(p) & mask;
  const uint64_t tail = load64(p + n - 8);
  return mix_key(first, n >= 8 ? tail : first, n);
}
/// The bit that stands for a key in a set of 64.
inline uint64_t key_bit(uint32_t hash) { return uint64_t{1} << (hash >> 26); }

/// The bytes of a string, number or key node.
inline std::string_view text_of(const Buffer* buffer, const Node& node) {
  return {buffer->text() + node.offset, node.length};
}

}  // namespace hence::json

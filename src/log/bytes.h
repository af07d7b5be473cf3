// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fixed little-endian integers at offsets of a buffer, and alignment. Offsets are the caller's to
// keep inside the buffer.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace hence::log {

static_assert(std::endian::native == std::endian::little, "formats are copied as they lie");

template <typename T>
T load(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <typename T>
void store(char* bytes, size_t offset, T value) {
  std::memcpy(bytes + offset, &value, sizeof(T));
}

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// The next multiple of alignment (a power of two).
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

template <typename Bytes>
std::string_view as_view(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace hence::log

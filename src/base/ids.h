// SPDX-License-Identifier: Apache-2.0
#pragma once

// The identities that travel through every layer. An address is (partition, sequence), written
// "pp-seq" in decimal ("07-42" for partition 7, sequence 42): the identity of a record, of the
// event it accepted, and, for a record that starts an instance, of the instance.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hence {

/// A virtual partition, 0..partitions-1; kControlPartition holds definitions.
using Partition = uint16_t;
inline constexpr Partition kControlPartition = 0xFFFF;

/// A record's number in its partition, counted from 1; 0 means "none".
using Sequence = uint64_t;

struct Address {
  Partition partition = 0;
  Sequence sequence = 0;

  auto operator<=>(const Address&) const = default;
  bool is_none() const { return sequence == 0; }

  /// "07-42"; the control partition is written "ctl".
  std::string to_string() const;
  /// Reads what to_string writes; leading zeros of the partition are optional.
  static std::optional<Address> parse(std::string_view text);
};

/// A byte place in the log, counted over all segments; grows with every record. Serves readers,
/// retention and the chain only; identities are addresses.
struct Position {
  uint64_t value = 0;
  auto operator<=>(const Position&) const = default;
};

/// 128-bit keyed hash used where a collision must not happen and the text is too long to keep.
struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;
};

}  // namespace hence

template <>
struct std::hash<hence::Address> {
  size_t operator()(const hence::Address& address) const noexcept {
    return (address.sequence * 0x9E3779B97F4A7C15ull) ^ (uint64_t{address.partition} << 48);
  }
};
template <>
struct std::hash<hence::Hash128> {
  size_t operator()(const hence::Hash128& value) const noexcept { return value.low; }
};

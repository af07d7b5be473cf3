// SPDX-License-Identifier: Apache-2.0
#pragma once

// Under which keys the values are found that can make a condition hold. Internal to building an index.

#include <cstdint>
#include <string_view>
#include <vector>

#include "filter/rule_index.h"

namespace hence::filter {

constexpr uint32_t kNoOperand = 0xFFFFFFFFu;

/// Where one alternative of a condition can be found.
struct Key {
  AccessKind kind = AccessKind::exact;
  uint16_t length = 0;
  uint64_t content = 0;
  std::string_view text;  ///< of prefixes and suffixes, which may be filed shorter
  uint32_t operand = kNoOperand;  ///< of a range, or of the text that an exact key stands for
};

/// Whether values are looked up by a part of their text, of a length chosen when the index is laid out.
inline bool is_affix(AccessKind kind) {
  return kind == AccessKind::prefix || kind == AccessKind::suffix ||
         kind == AccessKind::folded_prefix || kind == AccessKind::folded_suffix;
}

/// Replaces keys by one for each value or class of values that can make the condition hold. False if it
/// can hold without any value that could be looked up.
bool keys_of(const ConditionTable& table, const Condition& condition, std::vector<Key>& keys);

}  // namespace hence::filter

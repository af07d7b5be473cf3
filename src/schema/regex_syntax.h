// SPDX-License-Identifier: Apache-2.0
#pragma once

// ECMA-262 patterns (u flag, with the identity escapes that older patterns use) to a tree. Nodes
// lie in one vector, children before parents, so that neither building nor freeing recurses.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::schema {

struct CodeRange {
  uint32_t first;
  uint32_t last;
};
using CodeSet = std::vector<CodeRange>;  ///< ascending, disjoint

inline constexpr uint32_t kCodeMax = 0x10FFFF;
inline constexpr uint32_t kUnbounded = UINT32_MAX;

struct RegexNode {
  enum class Kind : uint8_t {
    empty, set, sequence, choice, repeat,
    begin, end, word_boundary, no_word_boundary,
    look_ahead, no_look_ahead, look_behind, no_look_behind,
    group, back_reference, property_set
  };
  Kind kind = Kind::empty;
  bool lazy = false;
  uint32_t low = 0, high = 0;      ///< repeat; group and back_reference: number in low
  std::vector<uint32_t> children;
  CodeSet set;
  std::string text;                ///< property_set: as Oniguruma writes it
};

struct RegexTree {
  std::vector<RegexNode> nodes;
  uint32_t root = 0;
  bool regular = true;             ///< no look-around, reference, word boundary or property
};

inline constexpr size_t kPatternBytesMax = 16 << 10;
inline constexpr uint32_t kPatternDepthMax = 100;

/// Errors: SchemaInvalid ("column 5: …").
Result<RegexTree> parse_regex(std::string_view pattern);

/// All code points that are not in the set.
CodeSet complement(const CodeSet& set);

}  // namespace hence::schema

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a schema may take another's place.
//
//   backward  what was valid stays valid: values written under the old one can be read under the new
//   forward   what will be valid was valid: readers that know the old one can read new values
//   full      both
//
// The answer is on the safe side: a change whose effect cannot be shown to be harmless breaks.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace hence::schema {

enum class Compatibility : uint8_t { backward, forward, full };
std::optional<Compatibility> find_compatibility(std::string_view name);

/// One change that breaks.
struct Break {
  Compatibility direction;  ///< backward or forward
  std::string path;         ///< where in the values: "/data/items/*/qty"; "" is the value itself
  std::string schema_path;  ///< of the schema that refuses, "#/properties/id"
  std::string message;      ///< one sentence
};

inline constexpr size_t kBreaksMax = 100;

/// The changes from before to after that break; empty: compatible. Not more than kBreaksMax.
std::vector<Break> find_breaks(const Schema& before, const Schema& after, Compatibility mode);

}  // namespace hence::schema

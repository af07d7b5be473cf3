// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values inside a field's array: plain JSON values and match expressions such as
// {"prefix": "a"}. Internal to the pattern reader.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/pattern.h"

namespace hence::filter {

/// Whether a key is the name of a match expression, or reserved to become one.
bool is_reserved_name(std::string_view key);

/// An element of an array, as a place in a document that is written out only when it is asked for.
struct ElementPlace {
  const std::string& array;  ///< its RFC 6901 pointer
  uint32_t index = 0;

  std::string pointer() const { return array + "/" + std::to_string(index); }
};

/// Reads one element of a field's array; nothing, and a fault, if it is wrong.
std::optional<TestSpec> parse_alternative(json::View element, const ElementPlace& place,
                                          std::vector<Fault>& faults);

}  // namespace hence::filter

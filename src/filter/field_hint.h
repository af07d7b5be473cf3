// SPDX-License-Identifier: Apache-2.0
#pragma once

// Why an event has no value at a path, and which field was probably meant.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/value.h"

namespace hence::filter {

struct FieldHint {
  std::string found;   ///< "no such field", "an object", "an empty array"
  std::string advice;  ///< empty if nothing similar is there
};

/// keys: a path at which the event has no string, number, boolean or null.
FieldHint explain_absence(json::View event, const std::vector<std::string_view>& keys);

/// Edits (insert, delete, replace) between two short texts.
size_t edit_distance(std::string_view a, std::string_view b);

/// A field by RFC 6901 pointer: its name as people write paths ("data.risk"), and its value if it is there.
std::pair<std::string, std::optional<json::View>> look_up(json::View event, std::string_view pointer);

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values inside a field's array: plain JSON values and match expressions such as
// {"prefix": "a"}. Internal to the pattern reader.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/pattern.h"

namespace hence::filter {

/// Whether a key is the name of a match expression, or reserved to become one.
bool is_reserved_name(std::string_view key);

/// Reads one element of a field's array; nothing, and a fault, if it is wrong.
std::optional<TestSpec> parse_alternative(json::View element, const std::string& pointer,
                                          std::vector<Fault>& faults);

}  // namespace hence::filter

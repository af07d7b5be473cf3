// SPDX-License-Identifier: Apache-2.0
#pragma once

// What must hold for a filter to pass, as conditions the index can look up. They may hold for other
// events too: the filter itself decides.

#include <cstdint>
#include <string_view>
#include <vector>

#include "filter/pattern.h"

namespace hence::filter {

/// What must hold if one of several filters passes: for each field that all of them name, the tests
/// of all together.
std::vector<FieldSpec> either(const std::vector<std::vector<FieldSpec>>& alternatives);

/// What an attribute must meet for its string form to begin (or end) with text.
FieldSpec attribute_affix(std::string_view name, TestKind kind, std::string_view text);

/// What an attribute must meet to be there at all.
FieldSpec attribute_present(std::string_view name);

/// What an attribute must meet for its cast to an integer to lie between low and high, both included.
FieldSpec attribute_integer(std::string_view name, int32_t low, int32_t high);

/// What an attribute must meet for text, cast to its type, to be equal to it.
FieldSpec attribute_cast_is(std::string_view name, std::string_view text);

}  // namespace hence::filter

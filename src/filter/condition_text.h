// SPDX-License-Identifier: Apache-2.0
#pragma once

// Conditions in words, from their compiled form.

#include <cstdint>
#include <string>

#include "filter/condition_table.h"

namespace hence::filter {

/// "is one of "a", "b"", "begins with "x" or is absent". Long lists are cut; types that only the index asks for
/// are not in words.
std::string expected_text(const ConditionTable& table, const Condition& condition);

/// The operators of a condition as a pattern writes them: "exact", or "prefix, exists" where several are asked.
std::string operator_text(const ConditionTable& table, const Condition& condition);

/// Whether a value passes only by its type: such a condition of the index says nothing, the filter decides.
bool is_left_to_filter(const ConditionTable& table, const Condition& condition, const Leaf& leaf);

/// Which part of a rule's `on` a condition is of: what it could say instead differs.
enum class AskedBy : uint8_t { pattern, filters };

/// What is probably wrong with one value that passes no test of a condition; empty if unknown.
std::string value_hint(const ConditionTable& table, const Condition& condition, const Leaf& leaf, AskedBy asked_by);

/// A value as short JSON: at most about 60 characters.
std::string short_json(json::View value);

}  // namespace hence::filter

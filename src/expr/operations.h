// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the operators and path functions of jq do to values. Those that take Val& or Val&& may move
// from it, and change in place what nobody else holds.

#include <span>

#include "expr/ir.h"

namespace hence::expr {

Flow binary(Run& run, BinaryOperator op, Val& a, Val& b, Val& out);
Flow negate(Run& run, const Val& value, Val& out);
bool compares(BinaryOperator op, int order);

/// How many code points a text has.
uint32_t code_points(std::string_view text);
/// Where part begins in text, from an offset on; npos if nowhere. In linear time, whatever they hold.
size_t find_text(std::string_view text, std::string_view part, size_t from = 0);
/// Counts the steps of looking through text for part; false when the run is over.
bool count_search(Run& run, std::string_view text, std::string_view part);

/// key: a constant of the source, which errors may show.
Flow field_value(Run& run, const Val& container, const Val& key, Val& out);
/// key: any value. Where it names a secret that is not there, the error does not show it.
Flow index_value(Run& run, const Val& container, const Val& key, Val& out);
/// from and to may be null.
Flow slice_value(Run& run, const Val& container, const Val& from, const Val& to, Val& out);
/// {"start": from, "end": to}: how a slice stands in a path.
Val slice_key(Run& run, const Val& from, const Val& to);
Flow cannot_iterate(Run& run, const Val& value);
Flow bad_object_key(Run& run, const Val& key);

Flow get_path(Run& run, const Val& root, const Val& path, Val& out);
/// root becomes the value with path set.
Flow set_path(Run& run, Val& root, const Val& path, Val value);
/// get_path that leaves null in its place, so that the value can be changed without a copy.
Flow take_path(Run& run, Val& root, const Val& path, Val& out);
/// The same along keys that stand outside of an array.
Flow set_keys(Run& run, Val& root, std::span<const Val> keys, Val value);
Flow take_keys(Run& run, Val& root, std::span<const Val> keys, Val& out);
Flow delete_paths(Run& run, Val& root, Val paths);

/// Positions of all occurrences, as jq's indices gives them.
Val string_indices(Run& run, std::string_view text, std::string_view part);
Val array_indices(Run& run, const Val& array, const Val& part);
Flow split_text(Run& run, std::string_view text, std::string_view separator, Val& out);

/// The string a format makes of a value.
Flow format_value(Run& run, Format format, const Val& value, Val& out);
/// tostring: strings as they are, others as JSON.
Val to_string_value(Run& run, const Val& value);

}  // namespace hence::expr

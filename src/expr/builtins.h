// SPDX-License-Identifier: Apache-2.0
#pragma once

// The builtin functions. Those in C++ stand in tables, one for each builtins_*.cc; the others are
// definitions in jq (prelude.cc), parsed once for the process. To add one: write the function in
// the file of its kind, name it in that file's table, add its cases to program_test.cc.

#include <span>

#include "expr/ir.h"
#include "expr/parser.h"

namespace hence::expr {

std::span<const Native> core_builtins();
std::span<const Native> array_builtins();
std::span<const Native> string_builtins();
std::span<const Native> math_builtins();
std::span<const Native> date_builtins();
std::span<const Native> regex_builtins();

/// All of them, and the prelude.
const Library& library();
const Native& native_at(int number);
/// The builtin of a name; it must exist.
const Native& native_named(std::string_view name, size_t arity);
/// What the compiler knows itself: builtins in a table without a function.
enum class Special : uint8_t {
  none, not_, range, first, limit, is_empty, path, recurse,
};

/// "map/1", … as `builtins` gives them.
std::span<const std::string> builtin_signatures();

}  // namespace hence::expr

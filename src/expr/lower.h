// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ast to compiled tree: expands functions, gives slots, folds constants, decides how each node is
// evaluated.

#include <string_view>

#include "expr/ir.h"
#include "expr/parser.h"

namespace hence::expr {

/// Errors: ExpressionInvalid (nested too deeply once functions are expanded).
Status lower_program(std::string_view source, const Ast& program, size_t variables,
                     Compiled& compiled);

/// Writes the machine's instructions for the root and the procedures it needs.
void generate_code(Compiled& compiled);

}  // namespace hence::expr

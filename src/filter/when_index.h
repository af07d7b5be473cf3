// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the index can know of a `when`: a program of plain comparisons, `.data.risk >= 3 and .type ==
// "x"`, gives an answer other than false only where these conditions hold.

#include <vector>

#include "expr/program.h"
#include "filter/pattern.h"

namespace hence::filter {

/// Conditions that hold whenever the program gives true or fails. They look at fields as jq does (no
/// arrays are seen through; FieldSpec::raw) and may hold for other events too: the program decides.
std::vector<FieldSpec> necessary_conditions(const expr::Program& program);

}  // namespace hence::filter

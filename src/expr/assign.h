// SPDX-License-Identifier: Apache-2.0
#pragma once

// Assignments and path(…) where the left side is a chain of field, index and slice: evaluated
// directly, the input changed in place where nobody else holds it.

#include "expr/ir.h"

namespace hence::expr {

Flow update_simple(Run& run, const Node& node, Val&& in, Val& out);   ///< .a.b |= f
Flow update_members(Run& run, const Node& node, Val&& in, Val& out);  ///< .a[] |= f
Flow set_simple(Run& run, const Node& node, Val&& in, Val& out);      ///< .a.b = v
Flow path_simple(Run& run, const Node& node, const Val& in, Val& out);

}  // namespace hence::expr

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a compiled program looks at, and whether it is a plain comparison.

#include "expr/ir.h"
#include "expr/program.h"

namespace hence::expr {

Reads find_reads(const Compiled& compiled, const std::vector<std::string>& variables);
/// The pointers that parts of a tree read, each looking at the same input.
std::vector<std::string> find_paths(const std::vector<const Node*>& parts);
std::vector<Comparison> find_comparisons(const Compiled& compiled);
/// The tree, one node a line, and the machine's instructions if there are any.
std::string describe(const Compiled& compiled);

}  // namespace hence::expr

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Workflows at random: trees of all task kinds whose end does not depend on time or luck, so that
// naive.h knows it beforehand.

#include <string>
#include <vector>

#include "os/random.h"

namespace hence::sim {

/// How many are made: "gen/g0:1.0.0" and so on, each of which may run those before it as subflows.
inline constexpr int kGenerated = 3;

/// Documents as JSON text. subflows: whether they run each other.
std::vector<std::string> generate_workflows(os::Random& random, bool subflows);

}  // namespace hence::sim

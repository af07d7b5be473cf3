// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many files and connections this process may have open at once (RLIMIT_NOFILE).

#include <cstdint>

namespace hence::os {

/// Raises the limit that is in force (soft) to the one that may be had without asking (hard).
/// Returns what is in force then; if the system refuses, that is what was before.
uint64_t raise_file_limit();

}  // namespace hence::os

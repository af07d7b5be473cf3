// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace hence::cli {

/// Runs this program again with other arguments and waits for it; its output goes where ours goes.
/// Returns its exit code, or 1 if it could not be run.
int run_self(const std::vector<std::string>& arguments);

}  // namespace hence::cli

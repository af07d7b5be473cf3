// SPDX-License-Identifier: Apache-2.0
#pragma once

// What benchmarks of one thread work on, and how they take its time.

#include <algorithm>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/bench/facts.h"
#include "json/value.h"

namespace hence::cli::bench {

/// The fastest pass of three at least, within about a second, in seconds of this thread.
template <typename Pass>
double fastest(const Pass& pass) {
  double best = 1e9;
  const double start = thread_cpu_seconds();
  for (int runs = 0; runs < 3 || thread_cpu_seconds() - start < 1; ++runs) {
    const double begin = thread_cpu_seconds();
    pass();
    best = std::min(best, thread_cpu_seconds() - begin);
  }
  return best;
}

/// Lines of a file, packed with gzip or not. Errors: FileUnreadable.
Result<std::vector<std::string>> read_lines(const std::string& path);
/// JSON values of a file, one after the other, packed or not. Errors: FileUnreadable, JsonInvalid.
Result<std::vector<json::Value>> read_values(const std::string& path);

}  // namespace hence::cli::bench

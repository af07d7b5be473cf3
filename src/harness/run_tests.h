// SPDX-License-Identifier: Apache-2.0
#pragma once

// `hence test PATH…`: runs the tests of files and folders and says what came of them.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hence::harness {

struct TestOptions {
  std::string report;   ///< a file to write the results to as JUnit XML; empty: none
  std::string filter;   ///< only tests whose name holds this; empty: all
  bool color = false;
  /// Where lines go; empty: stdout.
  std::function<void(std::string_view)> write;
};

/// Paths: files, or folders whose *.test.yaml are taken, also of those below, by name.
/// Prints a line a test, each failure, and last "N passed, N failed".
/// Returns the exit code: 0 all passed; 1 otherwise (a file that is no test counts as failed).
int run_test_paths(const std::vector<std::string>& paths, const TestOptions& options);

}  // namespace hence::harness

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs one test: a world of its own, its steps in order, until one does not hold.

#include <string>

#include "harness/test_document.h"

namespace hence::harness {

struct TestResult {
  std::string file;
  std::string name;
  bool passed = false;
  std::string failure;  ///< for people: "FILE:LINE: …" and what was expected and found
};

/// folder: where the test's resources are looked for.
TestResult run_test(const TestDocument& test, const std::string& folder);

}  // namespace hence::harness

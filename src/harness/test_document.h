// SPDX-License-Identifier: Apache-2.0
#pragma once

// One test as a document of a *.test.yaml file:
//
//   name: retry then park
//   resources: [orders.yaml]          # relative to the file; applied first
//   time: 2026-01-01T00:00:00Z        # when it begins
//   secrets: {API_TOKEN: abc}
//   steps:                            # one key each, taken in order
//     - send: {type: order.created, source: /shop, data: {total: 40}}
//     - sink: {shop: {answers: [503, 200], delay: 2s}}
//     - advance: 10s
//     - expect: {attempts: {shop: 2}}
//
// Every key: README.md.

#include <string>
#include <vector>

#include "base/result.h"
#include "json/yaml.h"
#include "workflow/faults.h"

namespace hence::harness {

struct TestDocument {
  std::string file;
  std::string name;
  json::YamlDocument yaml;

  json::View root() const { return yaml.value; }
  /// Line of what a pointer names.
  uint32_t line_of(const std::string& pointer) const { return yaml.place_of(pointer).line; }
};

struct TestFile {
  std::vector<TestDocument> tests;
  std::string faults;  ///< empty: none; else "FILE:LINE: …", a line each, and no tests
};

/// Reads the tests of a text. file: for messages.
TestFile parse_tests(const std::string& file, std::string_view text);

}  // namespace hence::harness

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a value holds what a test expects of it: every member named is there and holds what is
// expected, lists are as long, all else is equal.

#include <optional>
#include <string>
#include <vector>

#include "json/value.h"

namespace hence::harness {

/// Where a value first differs from what was expected.
struct Difference {
  std::string path;      ///< "data.level"; empty: the value itself
  std::string expected;  ///< as JSON
  std::string actual;    ///< as JSON, or "nothing"
};

/// Nothing where actual holds expected. Values nested deeper than documents may be are compared whole.
std::optional<Difference> find_difference(json::View expected, json::View actual);

/// Pairs each expected item with another actual one that holds it. Gives the indexes of expected
/// items that found none.
std::vector<size_t> unmatched(const std::vector<json::View>& expected, const std::vector<json::View>& actual);

/// Of actual only what expected names: what a person compares.
json::Value project(json::View actual, json::View expected);

}  // namespace hence::harness

// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventBridge event patterns, read into what they ask: any of several conjunctions of field
// conditions. `$or` is multiplied out here, so all that follows knows conjunctions only.
//
//   {"type": ["a", {"prefix": "b"}], "data": {"$or": [{"x": [1]}, {"y": [{"exists": false}]}]}}
//   → type ∈ {a, b…} ∧ data.x = 1   or   type ∈ {a, b…} ∧ data.y absent
//
// As in event-ruler, a field named again inside or beside `$or` replaces the condition named before
// it. Unlike there, a key with a dot is one key.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/value.h"

namespace hence::filter {

/// What one alternative of a field asks of one value.
enum class TestKind : uint8_t {
  text,                ///< the string itself
  number,              ///< equal by exact value
  truth,               ///< true or false
  null,
  prefix,
  suffix,
  ignore_case,
  prefix_ignore_case,
  suffix_ignore_case,
  segments,            ///< the text and at least one more character: `type: com.acme.*`
  wildcard,            ///< `shellstyle` too
  regexp,
  range,
  cidr,
  present,             ///< any value but an object or an empty array
  absent,              ///< no such value
  of_type,             ///< of a JSON type by name; not written in patterns, for the index
};

/// One alternative. With negated (`anything-but`) a value passes if it is none of the operands.
struct TestSpec {
  TestKind kind = TestKind::present;
  bool negated = false;
  bool low_open = false;   ///< range
  bool high_open = false;  ///< range
  bool truth = false;      ///< truth
  /// Strings, or numbers as written; a range has two, "" where it has no bound. Several mean any.
  std::vector<std::string> operands;
};

/// One field and the alternatives of which one value of it must pass one.
struct FieldSpec {
  std::vector<std::string> path;  ///< object keys from the event
  std::vector<TestSpec> any_of;
  /// Looks at the field as jq does: arrays are not seen through, and they and objects are values.
  bool raw = false;
};
using Conjunction = std::vector<FieldSpec>;

/// One thing that is wrong with a document, and the RFC 6901 pointer of the place.
struct Fault {
  ErrorCode code = ErrorCode::PatternInvalid;
  std::string pointer;
  std::string message;
};

inline constexpr size_t kPatternBytesMax = 1 << 20;     ///< as written
inline constexpr uint32_t kPatternDepthMax = 64;        ///< objects inside each other
inline constexpr uint32_t kOrProductMax = 1'000;        ///< conjunctions after `$or`
inline constexpr uint32_t kFieldAlternativesMax = 10'000;
inline constexpr uint32_t kFieldWildcardsMax = 1'000;   ///< of these, wildcards and regular expressions
/// Fields of one conjunction that mix `exists: false` with other alternatives.
inline constexpr uint32_t kMixedAbsenceMax = 8;

/// Reads a pattern written at pointer; what is wrong is added to faults.
std::vector<Conjunction> parse_pattern(json::View pattern, std::string_view pointer,
                                       std::vector<Fault>& faults);

/// What an event must meet for an attribute to have the given string form: the string, or a number or
/// boolean written so.
FieldSpec attribute_is(std::string_view name, std::string_view text);

/// Whether the alternatives hold `exists: false` beside others.
bool mixes_absence(const FieldSpec& field);

}  // namespace hence::filter

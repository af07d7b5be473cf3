// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is probably wrong with rules, told without any event: rules that can never match, that match
// everything, that say the same as another or less, that cost much. Sound, not complete: what is
// told holds; what cannot be decided is not told.

#include <cstdint>
#include <string>
#include <vector>

#include "filter/rule_index.h"

namespace hence::filter {

struct Finding {
  enum class Kind : uint8_t { never, everything, unknown_type, equal, contained, slow };
  Kind kind = Kind::slow;
  uint32_t rule = 0;
  uint32_t other = 0;   ///< of equal and contained: the rule that matches these events too
  std::string message;  ///< "asks type to be …"; a sentence without subject and full stop
};
std::string_view finding_name(Finding::Kind kind);

inline constexpr size_t kComparedRulesMax = 5'000;  ///< beyond, rules are not compared in pairs

/// In order of the rules given. known_types: the event types there are ("a.b",
/// "a.*"); empty if that is not known.
std::vector<Finding> lint(const std::vector<RuleInput>& given, const std::vector<std::string>& known_types = {});

/// Whether no value at all, a single one, could pass tests of both fields. False where unknown.
bool contradict(const FieldSpec& a, const FieldSpec& b);
/// Whether whatever meets a meets b. False where unknown.
bool implies(const FieldSpec& a, const FieldSpec& b);

}  // namespace hence::filter

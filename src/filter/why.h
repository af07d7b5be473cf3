// SPDX-License-Identifier: Apache-2.0
#pragma once

// Why a rule matches an event or not: a tree made from the same compiled conditions that match uses.
//
//   ✗ rule 7 does not match
//     ✓ type  is "com.acme.order.paid"
//     ✗ data.amount  is a number ≥ 100, < 500        ← decides
//         actual: "120"  (a string; write the number without quotes)

#include <cstdint>
#include <string>
#include <vector>

#include "expr/program.h"
#include "filter/cesql.h"
#include "filter/rule_index.h"
#include "json/value.h"

namespace hence::filter {

enum class Verdict : uint8_t { holds, fails, error, not_reached };
std::string_view verdict_name(Verdict verdict);  ///< "holds", "fails", "error", "not reached"

/// One condition, or a group of them.
struct WhyNode {
  enum class Kind : uint8_t { all, any, condition, agreement, filter, when };
  Kind kind = Kind::condition;
  Verdict verdict = Verdict::not_reached;
  bool decides = false;      ///< the first one that makes the whole what it is
  std::string path;          ///< condition: "data.amount"
  std::string operators;     ///< condition: as a pattern writes them, "prefix"; several with commas
  std::string expected;      ///< "is one of \"a\", \"b\""; of a filter or when, its text
  std::string actual;        ///< the values found, as JSON, or why there are none
  std::string hint;          ///< what is probably wrong; empty if nothing is known
  ErrorCode error = ErrorCode::ExpressionFailed;  ///< of a when whose verdict is error
  std::vector<WhyNode> parts;
};

struct Why {
  uint32_t rule = 0;
  Verdict verdict = Verdict::fails;  ///< holds: the rule matches
  WhyNode root;                      ///< kind all
};

/// Explains the rule at a slot.
Why explain_rule(const RuleIndex& index, RuleIndex::Slot slot, json::View event,
                 const expr::Environment& environment);

/// Adds a CESQL expression that the event must pass as well, as a filter of its own.
void add_cesql(const Cesql& cesql, json::View event, Why& why);

/// For people: at most 80 columns, the answer first. name: of the rule; its number in the set if there is none.
std::string to_text(const Why& why, std::string_view name = {});
/// For programs: {"rule","matches","verdict","conditions":[…]}.
json::Value to_json(const Why& why, std::string_view name = {});

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiled form of a CESQL expression: a tree in one array, children before their parents.
// Internal to cesql_*.cc.

#include <cstdint>
#include <forward_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filter/cesql.h"

namespace hence::filter {

struct CesqlValue {
  CesqlType type = CesqlType::boolean;
  bool boolean = false;
  int32_t integer = 0;
  std::string_view string;

  static CesqlValue of(bool value) { return {CesqlType::boolean, value, 0, {}}; }
  static CesqlValue of(int32_t value) { return {CesqlType::integer, false, value, {}}; }
  static CesqlValue of(std::string_view value) { return {CesqlType::string, false, 0, value}; }
  static CesqlValue zero(CesqlType type) { return {type, false, 0, {}}; }
};

enum class CesqlOp : uint8_t {
  literal,
  attribute,
  exists,
  negate,      ///< -x
  logic_not,
  like,
  in,          ///< children: the value, then the set
  multiply, divide, modulo, add, subtract,
  equal, not_equal, less, less_equal, greater, greater_equal,
  logic_and, logic_or, logic_xor,
  call,
};

/// One piece of a LIKE pattern.
struct LikePiece {
  enum class Kind : uint8_t { text, one, run };
  Kind kind = Kind::text;
  std::string text;
};

struct CesqlFunction;

struct CesqlNode {
  CesqlOp op = CesqlOp::literal;
  bool negated = false;              ///< NOT LIKE, NOT IN
  bool is_data = false;              ///< attribute, exists: of `data`, which is none
  uint32_t first_child = 0;          ///< in Code::children
  uint32_t child_count = 0;
  uint32_t depth = 1;
  uint32_t key_hash = 0;             ///< attribute, exists: of the name, as documents know it
  CesqlType literal_type = CesqlType::boolean;
  int32_t integer = 0;               ///< literal; a boolean is 0 or 1
  uint32_t source_begin = 0;         ///< an operand's place in the source, with its brackets
  uint32_t source_end = 0;
  std::string text;                  ///< literal string, attribute or function name
  const CesqlFunction* function = nullptr;  ///< call of a built-in one
  const CesqlUserFunction* user = nullptr;  ///< call of the caller's; nothing in both: unknown
  std::vector<LikePiece> pattern;    ///< like
};

struct Cesql::Code {
  std::string source;
  CesqlFunctions functions;  ///< keeps those that nodes point to
  std::vector<CesqlNode> nodes;
  std::vector<uint32_t> children;
  uint32_t root = 0;

  uint32_t child(const CesqlNode& node, uint32_t nth) const {
    return children[node.first_child + nth];
  }
};

/// Whether a term is TRUE, after a cast to Boolean, without a fault.
bool cesql_term_holds(const Cesql::Code& code, uint32_t node, json::View event);

/// One evaluation: the event, strings it made, and the first fault.
struct CesqlRun {
  explicit CesqlRun(json::View of_event) : event(of_event) {}

  json::View event;
  std::forward_list<std::string> made;
  CesqlFault fault = CesqlFault::none;
  std::string_view detail;  ///< what the fault is about

  bool failed() const { return fault != CesqlFault::none; }
  void fail(CesqlFault kind, std::string_view about) {
    if (failed()) return;
    fault = kind;
    detail = about;
  }
  /// Keeps a string for as long as the evaluation.
  std::string_view keep(std::string text) {
    made.push_front(std::move(text));
    return made.front();
  }
};

/// Casts as spec section 3.7 says; a value that cannot be cast fails the run and gives the zero value.
bool cesql_to_boolean(const CesqlValue& value, CesqlRun& run);
int32_t cesql_to_integer(const CesqlValue& value, CesqlRun& run);
std::string_view cesql_to_string(const CesqlValue& value, CesqlRun& run);

/// An attribute of the run's event in its string form; nothing if it is missing.
std::optional<std::string_view> cesql_attribute_text(std::string_view name, CesqlRun& run);

struct CesqlFunction {
  std::string_view name;  ///< in upper case
  uint32_t arity_min = 0;
  uint32_t arity_max = 0;
  CesqlType result = CesqlType::boolean;
  CesqlValue (*call)(std::span<const CesqlValue> arguments, CesqlRun& run) = nullptr;
};
/// The function of a name, in any case, and arity; nothing if there is none.
const CesqlFunction* find_cesql_function(std::string_view name, uint32_t arity);
/// Whether a built-in function of the name, in upper case, takes a number of arguments in that range.
bool cesql_has_function(std::string_view name, uint32_t arity_min, uint32_t arity_max);
/// Whether a word, in any case, is an operator, TRUE or FALSE.
bool is_cesql_keyword(std::string_view word);

/// arguments: as many as its arity takes.
CesqlValue call_user_function(const CesqlUserFunction& function, std::span<const CesqlValue> arguments,
                              CesqlRun& run);

}  // namespace hence::filter

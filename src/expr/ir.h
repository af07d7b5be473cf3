// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiled tree. Functions that do not call themselves are expanded where they are called, names
// are slots of a frame, constants are folded. Each node knows how it can be evaluated:
//
//   one    at most one result: evaluated directly (evaluate.h), nesting bounded by the program's
//   each   many results, given to a consumer one by one (evaluate.h)
//   steps  anything else (recursion, label, general paths): instructions of the machine (machine.h)

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "expr/ast.h"
#include "expr/run.h"

namespace hence::expr {

/// A builtin in C++. arguments[0] is the input, the rest are one result of each argument; they may
/// be moved from.
using NativeFunction = Flow (*)(Run& run, Val* arguments, Val& out);
struct Native {
  std::string_view name;  ///< as jq spells it
  uint8_t arity;
  bool pure;              ///< may be computed at compile time
  NativeFunction function;
};

enum class Op : uint8_t {
  identity, constant, load, field, index, slice, iterate, recurse,
  pipe, comma, binary, negate, logical_and, logical_or, logical_not, alternative, condition,
  array, object, format, interpolate, bind, bind_alternatives, reduce, foreach,
  try_catch, label, break_label, native, call, call_parameter,
  path, set_path, update, update_members, range, first, limit, is_empty,
};

enum class Kind : uint8_t { one, each, steps };

enum class Format : uint8_t {
  text, json, csv, tsv, html, uri, urid, sh, base64, base64d, base32, base32d,
};

struct Node;

/// A function that cannot be expanded in place, or an argument handed to one.
struct Procedure {
  uint32_t level = 0;       ///< how many frames enclose its own
  uint32_t slots = 0;
  uint32_t parameters = 0;  ///< closures in slots 0..
  Node* body = nullptr;
  uint32_t entry[2] = {0, 0};  ///< instruction where it begins, for values and for paths; 0: none
  bool wanted[2] = {false, false};
  std::string name;
};

struct Node {
  Op op = Op::identity;
  Kind kind = Kind::one;
  uint8_t sub = 0;       ///< BinaryOperator, Format
  bool optional = false; ///< field, index, slice, iterate: an error of the step itself is no result
  bool simple = false;   ///< path, set_path, update: a is a chain of field, index and slice
  uint32_t level = 0;    ///< frames outwards: load, break_label, call, call_parameter
  uint32_t slot = 0;
  uint32_t key_hash = 0; ///< field: of its name, as documents know it
  uint32_t position = 0; ///< byte offset in the source; within a builtin written in jq, of its call
  Node* a = nullptr;
  Node* b = nullptr;
  Node* c = nullptr;
  Node* d = nullptr;
  std::vector<Node*> items;
  Val constant;          ///< never counted: shared between threads
  const Native* native = nullptr;
  Procedure* procedure = nullptr;
  struct Argument {
    Procedure* procedure = nullptr;  ///< a closure over the caller's frame, or
    uint32_t level = 0;              ///< a parameter of an enclosing function passed on
    uint32_t slot = 0;
  };
  std::vector<Argument> arguments;   ///< of call
  std::vector<uint32_t> slots;       ///< bind_alternatives: variables set to null first
};

/// Remembers where a step failed. Only for errors of the step itself: those of its parts know their place.
inline Flow located(Run& run, const Node& node, Flow flow) {
  if (flow == Flow::error) [[unlikely]] run.error_position = node.position;
  return flow;
}

/// Remembers the step that met the end of the budget, unless one within it did.
inline Flow used_up(Run& run, const Node& node) {
  if (run.error_position == Run::kNowhere) run.error_position = node.position;
  return Flow::error;
}

inline Kind kind_of(const Node* node) { return node == nullptr ? Kind::one : node->kind; }

/// Instruction of the machine (machine.h).
struct Instruction {
  uint16_t code = 0;
  uint16_t flag = 0;
  uint32_t a = 0;
  uint32_t b = 0;
  const Node* node = nullptr;
};

/// What a compiled program consists of; immutable and shared.
struct Compiled {
  std::deque<Node> nodes;
  std::deque<Procedure> procedures;
  std::vector<json::Value> constants;  ///< what Node::constant views
  Node* root = nullptr;
  uint32_t slots = 0;                  ///< of the main frame; the given variables come first
  std::vector<Instruction> code;       ///< empty unless the root is `steps`
};

}  // namespace hence::expr

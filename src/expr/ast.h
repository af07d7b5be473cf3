// SPDX-License-Identifier: Apache-2.0
#pragma once

// A program as parsed: names are already resolved to definitions, parameters and bindings, so that
// every complaint about a name can say where it stands. lower.h makes the compiled tree of it.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::expr {

struct Ast;

/// Identity of a variable, label or parameter, unique within one arena.
struct Binding {
  std::string name;
  int argument = -1;  ///< index among the variables given from outside
};

struct Definition {
  std::string name;
  struct Parameter {
    std::string name;
    Binding* variable = nullptr;  ///< for `$name`
  };
  std::vector<Parameter> parameters;
  Ast* body = nullptr;
  bool open = false;       ///< its body is being parsed
  bool recursive = false;  ///< its body calls it
};

struct Pattern {
  enum class Kind : uint8_t { variable, array, object } kind = Kind::variable;
  Binding* variable = nullptr;
  struct Member {
    Ast* key = nullptr;           ///< for {$name}: a constant
    Binding* variable = nullptr;  ///< for {$name} and {$name: pattern}
    Pattern* value = nullptr;     ///< absent for {$name}
  };
  std::vector<Pattern*> items;
  std::vector<Member> members;
};

enum class AstKind : uint8_t {
  identity, recurse, constant, variable, field, index, slice, iterate, try_catch,
  call, parameter, format, string, array, object, negate, pipe, comma, binary, logical_and,
  logical_or, alternative, assign, condition, reduce, foreach, label, break_label, bind, define,
};

enum class BinaryOperator : uint8_t {
  add, subtract, multiply, divide, modulo,
  equal, not_equal, less, less_equal, greater, greater_equal,
};
enum class AssignOperator : uint8_t { set, update, arithmetic, alternative };

struct Ast {
  AstKind kind = AstKind::identity;
  uint8_t op = 0;              ///< BinaryOperator; of assign arithmetic too
  uint8_t assign = 0;          ///< AssignOperator
  uint32_t position = 0;       ///< byte offset in the source
  uint32_t depth = 1;
  Ast* a = nullptr;
  Ast* b = nullptr;
  Ast* c = nullptr;
  Ast* d = nullptr;
  std::vector<Ast*> items;     ///< arguments, parts, pipe and comma members, object key/value pairs
  std::vector<Pattern*> patterns;
  std::string text;            ///< string constant, number text, name, format
  bool optional = false;       ///< field, index, slice, iterate followed by "?": its own errors only
  bool is_string = false;      ///< constant: a string; otherwise text is JSON
  Definition* definition = nullptr;
  uint32_t parameter = 0;
  Binding* binding = nullptr;
  int native = -1;             ///< call: number in the table of builtins
  uint32_t line = 0;           ///< location
};

/// Owns what a parse makes.
struct Arena {
  std::deque<Ast> nodes;
  std::deque<Definition> definitions;
  std::deque<Binding> bindings;
  std::deque<Pattern> patterns;
};

}  // namespace hence::expr

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lowering at work: Ast to nodes, a file for each part of the grammar.
//
//   nodes, terms        lower.cc           kinds, folding of constants
//   paths, strings      lower_paths.cc     steps, assignments, formats
//   bindings            lower_bindings.cc  patterns, reduce, foreach, label
//   calls               lower_calls.cc     expansion in place, procedures

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "expr/builtins.h"
#include "expr/lower.h"
#include "expr/parser.h"

namespace hence::expr {

inline constexpr uint32_t kLowerDepthMax = 2'500;  ///< of the tree, functions expanded

inline Kind worse(Kind a, Kind b) { return std::max(a, b); }

/// What a name stands for where the tree is being built; innermost first, never changed.
struct Env {
  enum class What : uint8_t { variable, function, parameter, closure };
  const Env* up = nullptr;
  What what = What::variable;
  const void* key = nullptr;      ///< Binding or Definition
  uint32_t parameter = 0;
  uint32_t level = 0;             ///< of the frame it lives in
  uint32_t slot = 0;
  const Ast* argument = nullptr;  ///< parameter expanded in place
  const Env* argument_env = nullptr;
  mutable Procedure* procedure = nullptr;
};

/// The frame being filled.
struct Function {
  uint32_t level = 0;
  uint32_t slots = 0;
};

class Lowering {
 public:
  Lowering(std::string_view source, Compiled& compiled) : source_(source), compiled_(compiled) {}
  Status run(const Ast& program, size_t variables);

 private:
  // Nodes
  Node* make(Op op, Node* a = nullptr, Node* b = nullptr, Node* c = nullptr);
  uint32_t new_slot();
  void fail(std::string_view text);
  const Env* extend(const Env* up, Env::What what, const void* key);
  const Env* declare(const Env* up, const Binding* binding, uint32_t slot);
  static const Env* find(const Env* env, const void* key, uint32_t parameter = 0,
                         bool is_parameter = false);
  Node* constant(json::Value document);
  Node* string_constant(std::string_view text);
  /// Decides how the node is evaluated, and computes it now if nothing in it depends on a run.
  Node* done(Node* node);
  static bool is_constant(const Node* node);
  static bool foldable(const Node& node);
  Node* fold(Node* node);
  static Kind all(const Node& node);
  static Kind classify(const Node& node);
  /// A chain of field, index and slice from ".", keys with one result each.
  static bool is_simple_path(const Node* node);
  /// The member of what a gives, by a name known now.
  Node* field(Node* a, const Val& name);

  // Ast to nodes
  Node* lower(const Ast& ast, const Env* env);
  Node* lower_kind(const Ast& ast, const Env* env);
  Node* lower_children(Op op, const Ast& ast, const Env* env);
  Node* lower_items(Op op, const Ast& ast, const Env* env);
  Node* lower_condition(const Ast& ast, const Env* env);
  Node* lower_constant(const Ast& ast);
  Node* lower_variable(const Binding& binding, const Env* env);

  // Paths
  /// The term a suffix stands on: nothing for ".".
  Node* base(const Ast& ast, const Env* env);
  Node* lower_index(const Ast& ast, const Env* env);
  Node* lower_slice(const Ast& ast, const Env* env);
  Node* step(const Ast& ast, Node* node);
  Node* lower_recurse();
  Node* lower_path(Node* paths);
  Node* lower_assign(const Ast& ast, const Env* env);
  Node* lower_update(Node* paths, Node* change);
  Node* lower_set(Node* paths, Node* value);

  // Strings
  Node* lower_format(const Ast& ast);
  Node* lower_string(const Ast& ast, const Env* env);

  // Bindings
  Node* bind(uint32_t slot, Node* source, Node* body);
  Node* load(uint32_t slot);
  static void pattern_bindings(const Pattern& pattern, std::vector<const Binding*>& out);
  const Env* declare_patterns(const std::vector<Pattern*>& patterns, const Env* env,
                              std::vector<uint32_t>* slots);
  /// source as pattern | body, as nested binds of single slots. env sees the variables.
  Node* destructure(const Pattern& pattern, Node* source, const Env* env, const std::function<Node*()>& body);
  Node* array_items(const Pattern& pattern, uint32_t whole, size_t i, const Env* env,
                    const std::function<Node*()>& body);
  Node* object_members(const Pattern& pattern, uint32_t whole, size_t i, const Env* env,
                       const std::function<Node*()>& body);
  Node* destructure_erased(const Pattern& pattern, Node* source, const Env* env,
                           const std::function<Node*()>& body);
  /// Alternatives (?//): each is tried with all variables null; an error goes on to the next.
  Node* alternatives(const std::vector<Pattern*>& patterns, Node* source, const Env* env,
                     std::vector<uint32_t> slots, Node* body);
  Node* lower_bind(const Ast& ast, const Env* env);
  Node* lower_fold(const Ast& ast, const Env* env);
  Node* lower_label(const Ast& ast, const Env* env);
  Node* lower_break(const Ast& ast, const Env* env);

  // Calls
  Node* lower_call(const Ast& ast, const Env* env);
  Node* lower_special(const Native& native, const Ast& ast, const Env* env);
  /// The bounds of a range are its outer loops, the first outermost.
  Node* lower_range(Node* from, Node* to, Node* by);
  Node* lower_parameter(const Ast& ast, const Env* env);
  Node* lower_defined(const Ast& ast, const Env* env);
  Node* expand(const Ast& ast, const Env* env, const Env* entry);
  Node* call_procedure(const Ast& ast, const Env* env, const Env* entry);
  Node::Argument argument(const Ast& ast, const Env* env);
  void make_procedure(const Definition& definition, const Env* entry);
  Node* procedure_body(const Definition& definition, const Env* entry);
  void fill(Procedure& procedure, uint32_t level, const std::function<Node*()>& body);

  std::string_view source_;
  Compiled& compiled_;
  Function* function_ = nullptr;
  std::deque<Env> envs_;
  uint32_t depth_ = 0;
  uint32_t library_depth_ = 0;
  uint32_t position_ = 0;
  std::optional<Error> error_;
};

}  // namespace hence::expr

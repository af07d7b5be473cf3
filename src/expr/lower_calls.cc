// SPDX-License-Identifier: Apache-2.0
// Calls: builtins, functions expanded in place, and those that cannot be.
#include "expr/lowering.h"

namespace hence::expr {

namespace {

constexpr size_t kExpandMax = 5'000;  ///< nodes beyond which functions are called instead

Special special_of(const Native& native) {
  static constexpr std::pair<std::string_view, Special> kTable[] = {
      {"not", Special::not_},      {"range", Special::range},     {"first", Special::first},
      {"limit", Special::limit},   {"isempty", Special::is_empty}, {"path", Special::path},
      {"recurse", Special::recurse}};
  if (native.function != nullptr) return Special::none;
  for (const auto& [name, special] : kTable) {
    if (name == native.name) return special;
  }
  return Special::none;
}

}  // namespace

Node* Lowering::lower_call(const Ast& ast, const Env* env) {
  if (ast.definition != nullptr) return lower_defined(ast, env);
  const Native& native = native_at(ast.native);
  if (native.function == nullptr) return lower_special(native, ast, env);
  Node* node = make(Op::native);
  node->native = &native;
  for (const Ast* item : ast.items) node->items.push_back(lower(*item, env));
  return done(node);
}

Node* Lowering::lower_special(const Native& native, const Ast& ast, const Env* env) {
  auto argument = [&](size_t i) { return lower(*ast.items[i], env); };
  switch (special_of(native)) {
    case Special::not_: return done(make(Op::logical_not));
    case Special::range: {
      Node* from = argument(0);
      Node* to = argument(1);
      Node* by = ast.items.size() > 2 ? argument(2) : nullptr;
      return lower_range(from, to, by);
    }
    case Special::first: return done(make(Op::first, argument(0)));
    case Special::limit: {
      Node* count = argument(0);
      return done(make(Op::limit, count, argument(1)));
    }
    case Special::is_empty: return done(make(Op::is_empty, argument(0)));
    case Special::path: return lower_path(argument(0));
    default: return lower_recurse();
  }
}

Node* Lowering::lower_range(Node* from, Node* to, Node* by) {
  std::vector<std::pair<uint32_t, Node*>> binds;
  for (Node** bound : {&from, &to, &by}) {
    if (*bound == nullptr || (*bound)->kind == Kind::one) continue;
    binds.emplace_back(new_slot(), *bound);
    *bound = load(binds.back().first);
  }
  Node* node = done(make(Op::range, from, to, by));
  for (size_t i = binds.size(); i > 0; --i) {
    node = bind(binds[i - 1].first, binds[i - 1].second, node);
  }
  return node;
}

Node* Lowering::lower_parameter(const Ast& ast, const Env* env) {
  const Env* found = find(env, ast.definition, ast.parameter, true);
  HENCE_CHECK(found != nullptr);
  if (found->what == Env::What::parameter) return lower(*found->argument, found->argument_env);
  Node* node = make(Op::call_parameter);
  node->level = function_->level - found->level;
  node->slot = found->slot;
  return done(node);
}

Node* Lowering::lower_defined(const Ast& ast, const Env* env) {
  const Definition& definition = *ast.definition;
  const Env* entry = find(env, &definition);
  const bool from_library = entry == nullptr;
  if (from_library) entry = extend(nullptr, Env::What::function, &definition);
  library_depth_ += from_library ? 1 : 0;
  const bool call = definition.recursive || compiled_.nodes.size() > kExpandMax;
  Node* node = call ? call_procedure(ast, env, entry) : expand(ast, env, entry);
  library_depth_ -= from_library ? 1 : 0;
  return node;
}

Node* Lowering::expand(const Ast& ast, const Env* env, const Env* entry) {
  const Definition& definition = *ast.definition;
  const Env* inner = entry;
  std::vector<std::pair<uint32_t, Node*>> binds;
  for (uint32_t i = 0; i < definition.parameters.size(); ++i) {
    Env* parameter = const_cast<Env*>(extend(inner, Env::What::parameter, &definition));
    parameter->parameter = i;
    parameter->argument = ast.items[i];
    parameter->argument_env = env;
    inner = parameter;
  }
  for (uint32_t i = 0; i < definition.parameters.size(); ++i) {
    const Binding* variable = definition.parameters[i].variable;
    if (variable == nullptr) continue;
    binds.emplace_back(new_slot(), lower(*ast.items[i], env));
    inner = declare(inner, variable, binds.back().first);
  }
  Node* node = lower(*definition.body, inner);
  for (size_t i = binds.size(); i > 0; --i) {
    node = bind(binds[i - 1].first, binds[i - 1].second, node);
  }
  return node;
}

Node* Lowering::call_procedure(const Ast& ast, const Env* env, const Env* entry) {
  Node* node = make(Op::call);
  for (const Ast* item : ast.items) node->arguments.push_back(argument(*item, env));
  if (entry->procedure == nullptr) make_procedure(*ast.definition, entry);
  node->procedure = entry->procedure;
  node->level = function_->level - entry->level;
  return done(node);
}

Node::Argument Lowering::argument(const Ast& ast, const Env* env) {
  Node::Argument result;
  if (ast.kind == AstKind::parameter) {
    const Env* found = find(env, ast.definition, ast.parameter, true);
    if (found->what == Env::What::closure) {
      result.level = function_->level - found->level;
      result.slot = found->slot;
      return result;
    }
  }
  Procedure& procedure = compiled_.procedures.emplace_back();
  procedure.name = "argument";
  fill(procedure, function_->level + 1, [&] { return lower(ast, env); });
  result.procedure = &procedure;
  return result;
}

void Lowering::make_procedure(const Definition& definition, const Env* entry) {
  Procedure& procedure = compiled_.procedures.emplace_back();
  entry->procedure = &procedure;
  procedure.name = definition.name;
  procedure.parameters = static_cast<uint32_t>(definition.parameters.size());
  fill(procedure, entry->level + 1, [&] { return procedure_body(definition, entry); });
}

Node* Lowering::procedure_body(const Definition& definition, const Env* entry) {
  const Env* inner = entry;
  for (uint32_t i = 0; i < definition.parameters.size(); ++i) {
    Env* parameter = const_cast<Env*>(extend(inner, Env::What::closure, &definition));
    parameter->parameter = i;
    parameter->slot = new_slot();
    inner = parameter;
  }
  std::vector<std::pair<uint32_t, Node*>> binds;
  for (uint32_t i = 0; i < definition.parameters.size(); ++i) {
    const Binding* variable = definition.parameters[i].variable;
    if (variable == nullptr) continue;
    Node* value = make(Op::call_parameter);
    value->slot = i;
    binds.emplace_back(new_slot(), done(value));
    inner = declare(inner, variable, binds.back().first);
  }
  Node* node = lower(*definition.body, inner);
  for (size_t i = binds.size(); i > 0; --i) {
    node = bind(binds[i - 1].first, binds[i - 1].second, node);
  }
  return node;
}

void Lowering::fill(Procedure& procedure, uint32_t level, const std::function<Node*()>& body) {
  Function inner;
  inner.level = level;
  Function* outer = function_;
  function_ = &inner;
  procedure.level = level;
  procedure.body = body();
  procedure.slots = inner.slots;
  function_ = outer;
}

}  // namespace hence::expr

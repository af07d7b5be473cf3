// SPDX-License-Identifier: Apache-2.0
// Nodes, how each can be evaluated, constants folded, and which part lowers what.
#include "expr/lower.h"

#include <algorithm>

#include "expr/evaluate.h"
#include "expr/lowering.h"
#include "json/builder.h"
#include "json/parse.h"
#include "json/write.h"

namespace hence::expr {

namespace {

constexpr size_t kNodesMax = 100'000;

}  // namespace

Status Lowering::run(const Ast& program, size_t variables) {
  Function main;
  main.slots = static_cast<uint32_t>(variables);
  function_ = &main;
  compiled_.root = lower(program, nullptr);
  compiled_.slots = main.slots;
  if (error_) return *error_;
  return {};
}

Node* Lowering::make(Op op, Node* a, Node* b, Node* c) {
  if (compiled_.nodes.size() > kNodesMax) fail("the program is too large once its functions are expanded");
  Node& node = compiled_.nodes.emplace_back();
  node.op = op;
  node.position = position_;
  node.a = a;
  node.b = b;
  node.c = c;
  return &node;
}

uint32_t Lowering::new_slot() {
  return function_->slots++;
}

void Lowering::fail(std::string_view text) {
  if (!error_) error_ = error_at(source_, position_, text);
}

const Env* Lowering::extend(const Env* up, Env::What what, const void* key) {
  Env& env = envs_.emplace_back();
  env.up = up;
  env.what = what;
  env.key = key;
  env.level = function_->level;
  return &env;
}

const Env* Lowering::declare(const Env* up, const Binding* binding, uint32_t slot) {
  Env* env = const_cast<Env*>(extend(up, Env::What::variable, binding));
  env->slot = slot;
  return env;
}

const Env* Lowering::find(const Env* env, const void* key, uint32_t parameter, bool is_parameter) {
  for (; env != nullptr; env = env->up) {
    const bool parameter_entry =
        env->what == Env::What::parameter || env->what == Env::What::closure;
    if (env->key == key && parameter_entry == is_parameter && env->parameter == parameter) return env;
  }
  return nullptr;
}

Node* Lowering::constant(json::Value document) {
  Node* node = make(Op::constant);
  node->constant = Val(document.view());
  if (node->constant.tag() == Tag::literal) {
    std::string text;
    json::write_number(node->constant.number(), text);
    if (text == document.view().number_text()) node->constant = Val(node->constant.number());
  }
  if (node->constant.is_view()) compiled_.constants.push_back(std::move(document));
  return node;
}

Node* Lowering::string_constant(std::string_view text) {
  return constant(json::Value::string(text));
}

Node* Lowering::done(Node* node) {
  node->kind = classify(*node);
  return foldable(*node) ? fold(node) : node;
}

bool Lowering::is_constant(const Node* node) {
  return node == nullptr || node->op == Op::constant;
}

bool Lowering::foldable(const Node& node) {
  switch (node.op) {
    case Op::binary: case Op::negate: case Op::object: case Op::interpolate: case Op::logical_and:
    case Op::logical_or:
      break;
    case Op::array:
      if (node.a->op != Op::constant && node.a->op != Op::comma) return false;
      if (node.a->op == Op::comma) {
        return std::all_of(node.a->items.begin(), node.a->items.end(), is_constant);
      }
      break;
    default: return false;
  }
  return node.kind == Kind::one && is_constant(node.a) && is_constant(node.b) &&
         std::all_of(node.items.begin(), node.items.end(), is_constant);
}

Node* Lowering::fold(Node* node) {
  Budget budget{1'000, 64 << 10, 100, 64 << 10};
  const Environment environment;
  Run run(budget, environment);
  Val out;
  if (evaluate(run, *node, Val(), out) != Flow::value || run.over()) return node;
  // A number that is not one of JSON's, or still has its text, stays a computation or a text.
  if (out.tag() == Tag::number) {
    Node* number = make(Op::constant);
    number->constant = out;
    return number;
  }
  json::Builder builder;
  if (!to_builder(run, out, 100, 64 << 10, builder)) return node;
  json::Value document = std::move(builder).finish();
  // As a constant, a number computed here would have a text, which jq prints in another form.
  const std::string text = document->to_text();
  const bool has_exponent = text.find("e+") != std::string::npos || text.find("e-") != std::string::npos;
  return has_exponent ? node : constant(std::move(document));
}

Kind Lowering::all(const Node& node) {
  Kind kind = worse(worse(kind_of(node.a), kind_of(node.b)), worse(kind_of(node.c), kind_of(node.d)));
  for (const Node* item : node.items) kind = worse(kind, kind_of(item));
  return kind;
}

Kind Lowering::classify(const Node& node) {
  const Kind kind = all(node);
  switch (node.op) {
    case Op::identity: case Op::constant: case Op::load: case Op::format: return Kind::one;
    case Op::field: return kind;
    case Op::index: case Op::slice:
      return kind_of(node.b) == Kind::one && kind_of(node.c) == Kind::one ? kind : Kind::steps;
    case Op::iterate: case Op::comma: return worse(kind, Kind::each);
    case Op::recurse: return Kind::each;
    case Op::pipe: case Op::bind: case Op::alternative: case Op::try_catch: return kind;
    case Op::condition: return kind_of(node.a) == Kind::one ? kind : Kind::steps;
    case Op::array: case Op::first: case Op::is_empty:
      return kind == Kind::steps ? Kind::steps : Kind::one;
    case Op::reduce:
      return kind_of(node.b) == Kind::one && kind_of(node.c) == Kind::one && kind_of(node.a) != Kind::steps
                 ? Kind::one : Kind::steps;
    case Op::foreach:
      return kind_of(node.b) == Kind::one && kind_of(node.c) == Kind::one && kind != Kind::steps
                 ? Kind::each : Kind::steps;
    case Op::range: return kind == Kind::one ? Kind::each : Kind::steps;
    case Op::limit:
      return kind_of(node.a) == Kind::one ? worse(kind, Kind::each) : Kind::steps;
    case Op::path: return node.simple ? Kind::one : Kind::steps;
    case Op::set_path: case Op::update: case Op::update_members:
      return node.simple && kind_of(node.b) == Kind::one ? Kind::one : Kind::steps;
    case Op::binary: case Op::negate: case Op::logical_and: case Op::logical_or:
    case Op::logical_not: case Op::object: case Op::interpolate: case Op::native:
      return kind == Kind::one ? Kind::one : Kind::steps;
    default: return Kind::steps;
  }
}

bool Lowering::is_simple_path(const Node* node) {
  while (node != nullptr && node->op != Op::identity) {
    if (node->op != Op::field && node->op != Op::index && node->op != Op::slice) return false;
    if (node->optional) return false;
    if (kind_of(node->b) != Kind::one || kind_of(node->c) != Kind::one) return false;
    node = node->a;
  }
  return true;
}

Node* Lowering::lower(const Ast& ast, const Env* env) {
  if (++depth_ > kLowerDepthMax) {
    fail("the program is nested too deeply once its functions are expanded");
  }
  const uint32_t before = position_;
  if (library_depth_ == 0) position_ = ast.position;
  Node* node = error_ ? make(Op::identity) : lower_kind(ast, env);
  position_ = before;
  --depth_;
  return node;
}

Node* Lowering::lower_kind(const Ast& ast, const Env* env) {
  switch (ast.kind) {
    case AstKind::identity: return make(Op::identity);
    case AstKind::recurse: return lower_recurse();
    case AstKind::constant: return lower_constant(ast);
    case AstKind::variable: return lower_variable(*ast.binding, env);
    case AstKind::field: case AstKind::index: return lower_index(ast, env);
    case AstKind::slice: return lower_slice(ast, env);
    case AstKind::iterate: return step(ast, make(Op::iterate, base(*ast.a, env)));
    case AstKind::try_catch: return lower_children(Op::try_catch, ast, env);
    case AstKind::call: return lower_call(ast, env);
    case AstKind::parameter: return lower_parameter(ast, env);
    case AstKind::format: return lower_format(ast);
    case AstKind::string: return lower_string(ast, env);
    case AstKind::array: return lower_children(Op::array, ast, env);
    case AstKind::object: return lower_items(Op::object, ast, env);
    case AstKind::negate: return lower_children(Op::negate, ast, env);
    case AstKind::pipe: return lower_items(Op::pipe, ast, env);
    case AstKind::comma: return lower_items(Op::comma, ast, env);
    case AstKind::binary: return lower_children(Op::binary, ast, env);
    case AstKind::logical_and: return lower_children(Op::logical_and, ast, env);
    case AstKind::logical_or: return lower_children(Op::logical_or, ast, env);
    case AstKind::alternative: return lower_children(Op::alternative, ast, env);
    case AstKind::assign: return lower_assign(ast, env);
    case AstKind::condition: return lower_condition(ast, env);
    case AstKind::reduce: case AstKind::foreach: return lower_fold(ast, env);
    case AstKind::label: return lower_label(ast, env);
    case AstKind::break_label: return lower_break(ast, env);
    case AstKind::bind: return lower_bind(ast, env);
    case AstKind::define: {
      const Env* inner = extend(env, Env::What::function, ast.definition);
      return lower(*ast.a, inner);
    }
  }
  return make(Op::identity);
}

Node* Lowering::lower_children(Op op, const Ast& ast, const Env* env) {
  Node* node = make(op);
  node->sub = ast.op;
  node->a = ast.a == nullptr ? nullptr : lower(*ast.a, env);
  node->b = ast.b == nullptr ? nullptr : lower(*ast.b, env);
  return done(node);
}

Node* Lowering::lower_items(Op op, const Ast& ast, const Env* env) {
  Node* node = make(op);
  node->items.reserve(ast.items.size());
  for (const Ast* item : ast.items) {
    Node* lowered = lower(*item, env);
    if (op == Op::pipe && lowered->op == Op::identity) continue;
    if (lowered->op == op && (op == Op::pipe || op == Op::comma)) {
      node->items.insert(node->items.end(), lowered->items.begin(), lowered->items.end());
    } else {
      node->items.push_back(lowered);
    }
  }
  if (op == Op::pipe && node->items.empty()) return make(Op::identity);
  if (op == Op::pipe && node->items.size() == 1) return node->items[0];
  return done(node);
}

Node* Lowering::lower_condition(const Ast& ast, const Env* env) {
  Node* a = lower(*ast.a, env);
  Node* b = lower(*ast.b, env);
  Node* c = ast.c == nullptr ? make(Op::identity) : lower(*ast.c, env);
  return done(make(Op::condition, a, b, c));
}

Node* Lowering::lower_constant(const Ast& ast) {
  if (ast.is_string) return string_constant(ast.text);
  auto parsed = json::parse(ast.text);
  if (!parsed.ok()) {
    fail("the number is too long");
    return make(Op::identity);
  }
  return constant(std::move(*parsed));
}

Node* Lowering::lower_variable(const Binding& binding, const Env* env) {
  Node* node = make(Op::load);
  if (const Env* found = find(env, &binding)) {
    node->level = function_->level - found->level;
    node->slot = found->slot;
  } else {
    HENCE_CHECK(binding.argument >= 0);
    node->level = function_->level;
    node->slot = static_cast<uint32_t>(binding.argument);
  }
  return done(node);
}

Status lower_program(std::string_view source, const Ast& program, size_t variables,
                     Compiled& compiled) {
  return Lowering(source, compiled).run(program, variables);
}

}  // namespace hence::expr

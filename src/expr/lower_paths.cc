// SPDX-License-Identifier: Apache-2.0
// Steps of paths, assignments, strings and formats.
#include <algorithm>
#include <array>

#include "expr/lowering.h"

namespace hence::expr {

namespace {

Format format_named(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "text", "json", "csv", "tsv", "html", "uri", "urid", "sh", "base64", "base64d", "base32",
      "base32d"};
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  return static_cast<Format>(found - kNames.begin());
}

}  // namespace

Node* Lowering::base(const Ast& ast, const Env* env) {
  Node* node = lower(ast, env);
  return node->op == Op::identity ? nullptr : node;
}

Node* Lowering::field(Node* a, const Val& name) {
  Node* node = make(Op::field, a);
  node->constant = name;
  node->key_hash = json::key_hash(name.text().data(), name.size());
  return node;
}

Node* Lowering::lower_index(const Ast& ast, const Env* env) {
  Node* a = base(*ast.a, env);
  Node* key = lower(*ast.b, env);
  if (key->op == Op::constant && key->constant.is_string()) {
    return step(ast, field(a, key->constant));
  }
  return step(ast, make(Op::index, a, key));
}

Node* Lowering::lower_slice(const Ast& ast, const Env* env) {
  Node* a = base(*ast.a, env);
  Node* from = ast.b == nullptr ? nullptr : lower(*ast.b, env);
  Node* to = ast.c == nullptr ? nullptr : lower(*ast.c, env);
  return step(ast, make(Op::slice, a, from, to));
}

Node* Lowering::step(const Ast& ast, Node* node) {
  node->optional = ast.optional;
  return done(node);
}

Node* Lowering::lower_recurse() {
  Node* node = make(Op::recurse);
  Ast call;
  call.kind = AstKind::call;
  call.definition = library().find_definition("_recurse_all", 0);
  node->b = lower(call, nullptr);
  return done(node);
}

Node* Lowering::lower_path(Node* paths) {
  Node* node = make(Op::path, paths);
  node->simple = is_simple_path(paths);
  return done(node);
}

Node* Lowering::lower_assign(const Ast& ast, const Env* env) {
  const auto assign = static_cast<AssignOperator>(ast.assign);
  if (assign == AssignOperator::update) {
    Node* paths = lower(*ast.a, env);
    return lower_update(paths, lower(*ast.b, env));
  }
  // The right side is computed first, on the whole input; each of its results counts.
  Node* value = lower(*ast.b, env);
  Node* loaded = value;
  uint32_t slot = 0;
  if (value->op != Op::constant) {
    slot = new_slot();
    loaded = make(Op::load);
    loaded->slot = slot;
  }
  Node* paths = lower(*ast.a, env);
  Node* body = nullptr;
  if (assign == AssignOperator::set) {
    body = lower_set(paths, loaded);
  } else if (assign == AssignOperator::alternative) {
    body = lower_update(paths, done(make(Op::alternative, make(Op::identity), loaded)));
  } else {
    Node* change = make(Op::binary, make(Op::identity), loaded);
    change->sub = ast.op;
    body = lower_update(paths, done(change));
  }
  if (loaded == value) return body;
  Node* bind = make(Op::bind, value, body);
  bind->slot = slot;
  return done(bind);
}

Node* Lowering::lower_update(Node* paths, Node* change) {
  if (paths->op == Op::iterate && !paths->optional && is_simple_path(paths->a) && change->kind == Kind::one) {
    Node* node = make(Op::update_members, paths->a, change);
    node->simple = true;
    node->c = paths;
    return done(node);
  }
  Node* node = make(Op::update, paths, change);
  node->simple = is_simple_path(paths);
  node->slot = new_slot();
  return done(node);
}

Node* Lowering::lower_set(Node* paths, Node* value) {
  if (is_simple_path(paths)) {
    Node* node = make(Op::set_path, paths, value);
    node->simple = true;
    return done(node);
  }
  // reduce path(paths) as $p (.; setpath($p; $value))
  Node* reduce = make(Op::reduce, lower_path(paths), make(Op::identity));
  reduce->slot = new_slot();
  Node* path = make(Op::load);
  path->slot = reduce->slot;
  Node* set = make(Op::native);
  set->native = &native_named("setpath", 2);
  set->items = {path, value};
  reduce->c = done(set);
  return done(reduce);
}

Node* Lowering::lower_format(const Ast& ast) {
  Node* node = make(Op::format);
  node->sub = static_cast<uint8_t>(format_named(ast.text));
  return done(node);
}

Node* Lowering::lower_string(const Ast& ast, const Env* env) {
  Node* node = make(Op::interpolate);
  node->sub = static_cast<uint8_t>(format_named(ast.text));
  for (const Ast* part : ast.items) node->items.push_back(lower(*part, env));
  return done(node);
}

}  // namespace hence::expr

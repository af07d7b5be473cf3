// SPDX-License-Identifier: Apache-2.0
// Names that hold values: patterns, reduce and foreach, labels.
#include <algorithm>

#include "expr/lowering.h"

namespace hence::expr {

Node* Lowering::bind(uint32_t slot, Node* source, Node* body) {
  Node* node = make(Op::bind, source, body);
  node->slot = slot;
  return done(node);
}

Node* Lowering::load(uint32_t slot) {
  Node* node = make(Op::load);
  node->slot = slot;
  return node;
}

void Lowering::pattern_bindings(const Pattern& pattern, std::vector<const Binding*>& out) {
  auto add = [&](const Binding* binding) {
    if (binding != nullptr && std::find(out.begin(), out.end(), binding) == out.end()) {
      out.push_back(binding);
    }
  };
  add(pattern.variable);
  for (const Pattern* item : pattern.items) pattern_bindings(*item, out);
  for (const Pattern::Member& member : pattern.members) {
    add(member.variable);
    if (member.value != nullptr) pattern_bindings(*member.value, out);
  }
}

const Env* Lowering::declare_patterns(const std::vector<Pattern*>& patterns, const Env* env,
                                      std::vector<uint32_t>* slots) {
  std::vector<const Binding*> bindings;
  for (const Pattern* pattern : patterns) pattern_bindings(*pattern, bindings);
  for (const Binding* binding : bindings) {
    const uint32_t slot = new_slot();
    if (slots != nullptr) slots->push_back(slot);
    env = declare(env, binding, slot);
  }
  return env;
}

Node* Lowering::destructure(const Pattern& pattern, Node* source, const Env* env, const std::function<Node*()>& body) {
  if (pattern.kind == Pattern::Kind::variable) {
    const uint32_t slot = find(env, pattern.variable)->slot;
    return bind(slot, source, body());
  }
  const uint32_t whole = new_slot();
  std::vector<std::pair<const Pattern*, Node*>> parts;
  return bind(whole, source, pattern.kind == Pattern::Kind::array
                                 ? array_items(pattern, whole, 0, env, body)
                                 : object_members(pattern, whole, 0, env, body));
}

Node* Lowering::array_items(const Pattern& pattern, uint32_t whole, size_t i, const Env* env,
                            const std::function<Node*()>& body) {
  if (i == pattern.items.size()) return body();
  Node* index = make(Op::index, load(whole));
  index->b = constant(json::Value::number(static_cast<int64_t>(i)));
  return destructure_erased(*pattern.items[i], done(index), env, [&] {
    return array_items(pattern, whole, i + 1, env, body);
  });
}

Node* Lowering::object_members(const Pattern& pattern, uint32_t whole, size_t i, const Env* env,
                               const std::function<Node*()>& body) {
  if (i == pattern.members.size()) return body();
  const Pattern::Member& member = pattern.members[i];
  const std::function<Node*()> rest = [&] {
    return object_members(pattern, whole, i + 1, env, body);
  };
  Node* key = lower(*member.key, env);
  Node* value = nullptr;
  uint32_t key_slot = 0;
  Node* key_source = nullptr;
  if (key->op == Op::constant && key->constant.is_string()) {
    value = field(load(whole), key->constant);
  } else {
    // The key sees the value being taken apart.
    key_slot = new_slot();
    key_source = make(Op::pipe);
    Node* checked = make(Op::native);
    checked->native = &native_named("_object_key", 0);
    key_source->items = {load(whole), key, done(checked)};
    key_source = done(key_source);
    value = make(Op::index, load(whole), load(key_slot));
  }
  value = done(value);
  Node* inner = nullptr;
  if (member.variable != nullptr) {
    const uint32_t slot = find(env, member.variable)->slot;
    if (member.value == nullptr) {
      inner = bind(slot, value, rest());
    } else {
      inner = bind(slot, value, destructure_erased(*member.value, load(slot), env, rest));
    }
  } else {
    inner = destructure_erased(*member.value, value, env, rest);
  }
  return key_source == nullptr ? inner : bind(key_slot, key_source, inner);
}

Node* Lowering::destructure_erased(const Pattern& pattern, Node* source, const Env* env,
                                   const std::function<Node*()>& body) {
  if (++depth_ > kLowerDepthMax) {
    fail("the pattern is nested too deeply");
    --depth_;
    return make(Op::identity);
  }
  Node* node = destructure(pattern, source, env, body);
  --depth_;
  return node;
}

Node* Lowering::alternatives(const std::vector<Pattern*>& patterns, Node* source, const Env* env,
                             std::vector<uint32_t> slots, Node* body) {
  Node* node = make(Op::bind_alternatives);
  const uint32_t whole = new_slot();
  node->slots = std::move(slots);
  for (const Pattern* pattern : patterns) {
    node->items.push_back(destructure_erased(*pattern, load(whole), env,
                                             [&] { return make(Op::identity); }));
  }
  node->a = body;
  return bind(whole, source, done(node));
}

Node* Lowering::lower_bind(const Ast& ast, const Env* env) {
  Node* source = lower(*ast.a, env);
  std::vector<uint32_t> slots;
  const Env* inner = declare_patterns(ast.patterns, env, &slots);
  if (ast.patterns.size() > 1) {
    Node* body = lower(*ast.b, inner);
    return alternatives(ast.patterns, source, inner, std::move(slots), body);
  }
  return destructure_erased(*ast.patterns[0], source, inner,
                            [&] { return lower(*ast.b, inner); });
}

Node* Lowering::lower_fold(const Ast& ast, const Env* env) {
  Node* node = make(ast.kind == AstKind::reduce ? Op::reduce : Op::foreach);
  Node* source = lower(*ast.a, env);
  node->b = lower(*ast.b, env);
  std::vector<uint32_t> slots;
  const Env* inner = declare_patterns(ast.patterns, env, &slots);
  if (ast.patterns.size() == 1 && ast.patterns[0]->kind == Pattern::Kind::variable) {
    node->slot = slots[0];
  } else {
    // The source binds the variables and gives anything.
    node->slot = new_slot();
    auto identity = [&] { return make(Op::identity); };
    source = ast.patterns.size() > 1
                 ? alternatives(ast.patterns, source, inner, slots, identity())
                 : destructure_erased(*ast.patterns[0], source, inner, identity);
  }
  node->a = source;
  node->c = lower(*ast.c, inner);
  node->d = ast.d == nullptr ? nullptr : lower(*ast.d, inner);
  return done(node);
}

Node* Lowering::lower_label(const Ast& ast, const Env* env) {
  Node* node = make(Op::label);
  node->slot = new_slot();
  node->a = lower(*ast.a, declare(env, ast.binding, node->slot));
  return done(node);
}

Node* Lowering::lower_break(const Ast& ast, const Env* env) {
  const Env* found = find(env, ast.binding);
  HENCE_CHECK(found != nullptr);
  Node* node = make(Op::break_label);
  node->level = function_->level - found->level;
  node->slot = found->slot;
  return done(node);
}

}  // namespace hence::expr

// SPDX-License-Identifier: Apache-2.0
#include "expr/lower.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "expr/builtins.h"
#include "expr/evaluate.h"
#include "json/builder.h"
#include "json/parse.h"
#include "json/write.h"

namespace hence::expr {

namespace {

constexpr uint32_t kDepthMax = 2'500;      ///< of the tree, functions expanded
constexpr size_t kExpandMax = 5'000;       ///< nodes beyond which functions are called instead
constexpr size_t kNodesMax = 100'000;

Kind worse(Kind a, Kind b) { return std::max(a, b); }
Kind kind_of(const Node* node) { return node == nullptr ? Kind::one : node->kind; }

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

Format format_named(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "text", "json", "csv", "tsv", "html", "uri", "urid", "sh", "base64", "base64d", "base32",
      "base32d"};
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  return static_cast<Format>(found - kNames.begin());
}

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

class Lowering {
 public:
  Lowering(std::string_view source, Compiled& compiled) : source_(source), compiled_(compiled) {}

  Status run(const Ast& program, size_t variables) {
    Function main;
    main.slots = static_cast<uint32_t>(variables);
    function_ = &main;
    compiled_.root = lower(program, nullptr);
    compiled_.slots = main.slots;
    if (error_) return *error_;
    return {};
  }

 private:
  // Nodes --------------------------------------------------------------------------------------
  Node* make(Op op, Node* a = nullptr, Node* b = nullptr, Node* c = nullptr) {
    if (compiled_.nodes.size() > kNodesMax) fail("the program is too large once its functions are expanded");
    Node& node = compiled_.nodes.emplace_back();
    node.op = op;
    node.a = a;
    node.b = b;
    node.c = c;
    return &node;
  }
  uint32_t new_slot() { return function_->slots++; }
  void fail(std::string_view text) {
    if (!error_) error_ = error_at(source_, position_, text);
  }
  const Env* extend(const Env* up, Env::What what, const void* key) {
    Env& env = envs_.emplace_back();
    env.up = up;
    env.what = what;
    env.key = key;
    env.level = function_->level;
    return &env;
  }
  const Env* declare(const Env* up, const Binding* binding, uint32_t slot) {
    Env* env = const_cast<Env*>(extend(up, Env::What::variable, binding));
    env->slot = slot;
    return env;
  }
  static const Env* find(const Env* env, const void* key, uint32_t parameter = 0,
                         bool is_parameter = false) {
    for (; env != nullptr; env = env->up) {
      const bool parameter_entry =
          env->what == Env::What::parameter || env->what == Env::What::closure;
      if (env->key == key && parameter_entry == is_parameter && env->parameter == parameter) return env;
    }
    return nullptr;
  }

  Node* constant(json::Value document) {
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
  Node* string_constant(std::string_view text) { return constant(json::Value::string(text)); }

  /// Decides how the node is evaluated, and computes it now if nothing in it depends on a run.
  Node* done(Node* node) {
    node->kind = classify(*node);
    return foldable(*node) ? fold(node) : node;
  }

  static bool is_constant(const Node* node) { return node == nullptr || node->op == Op::constant; }
  static bool foldable(const Node& node) {
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
  Node* fold(Node* node) {
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
    return constant(std::move(builder).finish());
  }

  static Kind all(const Node& node) {
    Kind kind = worse(worse(kind_of(node.a), kind_of(node.b)), worse(kind_of(node.c), kind_of(node.d)));
    for (const Node* item : node.items) kind = worse(kind, kind_of(item));
    return kind;
  }
  static Kind classify(const Node& node) {
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

  /// A chain of field, index and slice from ".", keys with one result each.
  static bool is_simple_path(const Node* node) {
    while (node != nullptr && node->op != Op::identity) {
      if (node->op != Op::field && node->op != Op::index && node->op != Op::slice) return false;
      if (node->optional) return false;
      if (kind_of(node->b) != Kind::one || kind_of(node->c) != Kind::one) return false;
      node = node->a;
    }
    return true;
  }

  // Ast to nodes -------------------------------------------------------------------------------
  Node* lower(const Ast& ast, const Env* env) {
    if (++depth_ > kDepthMax) {
      fail("the program is nested too deeply once its functions are expanded");
    }
    const uint32_t before = position_;
    if (library_depth_ == 0) position_ = ast.position;
    Node* node = error_ ? make(Op::identity) : lower_kind(ast, env);
    position_ = before;
    --depth_;
    return node;
  }

  Node* lower_kind(const Ast& ast, const Env* env) {
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

  Node* lower_children(Op op, const Ast& ast, const Env* env) {
    Node* node = make(op);
    node->sub = ast.op;
    node->a = ast.a == nullptr ? nullptr : lower(*ast.a, env);
    node->b = ast.b == nullptr ? nullptr : lower(*ast.b, env);
    return done(node);
  }
  Node* lower_items(Op op, const Ast& ast, const Env* env) {
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
  Node* lower_condition(const Ast& ast, const Env* env) {
    Node* a = lower(*ast.a, env);
    Node* b = lower(*ast.b, env);
    Node* c = ast.c == nullptr ? make(Op::identity) : lower(*ast.c, env);
    return done(make(Op::condition, a, b, c));
  }
  Node* lower_constant(const Ast& ast) {
    if (ast.is_string) return string_constant(ast.text);
    auto parsed = json::parse(ast.text);
    if (!parsed.ok()) {
      fail("the number is too long");
      return make(Op::identity);
    }
    return constant(std::move(*parsed));
  }
  Node* lower_variable(const Binding& binding, const Env* env) {
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

  // Paths --------------------------------------------------------------------------------------
  /// The term a suffix stands on: nothing for ".".
  Node* base(const Ast& ast, const Env* env) {
    Node* node = lower(ast, env);
    return node->op == Op::identity ? nullptr : node;
  }
  Node* lower_index(const Ast& ast, const Env* env) {
    Node* a = base(*ast.a, env);
    Node* key = lower(*ast.b, env);
    if (key->op == Op::constant && key->constant.is_string()) {
      Node* node = make(Op::field, a);
      node->constant = key->constant;
      return step(ast, node);
    }
    return step(ast, make(Op::index, a, key));
  }
  Node* lower_slice(const Ast& ast, const Env* env) {
    Node* a = base(*ast.a, env);
    Node* from = ast.b == nullptr ? nullptr : lower(*ast.b, env);
    Node* to = ast.c == nullptr ? nullptr : lower(*ast.c, env);
    return step(ast, make(Op::slice, a, from, to));
  }
  Node* step(const Ast& ast, Node* node) {
    node->optional = ast.optional;
    return done(node);
  }
  Node* lower_recurse() {
    Node* node = make(Op::recurse);
    Ast call;
    call.kind = AstKind::call;
    call.definition = library().find_definition("_recurse_all", 0);
    node->b = lower(call, nullptr);
    return done(node);
  }
  Node* lower_path(Node* paths) {
    Node* node = make(Op::path, paths);
    node->simple = is_simple_path(paths);
    return done(node);
  }

  Node* lower_assign(const Ast& ast, const Env* env) {
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
  Node* lower_update(Node* paths, Node* change) {
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
  Node* lower_set(Node* paths, Node* value) {
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

  // Strings ------------------------------------------------------------------------------------
  Node* lower_format(const Ast& ast) {
    Node* node = make(Op::format);
    node->sub = static_cast<uint8_t>(format_named(ast.text));
    return done(node);
  }
  Node* lower_string(const Ast& ast, const Env* env) {
    Node* node = make(Op::interpolate);
    node->sub = static_cast<uint8_t>(format_named(ast.text));
    for (const Ast* part : ast.items) node->items.push_back(lower(*part, env));
    return done(node);
  }

  // Bindings -----------------------------------------------------------------------------------
  Node* bind(uint32_t slot, Node* source, Node* body) {
    Node* node = make(Op::bind, source, body);
    node->slot = slot;
    return done(node);
  }
  Node* load(uint32_t slot) {
    Node* node = make(Op::load);
    node->slot = slot;
    return node;
  }

  static void pattern_bindings(const Pattern& pattern, std::vector<const Binding*>& out) {
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
  const Env* declare_patterns(const std::vector<Pattern*>& patterns, const Env* env,
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

  /// source as pattern | body, as nested binds of single slots. env sees the variables.
  Node* destructure(const Pattern& pattern, Node* source, const Env* env, auto&& body) {
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
  Node* array_items(const Pattern& pattern, uint32_t whole, size_t i, const Env* env,
                    const std::function<Node*()>& body) {
    if (i == pattern.items.size()) return body();
    Node* index = make(Op::index, load(whole));
    index->b = constant(json::Value::number(static_cast<int64_t>(i)));
    return destructure_erased(*pattern.items[i], done(index), env, [&] {
      return array_items(pattern, whole, i + 1, env, body);
    });
  }
  Node* object_members(const Pattern& pattern, uint32_t whole, size_t i, const Env* env,
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
      value = make(Op::field, load(whole));
      value->constant = key->constant;
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
  Node* destructure_erased(const Pattern& pattern, Node* source, const Env* env,
                           const std::function<Node*()>& body) {
    if (++depth_ > kDepthMax) {
      fail("the pattern is nested too deeply");
      --depth_;
      return make(Op::identity);
    }
    Node* node = destructure(pattern, source, env, body);
    --depth_;
    return node;
  }

  /// Alternatives (?//): each is tried with all variables null; an error goes on to the next.
  Node* alternatives(const std::vector<Pattern*>& patterns, Node* source, const Env* env,
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

  Node* lower_bind(const Ast& ast, const Env* env) {
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

  Node* lower_fold(const Ast& ast, const Env* env) {
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

  Node* lower_label(const Ast& ast, const Env* env) {
    Node* node = make(Op::label);
    node->slot = new_slot();
    node->a = lower(*ast.a, declare(env, ast.binding, node->slot));
    return done(node);
  }
  Node* lower_break(const Ast& ast, const Env* env) {
    const Env* found = find(env, ast.binding);
    HENCE_CHECK(found != nullptr);
    Node* node = make(Op::break_label);
    node->level = function_->level - found->level;
    node->slot = found->slot;
    return done(node);
  }

  // Calls --------------------------------------------------------------------------------------
  Node* lower_call(const Ast& ast, const Env* env) {
    if (ast.definition != nullptr) return lower_defined(ast, env);
    const Native& native = native_at(ast.native);
    if (native.function == nullptr) return lower_special(native, ast, env);
    Node* node = make(Op::native);
    node->native = &native;
    for (const Ast* item : ast.items) node->items.push_back(lower(*item, env));
    return done(node);
  }

  Node* lower_special(const Native& native, const Ast& ast, const Env* env) {
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
  /// The bounds of a range are its outer loops, the first outermost.
  Node* lower_range(Node* from, Node* to, Node* by) {
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

  Node* lower_parameter(const Ast& ast, const Env* env) {
    const Env* found = find(env, ast.definition, ast.parameter, true);
    HENCE_CHECK(found != nullptr);
    if (found->what == Env::What::parameter) return lower(*found->argument, found->argument_env);
    Node* node = make(Op::call_parameter);
    node->level = function_->level - found->level;
    node->slot = found->slot;
    return done(node);
  }

  Node* lower_defined(const Ast& ast, const Env* env) {
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

  Node* expand(const Ast& ast, const Env* env, const Env* entry) {
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

  Node* call_procedure(const Ast& ast, const Env* env, const Env* entry) {
    Node* node = make(Op::call);
    for (const Ast* item : ast.items) node->arguments.push_back(argument(*item, env));
    if (entry->procedure == nullptr) make_procedure(*ast.definition, entry);
    node->procedure = entry->procedure;
    node->level = function_->level - entry->level;
    return done(node);
  }

  Node::Argument argument(const Ast& ast, const Env* env) {
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

  void make_procedure(const Definition& definition, const Env* entry) {
    Procedure& procedure = compiled_.procedures.emplace_back();
    entry->procedure = &procedure;
    procedure.name = definition.name;
    procedure.parameters = static_cast<uint32_t>(definition.parameters.size());
    fill(procedure, entry->level + 1, [&] { return procedure_body(definition, entry); });
  }
  Node* procedure_body(const Definition& definition, const Env* entry) {
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
  void fill(Procedure& procedure, uint32_t level, const std::function<Node*()>& body) {
    Function inner;
    inner.level = level;
    Function* outer = function_;
    function_ = &inner;
    procedure.level = level;
    procedure.body = body();
    procedure.slots = inner.slots;
    function_ = outer;
  }

  std::string_view source_;
  Compiled& compiled_;
  Function* function_ = nullptr;
  std::deque<Env> envs_;
  uint32_t depth_ = 0;
  uint32_t library_depth_ = 0;
  uint32_t position_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Status lower_program(std::string_view source, const Ast& program, size_t variables,
                     Compiled& compiled) {
  return Lowering(source, compiled).run(program, variables);
}

}  // namespace hence::expr

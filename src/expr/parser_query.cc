// SPDX-License-Identifier: Apache-2.0
// Definitions, labels, pipes and commas, `as` and its patterns.
#include "expr/parser_state.h"

namespace hence::expr {

Ast* Parser::query() {
  Level level(*this);
  if (!level.fits()) return too_deep();
  const uint32_t position = token_.position;
  std::vector<Ast*> stages;
  std::vector<Ast*> choices;
  bool more = true;
  while (more) {
    bool takes_rest = false;
    Ast* item = query_item(takes_rest);
    if (item == nullptr) return nullptr;
    choices.push_back(item);
    more = !takes_rest && (is_symbol(",") || is_symbol("|"));
    if (!more || is_symbol("|")) {
      stages.push_back(joined(AstKind::comma, position, choices));
      choices.clear();
      if (stages.back() == nullptr) return nullptr;
    }
    if (more) advance();
  }
  return joined(AstKind::pipe, position, stages);
}

Ast* Parser::joined(AstKind kind, uint32_t position, std::vector<Ast*>& items) {
  if (items.size() == 1) return items[0];
  Ast* ast = make(kind);
  ast->position = position;
  ast->items = items;
  return grown(ast);
}

Ast* Parser::query_item(bool& takes_rest) {
  takes_rest = true;
  if (is_word("def")) return definition_and_rest();
  if (is_word("label")) return label();
  const uint32_t position = token_.position;
  Ast* ast = expression(0);
  if (ast == nullptr) return nullptr;
  if (!is_word("as")) {
    takes_rest = false;
    return ast;
  }
  advance();
  Ast* bind = make(AstKind::bind, position, ast);
  const size_t mark = scope_.mark();
  if (bind == nullptr || !patterns(bind->patterns) || !expect_symbol("|")) return nullptr;
  bind->b = query();
  scope_.restore(mark);
  return bind->b == nullptr ? nullptr : grown(bind);
}

Ast* Parser::definition_and_rest() {
  const uint32_t position = token_.position;
  const size_t mark = scope_.mark();
  Definition* one = definition();
  if (one == nullptr) return nullptr;
  Ast* rest = query();
  scope_.restore(mark);
  if (rest == nullptr) return nullptr;
  Ast* ast = make(AstKind::define, position, rest, one->body);
  if (ast == nullptr) return nullptr;
  ast->definition = one;
  return ast;
}

Definition* Parser::definition() {
  advance();
  if (token_.kind != TokenKind::identifier && token_.kind != TokenKind::keyword) {
    unexpected("the name of a function");
    return nullptr;
  }
  Definition& one = arena_.definitions.emplace_back();
  one.name = token_.text;
  advance();
  if (take_symbol("(") && !parameters(one)) return nullptr;
  if (!expect_symbol(":")) return nullptr;
  scope_.add_function(&one);
  const size_t mark = scope_.mark();
  one.open = true;
  for (uint32_t i = 0; i < one.parameters.size(); ++i) {
    scope_.add_parameter(&one, i);
    if (one.parameters[i].variable != nullptr) scope_.add_variable(one.parameters[i].variable);
  }
  one.body = query();
  one.open = false;
  scope_.restore(mark);
  if (one.body == nullptr || !expect_symbol(";")) return nullptr;
  return &one;
}

bool Parser::parameters(Definition& one) {
  do {
    Definition::Parameter& parameter = one.parameters.emplace_back();
    parameter.name = token_.text;
    if (token_.kind == TokenKind::variable) {
      parameter.variable = &arena_.bindings.emplace_back();
      parameter.variable->name = token_.text;
    } else if (token_.kind != TokenKind::identifier && token_.kind != TokenKind::keyword) {
      unexpected("the name of a parameter");
      return false;
    }
    advance();
  } while (take_symbol(";"));
  return expect_symbol(")");
}

Ast* Parser::label() {
  const uint32_t position = token_.position;
  advance();
  if (token_.kind != TokenKind::variable) return unexpected("a label ($name)");
  const size_t mark = scope_.mark();
  Binding* binding = scope_.add_label(token_.text);
  advance();
  if (!expect_symbol("|")) return nullptr;
  Ast* body = query();
  scope_.restore(mark);
  if (body == nullptr) return nullptr;
  Ast* ast = make(AstKind::label, position, body);
  if (ast != nullptr) ast->binding = binding;
  return ast;
}

bool Parser::patterns(std::vector<Pattern*>& out) {
  const size_t mark = scope_.mark();
  do {
    // The variables of one alternative are those of the same name in the others.
    Pattern* one = pattern(mark);
    if (one == nullptr) return false;
    out.push_back(one);
  } while (take_symbol("?//"));
  return true;
}

Pattern* Parser::pattern(size_t mark) {
  Level level(*this);
  if (!level.fits()) {
    too_deep();
    return nullptr;
  }
  Pattern& one = arena_.patterns.emplace_back();
  if (token_.kind == TokenKind::variable) {
    one.variable = scope_.share_variable(token_.text, mark);
    advance();
    return &one;
  }
  if (take_symbol("[")) {
    one.kind = Pattern::Kind::array;
    do {
      Pattern* item = pattern(mark);
      if (item == nullptr) return nullptr;
      one.items.push_back(item);
    } while (take_symbol(","));
    return expect_symbol("]") ? &one : nullptr;
  }
  if (take_symbol("{")) {
    one.kind = Pattern::Kind::object;
    do {
      if (!pattern_member(one, mark)) return nullptr;
    } while (take_symbol(","));
    return expect_symbol("}") ? &one : nullptr;
  }
  unexpected("BINDING or '[' or '{'");
  return nullptr;
}

bool Parser::pattern_member(Pattern& one, size_t mark) {
  Pattern::Member member;
  const uint32_t position = token_.position;
  if (token_.kind == TokenKind::variable) {
    member.key = text_constant(position, std::string(token_.text));
    member.variable = scope_.share_variable(token_.text, mark);
    advance();
    if (!take_symbol(":")) {
      one.members.push_back(member);
      return true;
    }
  } else {
    if (token_.kind == TokenKind::identifier || token_.kind == TokenKind::keyword) {
      member.key = text_constant(position, std::string(token_.text));
      advance();
    } else if (token_.kind == TokenKind::quote) {
      member.key = string("text");
    } else if (take_symbol("(")) {
      member.key = query();
      if (member.key != nullptr && !expect_symbol(")")) return false;
    } else {
      unexpected("a key");
    }
    if (member.key == nullptr || !expect_symbol(":")) return false;
  }
  member.value = pattern(mark);
  if (member.value == nullptr) return false;
  one.members.push_back(member);
  return true;
}

}  // namespace hence::expr

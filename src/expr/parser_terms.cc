// SPDX-License-Identifier: Apache-2.0
// Operators, terms and their suffixes, and the words that begin a term.
#include "expr/parser_state.h"

namespace hence::expr {

namespace {

constexpr OperatorInfo kOperators[] = {
    {"//", 1, true, false},  {"=", 2, false, true},   {"|=", 2, false, true},
    {"+=", 2, false, true},  {"-=", 2, false, true},  {"*=", 2, false, true},
    {"/=", 2, false, true},  {"%=", 2, false, true},  {"//=", 2, false, true},
    {"or", 3, false, false}, {"and", 4, false, false}, {"==", 5, false, true},
    {"!=", 5, false, true},  {"<", 5, false, true},   {"<=", 5, false, true},
    {">", 5, false, true},   {">=", 5, false, true},  {"+", 6, false, false},
    {"-", 6, false, false},  {"*", 7, false, false},  {"/", 7, false, false},
    {"%", 7, false, false},
};
constexpr int kMultiplyLevel = 7;

const OperatorInfo* find_operator(const Token& token) {
  if (token.kind != TokenKind::symbol && token.kind != TokenKind::keyword) return nullptr;
  for (const OperatorInfo& info : kOperators) {
    if (info.text == token.text) return &info;
  }
  return nullptr;
}

BinaryOperator binary_operator(std::string_view text) {
  using enum BinaryOperator;
  static constexpr std::pair<std::string_view, BinaryOperator> kTable[] = {
      {"+", add},   {"-", subtract},   {"*", multiply},    {"/", divide},   {"%", modulo},
      {"==", equal}, {"!=", not_equal}, {"<", less},        {"<=", less_equal},
      {">", greater}, {">=", greater_equal}};
  for (const auto& [name, op] : kTable) {
    if (name == text) return op;
  }
  return add;
}

/// The number as JSON writes it: ".5", "5." and "007" become "0.5", "5" and "7".
std::string json_number(std::string_view text) {
  std::string out(text);
  size_t zeros = 0;
  while (zeros + 1 < out.size() && out[zeros] == '0' && out[zeros + 1] >= '0' && out[zeros + 1] <= '9') ++zeros;
  out.erase(0, zeros);
  if (out.front() == '.') out.insert(0, "0");
  if (const size_t dot = out.find('.'); dot != std::string::npos) {
    if (dot + 1 == out.size() || out[dot + 1] < '0' || out[dot + 1] > '9') out.erase(dot, 1);
  }
  return out;
}

}  // namespace

Ast* Parser::expression(int level_min) {
  Level level(*this);
  if (!level.fits()) return too_deep();
  Ast* left = unary();
  int single = -1;
  while (left != nullptr) {
    const OperatorInfo* info = find_operator(token_);
    if (info == nullptr || info->level < level_min) return left;
    if (info->single && info->level == single) return unexpected("the end of the expression");
    single = info->single ? info->level : -1;
    const uint32_t position = left->position;
    advance();
    Ast* right = expression(info->right ? info->level : info->level + 1);
    if (right == nullptr) return nullptr;
    left = combine(*info, position, left, right);
  }
  return nullptr;
}

Ast* Parser::combine(const OperatorInfo& info, uint32_t position, Ast* left, Ast* right) {
  if (info.level == 1) return make(AstKind::alternative, position, left, right);
  if (info.level == 3) return make(AstKind::logical_or, position, left, right);
  if (info.level == 4) return make(AstKind::logical_and, position, left, right);
  Ast* ast = make(info.level == 2 ? AstKind::assign : AstKind::binary, position, left, right);
  if (ast == nullptr) return nullptr;
  if (info.level != 2) {
    ast->op = static_cast<uint8_t>(binary_operator(info.text));
    return ast;
  }
  using enum AssignOperator;
  const AssignOperator assign = info.text == "=" ? set : info.text == "|=" ? update
                                : info.text == "//=" ? alternative : arithmetic;
  ast->assign = static_cast<uint8_t>(assign);
  if (assign == arithmetic) {
    ast->op = static_cast<uint8_t>(binary_operator(info.text.substr(0, 1)));
  }
  return ast;
}

Ast* Parser::unary() {
  Level level(*this);
  if (!level.fits()) return too_deep();
  const uint32_t position = token_.position;
  if (take_symbol("-")) {
    Ast* operand = expression(kMultiplyLevel);
    return operand == nullptr ? nullptr : make(AstKind::negate, position, operand);
  }
  return postfix();
}

Ast* Parser::try_operand() {
  Level level(*this);
  if (!level.fits()) return too_deep();
  const uint32_t position = token_.position;
  if (!take_symbol("-")) return postfix();
  Ast* operand = try_operand();
  return operand == nullptr ? nullptr : make(AstKind::negate, position, operand);
}

bool Parser::is_step(const Ast& ast) {
  return ast.kind == AstKind::field || ast.kind == AstKind::index ||
         ast.kind == AstKind::slice || ast.kind == AstKind::iterate;
}

Ast* Parser::postfix() {
  const bool parenthesized = is_symbol("(");
  Ast* const first = primary();
  Ast* term = first;
  while (term != nullptr) {
    const uint32_t position = token_.position;
    if (token_.kind == TokenKind::field) {
      Ast* key = text_constant(position, std::string(token_.text));
      advance();
      term = make(AstKind::field, position, term, key);
    } else if (is_symbol("[")) {
      term = bracket(term);
    } else if (is_symbol("?") || is_symbol("?//")) {
      // After a term, "?//" is "?" and "//": patterns alone have it as one.
      if (is_symbol("?")) {
        advance();
      } else {
        token_.text.remove_prefix(1);
        ++token_.position;
      }
      if (is_step(*term) && !(parenthesized && term == first)) {
        term->optional = true;
      } else {
        term = make(AstKind::try_catch, position, term);
      }
    } else if (is_symbol(".")) {
      advance();
      if (token_.kind == TokenKind::quote) {
        Ast* key = string("text");
        term = key == nullptr ? nullptr : make(AstKind::index, position, term, key);
      } else if (is_symbol("[")) {
        term = bracket(term);
      } else {
        return unexpected("a string or [ after .");
      }
    } else {
      return term;
    }
  }
  return nullptr;
}

Ast* Parser::bracket(Ast* term) {
  const uint32_t position = token_.position;
  advance();
  if (take_symbol("]")) return make(AstKind::iterate, position, term);
  if (take_symbol(":")) {
    Ast* to = query();
    return to == nullptr || !expect_symbol("]")
               ? nullptr
               : make(AstKind::slice, position, term, nullptr, to);
  }
  Ast* from = query();
  if (from == nullptr) return nullptr;
  if (take_symbol(":")) {
    if (take_symbol("]")) return make(AstKind::slice, position, term, from, nullptr);
    Ast* to = query();
    return to == nullptr || !expect_symbol("]") ? nullptr
                                                : make(AstKind::slice, position, term, from, to);
  }
  return expect_symbol("]") ? make(AstKind::index, position, term, from) : nullptr;
}

Ast* Parser::primary() {
  const uint32_t position = token_.position;
  switch (token_.kind) {
    case TokenKind::number: {
      std::string text = json_number(token_.text);
      advance();
      return json_constant(position, std::move(text));
    }
    case TokenKind::quote: return string("text");
    case TokenKind::format: return format();
    case TokenKind::field: {
      Ast* key = text_constant(position, std::string(token_.text));
      advance();
      return make(AstKind::field, position, make(AstKind::identity), key);
    }
    case TokenKind::variable: return variable();
    case TokenKind::identifier: return call();
    case TokenKind::keyword: return keyword();
    case TokenKind::symbol: return symbol();
    default: return unexpected("an expression");
  }
}

Ast* Parser::symbol() {
  const uint32_t position = token_.position;
  if (take_symbol("(")) {
    Ast* inner = query();
    return inner != nullptr && expect_symbol(")") ? inner : nullptr;
  }
  if (take_symbol("[")) {
    if (take_symbol("]")) return json_constant(position, "[]");
    Ast* inner = query();
    return inner != nullptr && expect_symbol("]") ? make(AstKind::array, position, inner)
                                                  : nullptr;
  }
  if (take_symbol("{")) return object(position);
  if (take_symbol("..")) return make(AstKind::recurse, position, nullptr);
  if (take_symbol(".")) {
    Ast* self = make(AstKind::identity);
    self->position = position;
    if (token_.kind != TokenKind::quote) return self;
    Ast* key = string("text");
    return key == nullptr ? nullptr : make(AstKind::index, position, self, key);
  }
  return unexpected("an expression");
}

Ast* Parser::keyword() {
  const uint32_t position = token_.position;
  if (take_word("if")) return condition(position);
  if (take_word("try")) {
    Ast* body = try_operand();
    Ast* handler = nullptr;
    if (body != nullptr && take_word("catch")) {
      handler = try_operand();
      if (handler == nullptr) return nullptr;
    }
    return body == nullptr ? nullptr : make(AstKind::try_catch, position, body, handler);
  }
  if (take_word("reduce")) return fold(AstKind::reduce, position);
  if (take_word("foreach")) return fold(AstKind::foreach, position);
  if (take_word("break")) {
    if (token_.kind != TokenKind::variable) return unexpected("a label ($name)");
    Binding* binding = scope_.find_label(token_.text);
    if (binding == nullptr) {
      return fail(position, "$*label-" + std::string(token_.text) + " is not defined");
    }
    advance();
    Ast* ast = make(AstKind::break_label, position, nullptr);
    ast->binding = binding;
    return ast;
  }
  if (is_word("import") || is_word("include") || is_word("module")) {
    return fail(position, std::string(token_.text) +
                              " is kept out: an expression reads nothing but what it is given");
  }
  return unexpected("an expression");
}

Ast* Parser::condition(uint32_t position) {
  Level level(*this);
  if (!level.fits()) return too_deep();
  Ast* test = query();
  if (test == nullptr || !expect_word("then")) return nullptr;
  Ast* then = query();
  if (then == nullptr) return nullptr;
  Ast* otherwise = nullptr;
  const uint32_t next = token_.position;
  if (take_word("elif")) {
    otherwise = condition(next);
    if (otherwise == nullptr) return nullptr;
  } else {
    if (take_word("else")) {
      otherwise = query();
      if (otherwise == nullptr) return nullptr;
    }
    if (!expect_word("end")) return nullptr;
  }
  return make(AstKind::condition, position, test, then, otherwise);
}

Ast* Parser::fold(AstKind kind, uint32_t position) {
  Ast* source = expression(0);
  if (source == nullptr || !expect_word("as")) return nullptr;
  Ast* ast = make(kind, position, source);
  const size_t mark = scope_.mark();
  if (ast == nullptr || !patterns(ast->patterns) || !expect_symbol("(")) return nullptr;
  // The first expression does not see the pattern's variables.
  const auto hidden = scope_.hide(mark);
  ast->b = query();
  scope_.show(hidden);
  if (ast->b == nullptr || !expect_symbol(";")) return nullptr;
  ast->c = query();
  if (ast->c == nullptr) return nullptr;
  if (kind == AstKind::foreach && take_symbol(";")) {
    ast->d = query();
    if (ast->d == nullptr) return nullptr;
  }
  scope_.restore(mark);
  return expect_symbol(")") ? grown(ast) : nullptr;
}

}  // namespace hence::expr

// SPDX-License-Identifier: Apache-2.0
// Strings with what they interpolate, formats, objects.
#include "expr/parser_state.h"

namespace hence::expr {

Ast* Parser::format() {
  const uint32_t position = token_.position;
  const std::string name(token_.text);
  static constexpr std::string_view kFormats[] = {
      "text", "json", "csv", "tsv", "html", "uri", "urid", "sh", "base64", "base64d", "base32", "base32d"};
  if (std::find(std::begin(kFormats), std::end(kFormats), name) == std::end(kFormats)) {
    return fail(position, name + " is not a valid format");
  }
  advance();
  if (token_.kind == TokenKind::quote) return string(name);
  Ast* ast = make(AstKind::format);
  ast->position = position;
  ast->text = name;
  return ast;
}

Ast* Parser::string(const std::string& format_name) {
  const uint32_t position = token_.position;
  std::vector<Ast*> parts;
  std::string text;
  for (;;) {
    const uint32_t from = lexer_.position();
    const Lexer::Piece piece = lexer_.read_string(text);
    if (piece == Lexer::Piece::unterminated) {
      return fail(position, "the string that begins here has no closing quote");
    }
    if (piece == Lexer::Piece::bad_escape) {
      return fail(from, "unknown escape in a string; known are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX and \\(…)");
    }
    if (piece == Lexer::Piece::closed) break;
    parts.push_back(text_constant(position, text));
    text.clear();
    advance();
    Ast* inner = query();
    if (inner == nullptr) return nullptr;
    parts.push_back(inner);
    if (!is_symbol(")")) return unexpected("\")\"");
  }
  advance();
  if (parts.empty()) return text_constant(position, std::move(text));
  parts.push_back(text_constant(position, std::move(text)));
  Ast* ast = make(AstKind::string);
  ast->position = position;
  ast->text = format_name;
  ast->items = std::move(parts);
  return grown(ast);
}

Ast* Parser::object(uint32_t position) {
  Ast* ast = make(AstKind::object);
  ast->position = position;
  if (take_symbol("}")) return json_constant(position, "{}");
  if (token_.kind == TokenKind::end) {
    return fail(position, "syntax error, unexpected end of the program, expecting \"}\"");
  }
  do {
    if (!object_member(ast)) return nullptr;
  } while (take_symbol(","));
  return expect_symbol("}") ? grown(ast) : nullptr;
}

bool Parser::object_member(Ast* ast) {
  const uint32_t position = token_.position;
  Ast* key = nullptr;
  Ast* short_value = nullptr;
  if (token_.kind == TokenKind::variable) {
    key = text_constant(position, std::string(token_.text));
    short_value = variable();
  } else if (token_.kind == TokenKind::identifier || token_.kind == TokenKind::keyword) {
    key = text_constant(position, std::string(token_.text));
    advance();
    short_value = make(AstKind::field, position, make(AstKind::identity), key);
  } else if (token_.kind == TokenKind::quote || token_.kind == TokenKind::format) {
    key = token_.kind == TokenKind::quote ? string("text") : format();
    if (key == nullptr) return false;
    short_value = make(AstKind::index, position, make(AstKind::identity), key);
  } else if (is_symbol("(")) {
    advance();
    key = query();
    if (key == nullptr || !expect_symbol(")") || !checked_key(key)) return false;
  } else if (token_.kind == TokenKind::number) {
    key = expression(0);
    if (key == nullptr) return false;
    if (key->kind == AstKind::constant) return checked_key(key);
    fail(position, "May need parentheses around object key expression");
    return false;
  }
  if (key == nullptr) {
    if (!error_) unexpected("an object key or \"}\"");
    return false;
  }
  Ast* value = short_value;
  if (is_symbol(":") || short_value == nullptr) {
    value = expect_symbol(":") ? object_value() : nullptr;
  }
  if (value == nullptr) return false;
  ast->items.push_back(key);
  ast->items.push_back(value);
  return true;
}

bool Parser::checked_key(Ast* key) {
  if (key->kind != AstKind::constant || key->is_string) return true;
  std::string_view type = "number";
  if (key->text == "null") type = "null";
  if (key->text == "true" || key->text == "false") type = "boolean";
  if (key->text.front() == '[') type = "array";
  if (key->text.front() == '{') type = "object";
  fail(key->position,
       "Cannot use " + std::string(type) + " (" + key->text + ") as object key");
  return false;
}

Ast* Parser::object_value() {
  const uint32_t position = token_.position;
  std::vector<Ast*> stages;
  do {
    Ast* stage = expression(0);
    if (stage == nullptr) return nullptr;
    stages.push_back(stage);
  } while (take_symbol("|"));
  return joined(AstKind::pipe, position, stages);
}

}  // namespace hence::expr

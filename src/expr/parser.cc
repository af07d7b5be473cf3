// SPDX-License-Identifier: Apache-2.0
// What the parser begins with, how it complains, and the nodes it makes.
#include "expr/parser.h"

#include "expr/parser_state.h"

namespace hence::expr {

Result<Ast*> Parser::program(const std::vector<std::string>& variables) {
  for (size_t i = 0; i < variables.size(); ++i) {
    scope_.add_variable(variables[i])->argument = static_cast<int>(i);
  }
  if (token_.kind == TokenKind::end) return make(AstKind::identity);
  Ast* ast = query();
  if (ast != nullptr && token_.kind != TokenKind::end) {
    ast = unexpected("the end of the program");
  }
  if (ast == nullptr) return *error_;
  return ast;
}

Result<std::vector<Definition*>> Parser::definitions() {
  std::vector<Definition*> all;
  while (token_.kind != TokenKind::end) {
    Definition* one = is_word("def") ? definition() : nullptr;
    if (one == nullptr) {
      if (!error_) unexpected("def");
      return *error_;
    }
    all.push_back(one);
  }
  return all;
}

Ast* Parser::fail(uint32_t position, std::string_view text) {
  if (!error_) error_ = error_at(source_, position, text);
  return nullptr;
}

Ast* Parser::unexpected(std::string_view expected) {
  std::string text = "syntax error, unexpected ";
  if (token_.kind == TokenKind::end) {
    text += "end of the program";
  } else {
    const std::string_view rest = source_.substr(token_.position);
    text += "\"" + std::string(rest.substr(0, std::max<size_t>(token_.text.size(), 1))) + "\"";
  }
  text += ", expecting ";
  text += expected;
  return fail(token_.position, text);
}

Ast* Parser::make(AstKind kind) {
  Ast& ast = arena_.nodes.emplace_back();
  ast.kind = kind;
  ast.position = token_.position;
  return &ast;
}

Ast* Parser::make(AstKind kind, uint32_t position, Ast* a, Ast* b, Ast* c) {
  Ast* ast = make(kind);
  ast->position = position;
  ast->a = a;
  ast->b = b;
  ast->c = c;
  return grown(ast);
}

Ast* Parser::text_constant(uint32_t position, std::string text) {
  Ast* ast = make(AstKind::constant);
  ast->position = position;
  ast->text = std::move(text);
  ast->is_string = true;
  return ast;
}

Ast* Parser::json_constant(uint32_t position, std::string text) {
  Ast* ast = text_constant(position, std::move(text));
  ast->is_string = false;
  return ast;
}

Ast* Parser::grown(Ast* ast) {
  uint32_t depth = 0;
  for (const Ast* child : {ast->a, ast->b, ast->c, ast->d}) {
    if (child != nullptr) depth = std::max(depth, child->depth);
  }
  for (const Ast* child : ast->items) {
    if (child != nullptr) depth = std::max(depth, child->depth);
  }
  ast->depth = depth + 1;
  return ast->depth > kProgramDepthMax ? too_deep() : ast;
}

Ast* Parser::too_deep() {
  return fail(token_.position, "the program is nested more than " +
                                   std::to_string(kProgramDepthMax) + " levels deep");
}

Result<Ast*> parse_program(std::string_view source, const std::vector<std::string>& variables,
                           const Library& library, Arena& arena) {
  return Parser(source, library, arena).program(variables);
}

Result<std::vector<Definition*>> parse_definitions(std::string_view source, const Library& library,
                                                   Arena& arena) {
  return Parser(source, library, arena).definitions();
}

std::string with_place(std::string_view source, uint32_t position, std::string_view text) {
  position = std::min(position, static_cast<uint32_t>(source.size()));
  const std::string_view before = source.substr(0, position);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n');
  const size_t column = position - (start == std::string_view::npos ? 0 : start + 1) + 1;
  std::string message;
  if (source.find('\n') != std::string_view::npos) message = "line " + std::to_string(line) + ", ";
  message += "column " + std::to_string(column) + ": ";
  message += text;
  return message;
}

Error error_at(std::string_view source, uint32_t position, std::string_view text) {
  return Error(ErrorCode::ExpressionInvalid, with_place(source, position, text));
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& names) {
  std::string best;
  size_t best_distance = name.size() <= 3 ? 2 : 3;
  if (name.size() > 64) return best;
  for (const std::string& candidate : names) {
    if (candidate.size() > 64) continue;
    // Edits, two letters changing places counting as one.
    std::vector<size_t> row(candidate.size() + 1);
    for (size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
    std::vector<size_t> above = row;
    std::vector<size_t> before = row;
    for (size_t i = 1; i <= name.size(); ++i) {
      before = std::exchange(above, row);
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t changed = above[j - 1] + (name[i - 1] == candidate[j - 1] ? 0 : 1);
        row[j] = std::min({above[j] + 1, row[j - 1] + 1, changed});
        if (i > 1 && j > 1 && name[i - 1] == candidate[j - 2] && name[i - 2] == candidate[j - 1]) {
          row[j] = std::min(row[j], before[j - 2] + 1);
        }
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace hence::expr

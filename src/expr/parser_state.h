// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parser at work: recursive descent along the grammar, a file for each part of it.
//
//   query       parser_query.cc      def, label, `as`, pipes and commas, patterns
//   expression  parser_terms.cc      operators, terms and their suffixes, if, try, reduce, foreach
//   names       parser_names.cc      variables, calls, what they mean
//   strings     parser_strings.cc    strings, formats, objects

#include <algorithm>
#include <optional>
#include <utility>

#include "expr/lexer.h"
#include "expr/parser.h"
#include "expr/scope.h"

namespace hence::expr {

struct OperatorInfo {
  std::string_view text;
  int level;
  bool right;   ///< associates to the right
  bool single;  ///< does not associate
};

class Parser {
 public:
  Parser(std::string_view source, const Library& library, Arena& arena)
      : source_(source), lexer_(source), library_(library), arena_(arena), scope_(arena) {
    advance();
  }
  Result<Ast*> program(const std::vector<std::string>& variables);
  Result<std::vector<Definition*>> definitions();

 private:
  // Tokens
  void advance() {
    end_ = lexer_.position();
    token_ = lexer_.next();
  }
  bool is_symbol(std::string_view text) const {
    return token_.kind == TokenKind::symbol && token_.text == text;
  }
  bool is_word(std::string_view text) const {
    return token_.kind == TokenKind::keyword && token_.text == text;
  }
  bool take_symbol(std::string_view text) {
    if (!is_symbol(text)) return false;
    advance();
    return true;
  }
  bool take_word(std::string_view text) {
    if (!is_word(text)) return false;
    advance();
    return true;
  }
  bool expect_symbol(std::string_view text) {
    if (take_symbol(text)) return true;
    unexpected(std::string("\"") + std::string(text) + "\"");
    return false;
  }
  bool expect_word(std::string_view text) {
    if (take_word(text)) return true;
    unexpected(text);
    return false;
  }

  // Errors
  Ast* fail(uint32_t position, std::string_view text);
  Ast* unexpected(std::string_view expected);

  // Nodes
  Ast* make(AstKind kind);
  Ast* make(AstKind kind, uint32_t position, Ast* a, Ast* b = nullptr, Ast* c = nullptr);
  Ast* text_constant(uint32_t position, std::string text);
  Ast* json_constant(uint32_t position, std::string text);
  /// Says how deep the tree below is; refuses what is too deep.
  Ast* grown(Ast* ast);
  Ast* too_deep();
  /// Counts nesting of the parser itself.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) { ++parser_.depth_; }
    ~Level() { --parser_.depth_; }
    bool fits() const { return parser_.depth_ <= kProgramDepthMax; }

   private:
    Parser& parser_;
  };

  // query
  Ast* query();
  Ast* joined(AstKind kind, uint32_t position, std::vector<Ast*>& items);
  /// takes_rest: the item reaches to the end of the query.
  Ast* query_item(bool& takes_rest);
  Ast* definition_and_rest();
  Definition* definition();
  bool parameters(Definition& one);
  Ast* label();

  // Patterns
  bool patterns(std::vector<Pattern*>& out);
  Pattern* pattern(size_t mark);
  bool pattern_member(Pattern& one, size_t mark);

  // Expressions
  Ast* expression(int level_min);
  Ast* combine(const OperatorInfo& info, uint32_t position, Ast* left, Ast* right);
  Ast* unary();
  /// What try and catch take: a term, or one negated.
  Ast* try_operand();
  static bool is_step(const Ast& ast);
  Ast* postfix();
  Ast* bracket(Ast* term);

  // Terms
  Ast* primary();
  Ast* symbol();
  Ast* keyword();
  Ast* condition(uint32_t position);
  Ast* fold(AstKind kind, uint32_t position);
  Ast* variable();
  Ast* location(uint32_t position);
  Ast* unknown_variable(uint32_t position, const std::string& name);
  Ast* call();
  bool resolve(Ast* ast);
  void unknown_function(const Ast& ast);

  // Strings and objects
  Ast* format();
  /// The token is the opening quote.
  Ast* string(const std::string& format_name);
  Ast* object(uint32_t position);
  bool object_member(Ast* ast);
  bool checked_key(Ast* key);
  Ast* object_value();

  std::string_view source_;
  Lexer lexer_;
  const Library& library_;
  Arena& arena_;
  Scope scope_;
  Token token_;
  uint32_t end_ = 0;
  uint32_t depth_ = 0;
  std::optional<Error> error_;
};

}  // namespace hence::expr

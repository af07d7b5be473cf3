// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cuts a jq program into tokens. A string is cut by the parser's asking for its pieces, because
// programs may stand inside it.

#include <cstdint>
#include <string>
#include <string_view>

namespace hence::expr {

enum class TokenKind : uint8_t {
  end, invalid, identifier, keyword, field, variable, number, quote, format, symbol,
};

struct Token {
  TokenKind kind = TokenKind::end;
  uint32_t position = 0;
  std::string_view text;  ///< name without "." or "$"; the symbol; the number; the keyword
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Token next();

  enum class Piece : uint8_t { closed, interpolation, unterminated, bad_escape };
  /// Reads on inside a string: appends its characters to text up to the closing quote or "\(".
  Piece read_string(std::string& text);

  uint32_t position() const { return at_; }

 private:
  void skip_blank();
  Token make(TokenKind kind, uint32_t from, uint32_t skip = 0);
  Token number_token(uint32_t from);
  bool read_escape(std::string& text);
  bool read_unicode(uint32_t& code_point);
  char peek(uint32_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  std::string_view source_;
  uint32_t at_ = 0;
};

bool is_keyword(std::string_view word);
void append_utf8(uint32_t code_point, std::string& out);

}  // namespace hence::expr

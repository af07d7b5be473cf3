// SPDX-License-Identifier: Apache-2.0
#include "expr/lexer.h"

#include <algorithm>
#include <array>

namespace hence::expr {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<std::string_view, 22> kKeywords = {
    "__loc__", "and", "as",  "break", "catch",  "def", "elif", "else",   "end",  "foreach", "if",
    "import",  "include", "label", "module", "or",  "reduce", "then", "try"};

constexpr std::array<std::string_view, 16> kSymbols = {
    "?//", "//=", "..", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "::"};

}  // namespace

bool is_keyword(std::string_view word) {
  return !word.empty() && std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
}

void append_utf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

/// White space and comments; an odd number of backslashes before a line's end carries a comment on.
void Lexer::skip_blank() {
  for (;;) {
    const char c = peek();
    if (at_ < source_.size() && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      ++at_;
    } else if (c == '#') {
      while (at_ < source_.size() && source_[at_] != '\n') {
        if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
          ++at_;
          if (peek() == '\r' && peek(1) == '\n') ++at_;
        }
        ++at_;
      }
      at_ = std::min(at_, static_cast<uint32_t>(source_.size()));
    } else {
      return;
    }
  }
}

Token Lexer::make(TokenKind kind, uint32_t from, uint32_t skip) {
  return {kind, from, source_.substr(from + skip, at_ - from - skip)};
}

Token Lexer::number_token(uint32_t from) {
  while (is_digit(peek())) ++at_;
  if (peek() == '.') {
    ++at_;
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    const uint32_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (is_digit(peek(1 + sign))) {
      at_ += 1 + sign;
      while (is_digit(peek())) ++at_;
    }
  }
  return make(TokenKind::number, from);
}

Token Lexer::next() {
  skip_blank();
  const uint32_t from = at_;
  if (at_ >= source_.size()) return {TokenKind::end, from, {}};
  const char c = peek();
  if (c == '"') {
    ++at_;
    return make(TokenKind::quote, from);
  }
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number_token(from);
  if (is_letter(c)) {
    while (is_letter(peek()) || is_digit(peek()) ||
           (peek() == ':' && peek(1) == ':' && is_letter(peek(2)))) {
      at_ += peek() == ':' ? 2 : 1;
    }
    Token token = make(TokenKind::identifier, from);
    if (is_keyword(token.text)) token.kind = TokenKind::keyword;
    return token;
  }
  if ((c == '.' || c == '@' || c == '$') && is_letter(peek(1))) {
    ++at_;
    while (is_letter(peek()) || is_digit(peek()) || (c == '$' && peek() == ':' && peek(1) == ':' && is_letter(peek(2)))) {
      at_ += peek() == ':' ? 2 : 1;
    }
    return make(c == '.' ? TokenKind::field : c == '@' ? TokenKind::format : TokenKind::variable,
                from, 1);
  }
  for (const std::string_view symbol : kSymbols) {
    if (!symbol.empty() && source_.substr(at_).starts_with(symbol)) {
      at_ += static_cast<uint32_t>(symbol.size());
      return make(TokenKind::symbol, from);
    }
  }
  ++at_;
  const bool known = std::string_view(".?=;,:|+-*/%$<>()[]{}").find(c) != std::string_view::npos;
  return make(known ? TokenKind::symbol : TokenKind::invalid, from);
}

bool Lexer::read_unicode(uint32_t& code_point) {
  code_point = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = peek();
    uint32_t digit = 0;
    if (is_digit(c)) digit = static_cast<uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f') digit = static_cast<uint32_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') digit = static_cast<uint32_t>(c - 'A' + 10);
    else return false;
    code_point = code_point * 16 + digit;
    ++at_;
  }
  return true;
}

bool Lexer::read_escape(std::string& text) {
  const char c = peek();
  ++at_;
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (const size_t i = kNames.find(c); i != std::string_view::npos) {
    text.push_back(kMeant[i]);
    return true;
  }
  if (c != 'u') return false;
  uint32_t code_point = 0;
  if (!read_unicode(code_point)) return false;
  if (code_point >= 0xD800 && code_point < 0xDC00 && peek() == '\\' && peek(1) == 'u') {
    const uint32_t before = at_;
    at_ += 2;
    uint32_t low = 0;
    if (!read_unicode(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) {
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = before;
    }
  }
  if (code_point >= 0xD800 && code_point < 0xE000) code_point = 0xFFFD;
  append_utf8(code_point, text);
  return true;
}

Lexer::Piece Lexer::read_string(std::string& text) {
  while (at_ < source_.size()) {
    const char c = source_[at_++];
    if (c == '"') return Piece::closed;
    if (c != '\\') {
      text.push_back(c);
      continue;
    }
    if (peek() == '(') {
      ++at_;
      return Piece::interpolation;
    }
    if (!read_escape(text)) return Piece::bad_escape;
  }
  return Piece::unterminated;
}

}  // namespace hence::expr

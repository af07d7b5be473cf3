// SPDX-License-Identifier: Apache-2.0

// Text to tree, by precedence climbing. From loosest: AND OR XOR; comparisons; + -; * / %; IN, LIKE;
// unary - and NOT; atoms. An integer literal takes its sign with it: `4-1` is two literals.

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "filter/case_fold.h"
#include "filter/cesql_code.h"

namespace hence::filter {

namespace {

enum class TokenKind : uint8_t { end, word, integer, string, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  ///< of a string, unescaped; of a word as written
  size_t column = 1;
  size_t end = 0;    ///< one past its last byte
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Error error_at(size_t column, std::string_view what) {
  return Error(ErrorCode::ExpressionInvalid,
               "column " + std::to_string(column) + ": " + std::string(what));
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> all() {
    std::vector<Token> out;
    while (true) {
      while (at_ < source_.size() && is_space(source_[at_])) ++at_;
      HENCE_TRY(Token token, next());
      token.end = at_;
      out.push_back(std::move(token));
      if (out.back().kind == TokenKind::end) return out;
    }
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  Result<Token> next() {
    Token token;
    token.column = at_ + 1;
    if (at_ == source_.size()) return token;
    const char c = peek();
    const bool has_sign = (c == '-' || c == '+') && is_digit(peek(1));
    if (is_digit(c) || is_letter(c) || has_sign) {
      word(token, has_sign);
      return token;
    }
    if (c == '\'' || c == '"') return string(std::move(token));
    for (const std::string_view symbol : {"<=", ">=", "<>", "!=", "<", ">", "=", "(", ")", ",", "+",
                                          "-", "*", "/", "%"}) {
      if (!source_.substr(at_).starts_with(symbol)) continue;
      token.kind = TokenKind::symbol;
      token.text = symbol;
      at_ += symbol.size();
      return token;
    }
    return error_at(token.column, "unexpected character \"" + std::string(character()) + "\"");
  }

  /// The character here, with all its bytes in UTF-8.
  std::string_view character() const {
    size_t size = 1;
    while (size < 4 && (static_cast<unsigned char>(peek(size)) & 0xC0u) == 0x80) ++size;
    return source_.substr(at_, size);
  }

  void word(Token& token, bool has_sign) {
    const size_t begin = at_;
    at_ += has_sign ? 1 : 0;
    bool digits = true;
    while (is_digit(peek()) || (!has_sign && (is_letter(peek()) || peek() == '_'))) {
      digits = digits && is_digit(peek());
      ++at_;
    }
    token.kind = digits ? TokenKind::integer : TokenKind::word;
    token.text = source_.substr(begin, at_ - begin);
  }

  /// A quote inside is written \' or doubled; every other backslash stays as it is.
  Result<Token> string(Token token) {
    const char quote = peek();
    token.kind = TokenKind::string;
    for (++at_; at_ < source_.size(); ++at_) {
      const char c = peek();
      if (c == '\\' && at_ + 1 < source_.size()) {
        if (peek(1) != quote) token.text.push_back(c);
        token.text.push_back(peek(1));
        ++at_;
      } else if (c != quote) {
        token.text.push_back(c);
      } else if (peek(1) == quote) {
        token.text.push_back(c);
        ++at_;
      } else {
        ++at_;
        return token;
      }
    }
    return error_at(token.column, "the string that begins here does not end");
  }

  std::string_view source_;
  size_t at_ = 0;
};

struct BinaryOperator {
  std::string_view text;
  int precedence;
  CesqlOp op;
};
constexpr BinaryOperator kBinaryOperators[] = {
    {"AND", 1, CesqlOp::logic_and},    {"OR", 1, CesqlOp::logic_or},
    {"XOR", 1, CesqlOp::logic_xor},    {"=", 2, CesqlOp::equal},
    {"!=", 2, CesqlOp::not_equal},     {"<>", 2, CesqlOp::not_equal},
    {"<", 2, CesqlOp::less},           {"<=", 2, CesqlOp::less_equal},
    {">", 2, CesqlOp::greater},        {">=", 2, CesqlOp::greater_equal},
    {"+", 3, CesqlOp::add},            {"-", 3, CesqlOp::subtract},
    {"*", 4, CesqlOp::multiply},       {"/", 4, CesqlOp::divide},
    {"%", 4, CesqlOp::modulo},
};

std::vector<LikePiece> like_pieces(std::string_view pattern) {
  std::vector<LikePiece> out;
  const auto text = [&](char c) {
    if (out.empty() || out.back().kind != LikePiece::Kind::text) out.emplace_back();
    out.back().text.push_back(c);
  };
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const bool escapes = c == '\\' && i + 1 < pattern.size() &&
                         (pattern[i + 1] == '%' || pattern[i + 1] == '_');
    if (escapes) {
      text(pattern[++i]);
    } else if (c == '%') {
      if (out.empty() || out.back().kind != LikePiece::Kind::run) {
        out.push_back({LikePiece::Kind::run, ""});
      }
    } else if (c == '_') {
      out.push_back({LikePiece::Kind::one, ""});
    } else {
      text(c);
    }
  }
  return out;
}

void name_attribute(CesqlNode& node, std::string_view name) {
  node.text = folded(name);
  node.is_data = node.text == "data";
  node.key_hash = json::key_hash(node.text.data(), node.text.size());
}

bool is_operator_word(std::string_view word) {
  const std::string upper = raised(word);
  for (const std::string_view known : {"AND", "OR", "XOR", "NOT", "LIKE", "IN", "EXISTS"}) {
    if (upper == known) return true;
  }
  return false;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, Cesql::Code& code) : tokens_(std::move(tokens)), code_(code) {}

  Status parse() {
    HENCE_TRY(code_.root, expression(1));
    if (here().kind != TokenKind::end) return unexpected("an operator or the end");
    return {};
  }

 private:
  const Token& here() const { return tokens_[at_]; }
  bool is_keyword(const Token& token, std::string_view word) const {
    return token.kind == TokenKind::word && folded(token.text) == folded(word);
  }
  bool is_symbol(std::string_view symbol) const {
    return here().kind == TokenKind::symbol && here().text == symbol;
  }
  bool take_keyword(std::string_view word) {
    if (!is_keyword(here(), word)) return false;
    ++at_;
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    ++at_;
    return true;
  }
  Error unexpected(std::string_view wanted) const {
    const std::string found = here().kind == TokenKind::end ? "the end" : "\"" + here().text + "\"";
    return error_at(here().column, "expected " + std::string(wanted) + ", found " + found);
  }

  Result<uint32_t> expression(int precedence);
  Result<uint32_t> postfix();
  Result<uint32_t> unary();
  Result<uint32_t> atom();
  Result<uint32_t> call(Token name);
  Result<uint32_t> integer(const Token& token);
  Result<std::vector<uint32_t>> list(bool may_be_empty);
  Result<uint32_t> add(CesqlNode node, const std::vector<uint32_t>& children);
  /// Notes that a node is written from the token `first` to the last one taken.
  void mark(uint32_t node, size_t first) {
    code_.nodes[node].source_begin = static_cast<uint32_t>(tokens_[first].column - 1);
    code_.nodes[node].source_end = static_cast<uint32_t>(tokens_[at_ - 1].end);
  }
  std::optional<BinaryOperator> binary_operator() const;
  static bool is_reserved(const Token& token) {
    return token.kind == TokenKind::word && is_operator_word(token.text);
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t open_ = 0;  // nested calls of unary()
  Cesql::Code& code_;
};

Result<uint32_t> Parser::add(CesqlNode node, const std::vector<uint32_t>& children) {
  node.first_child = static_cast<uint32_t>(code_.children.size());
  node.child_count = static_cast<uint32_t>(children.size());
  for (const uint32_t child : children) {
    node.depth = std::max(node.depth, code_.nodes[child].depth + 1);
  }
  if (node.depth > kCesqlDepthMax) {
    return error_at(here().column, "more than " + std::to_string(kCesqlDepthMax) +
                                       " operators inside each other; use IN or split the filter");
  }
  code_.children.insert(code_.children.end(), children.begin(), children.end());
  code_.nodes.push_back(std::move(node));
  return static_cast<uint32_t>(code_.nodes.size() - 1);
}

std::optional<BinaryOperator> Parser::binary_operator() const {
  for (const BinaryOperator& op : kBinaryOperators) {
    const bool word = is_letter(op.text.front());
    if (word ? is_keyword(here(), op.text) : is_symbol(op.text)) return op;
  }
  return std::nullopt;
}

Result<uint32_t> Parser::expression(int precedence) {
  const size_t first = at_;
  HENCE_TRY(uint32_t left, postfix());
  mark(left, first);
  while (true) {
    const auto op = binary_operator();
    if (!op || op->precedence < precedence) return left;
    ++at_;
    HENCE_TRY(const uint32_t right, expression(op->precedence + 1));
    CesqlNode node;
    node.op = op->op;
    HENCE_TRY(left, add(std::move(node), {left, right}));
    mark(left, first);
  }
}

Result<uint32_t> Parser::postfix() {
  HENCE_TRY(uint32_t left, unary());
  while (true) {
    const bool negated = is_keyword(here(), "NOT") && (is_keyword(tokens_[at_ + 1], "LIKE") ||
                                                       is_keyword(tokens_[at_ + 1], "IN"));
    if (negated) ++at_;
    CesqlNode node;
    node.negated = negated;
    if (take_keyword("LIKE")) {
      if (here().kind != TokenKind::string) return unexpected("a string literal after LIKE");
      node.op = CesqlOp::like;
      node.pattern = like_pieces(here().text);
      ++at_;
      HENCE_TRY(left, add(std::move(node), {left}));
    } else if (take_keyword("IN")) {
      if (!take_symbol("(")) return unexpected("( after IN");
      HENCE_TRY(std::vector<uint32_t> children, list(false));
      children.insert(children.begin(), left);
      node.op = CesqlOp::in;
      HENCE_TRY(left, add(std::move(node), children));
    } else {
      return left;
    }
  }
}

Result<uint32_t> Parser::unary() {
  if (open_ >= kCesqlDepthMax) {
    return error_at(here().column, "nested more than " + std::to_string(kCesqlDepthMax) + " deep");
  }
  ++open_;
  Result<uint32_t> out = uint32_t{0};
  CesqlNode node;
  if (take_keyword("NOT") || take_symbol("-")) {
    const Token& taken = tokens_[at_ - 1];
    node.op = taken.kind == TokenKind::symbol ? CesqlOp::negate : CesqlOp::logic_not;
    HENCE_TRY(const uint32_t operand, unary());
    out = add(std::move(node), {operand});
  } else if (take_keyword("EXISTS")) {
    if (here().kind != TokenKind::word) return unexpected("an attribute name after EXISTS");
    node.op = CesqlOp::exists;
    name_attribute(node, here().text);
    ++at_;
    out = add(std::move(node), {});
  } else {
    out = atom();
  }
  --open_;
  return out;
}

Result<uint32_t> Parser::atom() {
  const Token token = here();
  CesqlNode node;
  if (take_symbol("(")) {
    HENCE_TRY(const uint32_t inner, expression(1));
    if (!take_symbol(")")) return unexpected(")");
    return inner;
  }
  if (token.kind == TokenKind::end || token.kind == TokenKind::symbol || is_reserved(token)) {
    return unexpected("a value");
  }
  ++at_;
  switch (token.kind) {
    case TokenKind::integer:
      return integer(token);
    case TokenKind::string:
      node.literal_type = CesqlType::string;
      node.text = token.text;
      return add(std::move(node), {});
    default:
      break;
  }
  if (is_symbol("(")) return call(token);
  if (is_keyword(token, "TRUE") || is_keyword(token, "FALSE")) {
    node.literal_type = CesqlType::boolean;
    node.integer = is_keyword(token, "TRUE") ? 1 : 0;
    return add(std::move(node), {});
  }
  if (token.text.find('_') != std::string::npos) {
    return error_at(token.column, "attribute names hold letters and digits only");
  }
  node.op = CesqlOp::attribute;
  name_attribute(node, token.text);
  return add(std::move(node), {});
}

Result<uint32_t> Parser::integer(const Token& token) {
  std::string_view digits = token.text;
  if (digits.front() == '+') digits.remove_prefix(1);
  CesqlNode node;
  node.literal_type = CesqlType::integer;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), node.integer);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return error_at(token.column, token.text + " is beyond 32 bits");
  }
  return add(std::move(node), {});
}

Result<std::vector<uint32_t>> Parser::list(bool may_be_empty) {
  std::vector<uint32_t> out;
  if (may_be_empty && take_symbol(")")) return out;
  while (true) {
    HENCE_TRY(const uint32_t item, expression(1));
    out.push_back(item);
    if (take_symbol(")")) return out;
    if (!take_symbol(",")) return unexpected(", or )");
  }
}

Result<uint32_t> Parser::call(Token name) {
  ++at_;  // the bracket
  HENCE_TRY(const std::vector<uint32_t> arguments, list(true));
  CesqlNode node;
  node.op = CesqlOp::call;
  const auto arity = static_cast<uint32_t>(arguments.size());
  node.function = find_cesql_function(name.text, arity);
  if (node.function == nullptr) node.user = code_.functions.find(name.text, arity);
  node.text = std::move(name.text);
  return add(std::move(node), arguments);
}

}  // namespace

bool is_cesql_keyword(std::string_view word) {
  const std::string upper = raised(word);
  return is_operator_word(upper) || upper == "TRUE" || upper == "FALSE";
}

Result<Cesql> Cesql::parse(std::string_view source, const CesqlFunctions& functions) {
  if (source.size() > kCesqlBytesMax) {
    return Error(ErrorCode::ExpressionInvalid,
                 "longer than " + std::to_string(kCesqlBytesMax) + " bytes");
  }
  HENCE_TRY(std::vector<Token> tokens, Lexer(source).all());
  auto code = std::make_shared<Code>();
  code->source = std::string(source);
  code->functions = functions;
  HENCE_TRY_VOID(Parser(std::move(tokens), *code).parse());
  return Cesql(std::move(code));
}

}  // namespace hence::filter

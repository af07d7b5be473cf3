// SPDX-License-Identifier: Apache-2.0
#include "expr/parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "expr/lexer.h"
#include "expr/scope.h"
#include "json/write.h"

namespace hence::expr {

namespace {

struct OperatorInfo {
  std::string_view text;
  int level;
  bool right;      ///< associates to the right
  bool single;     ///< does not associate
};
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

class Parser {
 public:
  Parser(std::string_view source, const Library& library, Arena& arena)
      : source_(source), lexer_(source), library_(library), arena_(arena), scope_(arena) {
    advance();
  }

  Result<Ast*> program(const std::vector<std::string>& variables) {
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

  Result<std::vector<Definition*>> definitions() {
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

 private:
  // Tokens -------------------------------------------------------------------------------------
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

  // Errors -------------------------------------------------------------------------------------
  Ast* fail(uint32_t position, std::string_view text) {
    if (!error_) error_ = error_at(source_, position, text);
    return nullptr;
  }
  Ast* unexpected(std::string_view expected) {
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

  // Nodes --------------------------------------------------------------------------------------
  Ast* make(AstKind kind) {
    Ast& ast = arena_.nodes.emplace_back();
    ast.kind = kind;
    ast.position = token_.position;
    return &ast;
  }
  Ast* make(AstKind kind, uint32_t position, Ast* a, Ast* b = nullptr, Ast* c = nullptr) {
    Ast* ast = make(kind);
    ast->position = position;
    ast->a = a;
    ast->b = b;
    ast->c = c;
    return grown(ast);
  }
  Ast* text_constant(uint32_t position, std::string text) {
    Ast* ast = make(AstKind::constant);
    ast->position = position;
    ast->text = std::move(text);
    ast->is_string = true;
    return ast;
  }
  Ast* json_constant(uint32_t position, std::string text) {
    Ast* ast = text_constant(position, std::move(text));
    ast->is_string = false;
    return ast;
  }
  /// Says how deep the tree below is; refuses what is too deep.
  Ast* grown(Ast* ast) {
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
  Ast* too_deep() {
    return fail(token_.position, "the program is nested more than " +
                                     std::to_string(kProgramDepthMax) + " levels deep");
  }

  /// Counts nesting of the parser itself.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) { ++parser_.depth_; }
    ~Level() { --parser_.depth_; }
    bool fits() const { return parser_.depth_ <= kProgramDepthMax; }

   private:
    Parser& parser_;
  };

  // query := (def | label | expr [as patterns | query] (, …)* [| query]) -------------------------
  Ast* query() {
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

  Ast* joined(AstKind kind, uint32_t position, std::vector<Ast*>& items) {
    if (items.size() == 1) return items[0];
    Ast* ast = make(kind);
    ast->position = position;
    ast->items = items;
    return grown(ast);
  }

  /// takes_rest: the item reaches to the end of the query.
  Ast* query_item(bool& takes_rest) {
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

  Ast* definition_and_rest() {
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

  Definition* definition() {
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

  bool parameters(Definition& one) {
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

  Ast* label() {
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

  // Patterns -----------------------------------------------------------------------------------
  bool patterns(std::vector<Pattern*>& out) {
    const size_t mark = scope_.mark();
    do {
      // The variables of one alternative are those of the same name in the others.
      Pattern* one = pattern(mark);
      if (one == nullptr) return false;
      out.push_back(one);
    } while (take_symbol("?//"));
    return true;
  }

  Pattern* pattern(size_t mark) {
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

  bool pattern_member(Pattern& one, size_t mark) {
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

  // Expressions --------------------------------------------------------------------------------
  Ast* expression(int level_min) {
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

  Ast* combine(const OperatorInfo& info, uint32_t position, Ast* left, Ast* right) {
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

  Ast* unary() {
    Level level(*this);
    if (!level.fits()) return too_deep();
    const uint32_t position = token_.position;
    if (take_symbol("-")) {
      Ast* operand = expression(kMultiplyLevel);
      return operand == nullptr ? nullptr : make(AstKind::negate, position, operand);
    }
    return postfix();
  }

  /// What try and catch take: a term, or one negated.
  Ast* try_operand() {
    Level level(*this);
    if (!level.fits()) return too_deep();
    const uint32_t position = token_.position;
    if (!take_symbol("-")) return postfix();
    Ast* operand = try_operand();
    return operand == nullptr ? nullptr : make(AstKind::negate, position, operand);
  }

  static bool is_step(const Ast& ast) {
    return ast.kind == AstKind::field || ast.kind == AstKind::index ||
           ast.kind == AstKind::slice || ast.kind == AstKind::iterate;
  }

  Ast* postfix() {
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

  Ast* bracket(Ast* term) {
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

  // Terms --------------------------------------------------------------------------------------
  Ast* primary() {
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

  Ast* symbol() {
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

  Ast* keyword() {
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

  Ast* condition(uint32_t position) {
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

  Ast* fold(AstKind kind, uint32_t position) {
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

  Ast* variable() {
    const uint32_t position = token_.position;
    const std::string name(token_.text);
    advance();
    if (name == "__loc__") return location(position);
    Binding* binding = scope_.find_variable(name);
    if (binding == nullptr) return unknown_variable(position, name);
    Ast* ast = make(AstKind::variable, position, nullptr);
    ast->binding = binding;
    return ast;
  }

  Ast* location(uint32_t position) {
    const auto line = 1 + std::count(source_.begin(), source_.begin() + position, '\n');
    return json_constant(position,
                         "{\"file\":\"<top-level>\",\"line\":" + std::to_string(line) + "}");
  }

  Ast* unknown_variable(uint32_t position, const std::string& name) {
    if (name == "ENV") {
      return fail(position, "$ENV is kept out: an expression does not see the environment");
    }
    if (name == "JQ_BUILD_CONFIGURATION" || name == "__prog_args") {
      return fail(position, "$" + name + " is kept out: there is no jq program around this expression");
    }
    std::string text = "unknown variable $" + name;
    const std::string near = nearest_name(name, scope_.variable_names());
    if (!near.empty()) text += "; did you mean $" + near + "?";
    return fail(position, text);
  }

  Ast* call() {
    const uint32_t position = token_.position;
    const std::string name(token_.text);
    advance();
    std::vector<Ast*> arguments;
    if (take_symbol("(")) {
      do {
        Ast* argument = query();
        if (argument == nullptr) return nullptr;
        arguments.push_back(argument);
      } while (take_symbol(";"));
      if (!expect_symbol(")")) return nullptr;
    }
    Ast* ast = make(AstKind::call);
    ast->position = position;
    ast->text = name;
    ast->items = std::move(arguments);
    return resolve(ast) ? grown(ast) : nullptr;
  }

  bool resolve(Ast* ast) {
    const size_t arity = ast->items.size();
    if (const auto* found = scope_.find_function(ast->text, arity)) {
      ast->definition = found->definition;
      if (found->is_parameter) {
        ast->kind = AstKind::parameter;
        ast->parameter = found->parameter;
      } else if (ast->definition->open) {
        ast->definition->recursive = true;
      }
      return true;
    }
    if (arity == 0 && (ast->text == "true" || ast->text == "false" || ast->text == "null")) {
      ast->kind = AstKind::constant;
      return true;
    }
    ast->definition = library_.find_definition(ast->text, arity);
    if (ast->definition != nullptr) return true;
    ast->native = library_.find_native(ast->text, arity);
    if (ast->native >= 0) return true;
    const std::string_view reason = library_.kept_out(ast->text, arity);
    if (!reason.empty()) {
      fail(ast->position, ast->text + " is kept out: " + std::string(reason));
    } else if (ast->text.find("::") != std::string::npos) {
      fail(ast->position, ast->text + ": modules are kept out; an expression stands by itself");
    } else {
      unknown_function(*ast);
    }
    return false;
  }

  void unknown_function(const Ast& ast) {
    std::string text = ast.text + "/" + std::to_string(ast.items.size()) + " is not defined";
    std::vector<std::string> names = library_.names();
    scope_.function_names(names);
    const std::string near = nearest_name(ast.text, names);
    if (near == ast.text) {
      text += "; " + near + " takes another number of arguments";
    } else if (!near.empty()) {
      text += "; did you mean " + near + "?";
    }
    fail(ast.position, text);
  }

  // Strings and objects ------------------------------------------------------------------------
  Ast* format() {
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

  /// The token is the opening quote.
  Ast* string(const std::string& format_name) {
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

  Ast* object(uint32_t position) {
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

  bool object_member(Ast* ast) {
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

  bool checked_key(Ast* key) {
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

  Ast* object_value() {
    const uint32_t position = token_.position;
    std::vector<Ast*> stages;
    do {
      Ast* stage = expression(0);
      if (stage == nullptr) return nullptr;
      stages.push_back(stage);
    } while (take_symbol("|"));
    return joined(AstKind::pipe, position, stages);
  }

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

}  // namespace

Result<Ast*> parse_program(std::string_view source, const std::vector<std::string>& variables,
                           const Library& library, Arena& arena) {
  return Parser(source, library, arena).program(variables);
}

Result<std::vector<Definition*>> parse_definitions(std::string_view source, const Library& library,
                                                   Arena& arena) {
  return Parser(source, library, arena).definitions();
}

Error error_at(std::string_view source, uint32_t position, std::string_view text) {
  position = std::min(position, static_cast<uint32_t>(source.size()));
  const std::string_view before = source.substr(0, position);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n');
  const size_t column = position - (start == std::string_view::npos ? 0 : start + 1) + 1;
  std::string message;
  if (source.find('\n') != std::string_view::npos) message = "line " + std::to_string(line) + ", ";
  message += "column " + std::to_string(column) + ": ";
  message += text;
  return Error(ErrorCode::ExpressionInvalid, std::move(message));
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

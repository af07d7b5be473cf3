// SPDX-License-Identifier: Apache-2.0
// Variables and calls, and what their names stand for.
#include "expr/parser_state.h"

namespace hence::expr {

Ast* Parser::variable() {
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

Ast* Parser::location(uint32_t position) {
  const auto line = 1 + std::count(source_.begin(), source_.begin() + position, '\n');
  return json_constant(position,
                       "{\"file\":\"<top-level>\",\"line\":" + std::to_string(line) + "}");
}

Ast* Parser::unknown_variable(uint32_t position, const std::string& name) {
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

Ast* Parser::call() {
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

bool Parser::resolve(Ast* ast) {
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

void Parser::unknown_function(const Ast& ast) {
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

}  // namespace hence::expr

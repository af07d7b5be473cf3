// SPDX-License-Identifier: Apache-2.0
#pragma once

// Program text to Ast, by precedence; every name is looked up on the way. Nesting is bounded.

#include <string>
#include <string_view>
#include <vector>

#include "expr/ast.h"

namespace hence::expr {

inline constexpr uint32_t kProgramDepthMax = 1'000;

/// The functions a program finds without defining them.
class Library {
 public:
  virtual ~Library() = default;
  /// Number of the builtin written in C++, or -1.
  virtual int find_native(std::string_view name, size_t arity) const = 0;
  virtual Definition* find_definition(std::string_view name, size_t arity) const = 0;
  /// Why a name of jq is kept out; empty if it is not.
  virtual std::string_view kept_out(std::string_view name, size_t arity) const = 0;
  virtual std::vector<std::string> names() const = 0;
};

/// Parses a whole program; variables are the names given from outside.
/// Errors: ExpressionInvalid, with line and column.
Result<Ast*> parse_program(std::string_view source, const std::vector<std::string>& variables,
                           const Library& library, Arena& arena);

/// Parses definitions one after another, each seeing itself and those before: the prelude.
Result<std::vector<Definition*>> parse_definitions(std::string_view source, const Library& library,
                                                   Arena& arena);

/// "column 7: text", with the line too if source has several.
std::string with_place(std::string_view source, uint32_t position, std::string_view text);
/// The same as ExpressionInvalid.
Error error_at(std::string_view source, uint32_t position, std::string_view text);

/// The nearest of names to name by edits, if near enough; else empty.
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

}  // namespace hence::expr

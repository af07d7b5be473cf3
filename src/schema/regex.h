// SPDX-License-Identifier: Apache-2.0
#pragma once

// Regular expressions of ECMA-262 with the u flag, as JSON Schema's `pattern` means them: searched
// anywhere in a string, no flags, no captures given back.
//
//   text ─ parse (regex_syntax) ─► tree ┬─ automaton (regex_automaton): one table look-up a byte
//                                       └─ Oniguruma (regex_onig): look-around, references, \p{…}
//
// The automaton takes time linear in the string; Oniguruma is held by a limit on retries.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hence::schema {

enum class Match : uint8_t { no, yes, gave_up };

class Automaton;
class Backtracker;

class Regex {
 public:
  /// Errors: SchemaInvalid with the column and what is wrong.
  static Result<Regex> compile(std::string_view pattern);

  /// Whether the pattern is found in text, which is UTF-8. gave_up: the matcher's bound was reached.
  Match search(std::string_view text) const;

  const std::string& pattern() const { return pattern_; }
  /// Whether a search is one pass over the string whatever the pattern.
  bool linear() const { return automaton_ != nullptr; }

 private:
  std::string pattern_;
  std::shared_ptr<const Automaton> automaton_;
  std::shared_ptr<const Backtracker> backtracker_;
};

/// Whether text is a regular expression of ECMA-262.
bool is_regex(std::string_view text);

}  // namespace hence::schema

// SPDX-License-Identifier: Apache-2.0
#include "schema/regex.h"

#include "schema/regex_automaton.h"
#include "schema/regex_onig.h"
#include "schema/regex_syntax.h"

namespace hence::schema {

Result<Regex> Regex::compile(std::string_view pattern) {
  HENCE_TRY(const RegexTree tree, parse_regex(pattern));
  Regex regex;
  regex.pattern_ = pattern;
  if (tree.regular) regex.automaton_ = Automaton::build(tree);
  if (regex.automaton_ == nullptr) {
    HENCE_TRY(regex.backtracker_, Backtracker::build(tree));
  }
  return regex;
}

Match Regex::search(std::string_view text) const {
  return automaton_ != nullptr ? automaton_->search(text) : backtracker_->search(text);
}

bool is_regex(std::string_view text) { return parse_regex(text).ok(); }

}  // namespace hence::schema

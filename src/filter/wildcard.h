// SPDX-License-Identifier: Apache-2.0
#pragma once

// `wildcard` patterns: `*` stands for any run of characters, `\*` and `\\` for themselves. A pattern
// is the literal pieces between its stars; each middle piece is taken at its first place after the
// one before, which is enough and costs at most size of text × size of pattern.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::filter {

class Wildcard {
 public:
  /// Errors: PatternInvalid, naming the character (two stars in a row, an unknown escape).
  static Result<Wildcard> parse(std::string_view pattern);

  bool matches(std::string_view text) const;
  /// The pattern as it was written.
  std::string to_string() const;

  /// What every matching text begins and ends with; both are the whole text if there is no star.
  const std::string& prefix() const { return pieces_.front(); }
  const std::string& suffix() const { return pieces_.back(); }
  bool is_literal() const { return pieces_.size() == 1; }

 private:
  std::vector<std::string> pieces_;  // at least one; n stars make n + 1 pieces
};

}  // namespace hence::filter

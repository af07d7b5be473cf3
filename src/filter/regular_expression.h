// SPDX-License-Identifier: Apache-2.0
#pragma once

// `regexp` patterns: an RE2 expression that the whole text must match. RE2 runs in time linear in
// the text; what it costs at most is known when the rule is made.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace hence::filter {

inline constexpr size_t kRegexBytesMax = 4 << 10;    ///< of the expression as written
inline constexpr int kRegexProgramMax = 5'000;       ///< RE2 instructions
inline constexpr int64_t kRegexMemoryMax = 1 << 20;  ///< for its automaton, which is made anew beyond

/// Immutable; matches() may run on several threads at once. Cheap to copy.
class RegularExpression {
 public:
  /// Errors: PatternInvalid (what RE2 says, or the limit).
  static Result<RegularExpression> parse(std::string_view source);

  bool matches(std::string_view text) const;
  /// The expression as it was written.
  const std::string& source() const { return source_; }
  /// What every matching text begins with; may be empty.
  const std::string& prefix() const { return prefix_; }
  size_t memory_bytes() const;

 private:
  std::string source_;
  std::string prefix_;
  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Patterns that no automaton takes: look-around, references, word boundaries, Unicode properties.

#include <memory>
#include <string_view>

#include "schema/regex.h"
#include "schema/regex_syntax.h"

namespace hence::schema {

class Backtracker {
 public:
  virtual ~Backtracker() = default;
  virtual Match search(std::string_view text) const = 0;

  /// Errors: SchemaInvalid.
  static Result<std::shared_ptr<const Backtracker>> build(const RegexTree& tree);
};

}  // namespace hence::schema

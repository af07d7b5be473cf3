// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values of the keyword `format` that are checked. Names that are not here only annotate.

#include <string_view>

namespace hence::schema {

using FormatCheck = bool (*)(std::string_view text);

struct Format {
  std::string_view name;
  FormatCheck check;
  std::string_view description;  ///< "a date and time such as 2026-01-31T12:00:00Z (RFC 3339)"
};

/// Nothing for names that are not checked.
const Format* find_format(std::string_view name);

}  // namespace hence::schema

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents to text.

#include "json/value.h"

namespace hence::json {

/// Appends compact JSON: keys in order, numbers as written, only what must be escaped is.
void write(View value, std::string& out);
/// Appends JSON indented by two spaces, as jq prints it.
void write_pretty(View value, std::string& out);
/// Appends text as a quoted JSON string.
void write_string(std::string_view text, std::string& out);
/// Appends the shortest decimal text that reads back as the same binary64, in jq's form (1e+100, 3, 0.1).
void write_number(double value, std::string& out);

}  // namespace hence::json

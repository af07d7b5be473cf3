// SPDX-License-Identifier: Apache-2.0
#pragma once

// Case for `equals-ignore-case` and for CESQL: Unicode's mappings of one character to one, each
// character by itself and in every language the same. Characters whose other case is several, as of ß
// and ŉ, compare as they are.

#include <string>
#include <string_view>

namespace hence::filter {

/// Replaces out with text in lower case; its size in bytes may differ.
void fold_case(std::string_view text, std::string& out);
std::string folded(std::string_view text);
/// Text in upper case.
std::string raised(std::string_view text);

}  // namespace hence::filter

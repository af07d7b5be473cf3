// SPDX-License-Identifier: Apache-2.0
#pragma once

// Case folding for `equals-ignore-case`: one character to one character of the same length in UTF-8
// (ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic, Armenian). Characters whose case changes their
// length, as ß, compare as they are.

#include <string>
#include <string_view>

namespace hence::filter {

/// Replaces out with text in lower case; the sizes are equal.
void fold_case(std::string_view text, std::string& out);
std::string folded(std::string_view text);
/// Text in upper case, for the same characters.
std::string raised(std::string_view text);

}  // namespace hence::filter

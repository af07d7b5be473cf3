// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is said of a call that failed, without the secrets it read: outcomes are recorded, and shown
// in answers, log lines and lifecycle events. What a service answered is its data and stays as it is.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/value.h"

namespace hence::delivery {

/// Shorter values stand in too many words to be looked for.
inline constexpr size_t kHiddenBytesMin = 4;

/// What to look for: every text and number in the secrets, as it is, as JSON and URIs write it, as
/// base64, and as much of it as a URL has before its query.
std::vector<std::string> hidden_texts(json::View secrets);

/// The text with *** in place of each of the hidden ones, in whatever case, and of the beginning of one
/// where the text was cut: before "..." or at its end.
std::string redacted(std::string_view text, const std::vector<std::string>& hidden);
Error redacted(const Error& error, const std::vector<std::string>& hidden);

}  // namespace hence::delivery

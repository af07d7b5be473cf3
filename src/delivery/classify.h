// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an answer means for the next attempt. Only what may pass by itself is tried again:
// connect errors, timeouts, 408, 425, 429, 500, 502, 503, 504. All else needs a person.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "delivery/http_client.h"

namespace hence::delivery {

enum class Verdict : uint8_t { delivered, retryable, permanent };

/// 2xx is delivered; a redirect is permanent, since none is followed.
Verdict classify_status(int status);
/// An error an HttpClient or ProcessRunner gave.
Verdict classify_error(ErrorCode code);
/// Whether the other side looks unwell: no answer, or 500, 502, 503, 504. Feeds the breaker.
bool is_sign_of_illness(const Result<HttpAnswer>& answer);

inline constexpr Duration kRetryAfterMax = Duration::hours(24);
/// A Retry-After header: seconds, or an HTTP date in any of its three forms (RFC 9110, 5.6.7),
/// counted from now. Never negative, at most kRetryAfterMax; nothing where it is neither.
std::optional<Duration> parse_retry_after(std::string_view value, UtcTime now);
/// The Retry-After of an answer, where its status gives one a meaning (429, 503, 3xx not).
std::optional<Duration> retry_after_of(const HttpAnswer& answer, UtcTime now);

/// One sentence about an answer that was no success: "it answered 503 Service Unavailable: …" with
/// the beginning of the body, made harmless for a line of log.
std::string refusal_sentence(const HttpAnswer& answer);

}  // namespace hence::delivery

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every HttpClient refuses before it does anything: calls that cannot be sent, or that would
// smuggle a second message into the first.

#include <string>
#include <string_view>

#include "base/result.h"
#include "delivery/http_client.h"

namespace hence::delivery {

/// Whether URL (its characters, scheme and path), method and headers can be sent. Errors: RequestInvalid.
Status check_http_call(const HttpCall& call);

/// Why a call fails whose answer is over its response_bytes_max.
Error answer_too_large(const HttpCall& call);

/// A URL without query, fragment and user, where secrets like to be: for sentences.
std::string url_for_people(std::string_view url);
/// "https://example.com:8443" in lower case: whom a URL calls. The whole URL where it has no such
/// part.
std::string origin_of(std::string_view url);

/// ASCII only, as header names are.
std::string lower_case(std::string_view text);

}  // namespace hence::delivery

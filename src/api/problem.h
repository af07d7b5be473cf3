// SPDX-License-Identifier: Apache-2.0
#pragma once

// Errors as clients see them: RFC 9457 problem+json with the stable type of the error table, the
// code's name, a sentence, and the request id.
//
//   {"type":"urn:hence:error:not-found","title":"There is no such thing","status":404,
//    "detail":"rule \"x\" …","code":"NotFound","request_id":"9f…"}

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http_message.h"
#include "base/error.h"

namespace hence::api {

/// Members beside the standard ones: name, and value as JSON text.
using ProblemMembers = std::vector<std::pair<std::string, std::string>>;

/// The answer for an error. Errors of class retry carry Retry-After (1 second). status: the
/// table's unless given, for codes that HTTP tells apart more finely (414, 417).
HttpResponse problem(const Error& error, std::string_view request_id,
                     const ProblemMembers& members = {}, int status = 0);

/// The JSON text of a string, for ProblemMembers.
std::string json_text(std::string_view text);

}  // namespace hence::api

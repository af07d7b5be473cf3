// SPDX-License-Identifier: Apache-2.0
#pragma once

// The request target: path segments and query, each percent-decoded exactly once. Refused: what
// could mean another path to somebody else (dot segments, encoded or not; encoded slashes;
// backslashes; NUL and controls), broken escapes, text that is not UTF-8.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::api {

/// path: begins with '/'. Errors: RequestInvalid.
Status decode_path(std::string_view path, std::vector<std::string>& segments);

/// query: without '?'. A parameter without '=' has an empty value. Errors: RequestInvalid.
Status decode_query(std::string_view query, size_t parameters_max,
                    std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an operation's body is: its type and, of a form of several parts, how each part is sent.

#include <vector>

#include "json/builder.h"
#include "workflow/openapi_references.h"

namespace hence::workflow {

/// Writes `body` of openapi.h into the operation that is being built, if there is one.
/// Errors: RequestInvalid naming what is not supported.
Status write_request_body(References& references, const Place& operation, json::Builder& b);
/// Of Swagger 2.0, which has the body among the parameters.
Status write_swagger_body(json::View document, json::View operation,
                          const std::vector<Place>& parameters, json::Builder& b);

}  // namespace hence::workflow

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hence::api {

/// The OpenAPI 3.1 document of all routes, as JSON text. version: of the program.
std::string openapi_document(std::string_view version);

/// The schemas that the document refers to, as the text of a JSON object by name (schemas.cc).
std::string_view openapi_schemas();

}  // namespace hence::api

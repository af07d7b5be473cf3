// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenAPI 3.0 and 3.1, and Swagger 2.0: the one operation a call needs of a document, in one form
// for all versions, and the request it makes of the call's parameters.
//
//   {"method":"GET", "url":"https://host/v2/pet/{petId}",
//    "parameters":[{"name","in","required","style","explode"}], "body":{"type","required","name"}?}

#include <string_view>

#include "json/value.h"
#include "workflow/http.h"

namespace hence::workflow {

/// base: the document's own address, for servers given relative to it; may be empty.
/// Errors: RequestInvalid, saying what is missing or not supported and where.
Result<json::Value> find_operation(json::View document, std::string_view base,
                                   std::string_view operation_id);

/// The request as calls.h shows it. Errors: as build_http_request; RequestInvalid also where the
/// parameters do not fit the operation.
Result<json::Value> build_openapi_request(const OpenapiSpec& spec, json::View operation,
                                          const HttpValues& values, json::View secrets);
/// As build_request_echo: without parameters where they read secrets.
Result<json::Value> build_openapi_echo(const OpenapiSpec& spec, json::View operation,
                                       const HttpValues& values);
ArgumentSet arguments_of(const OpenapiSpec& spec);

}  // namespace hence::workflow

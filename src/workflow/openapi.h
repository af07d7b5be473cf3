// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenAPI 3.0 and 3.1, and Swagger 2.0: the one operation a call needs of a document, in one form
// for all versions, and the request it makes of the call's parameters.
//
//   {"method":"GET", "url":"https://host/v2/pet/{petId}",
//    "parameters":[{"name","in","required","style","explode"}],
//    "body":{"type","required","name","parts":[{"name","required","file","type"?,"encoding"?}]?}?}
//   parts: of multipart/form-data; multipart.h says what becomes of them

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "json/value.h"
#include "workflow/http.h"

namespace hence::workflow {

/// An OpenAPI document and those its references led to, by address (without fragment).
struct OpenapiDocuments {
  std::string main;  ///< where the description begins, for servers given relative to it; may be empty
  std::map<std::string, json::Value, std::less<>> by_address;
};
/// The operation, or the address of a document that is needed first.
struct FoundOperation {
  json::Value operation;
  std::string missing;
};
/// Errors: RequestInvalid, saying what is missing or not supported and where.
Result<FoundOperation> find_operation(const OpenapiDocuments& documents,
                                      std::string_view operation_id);
/// The same of one document that is all there is; base: its address, or empty.
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

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What HTTP calls and OpenAPI calls share in building a request.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "workflow/http.h"

namespace hence::workflow {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A request without what authenticates it.
struct HttpDraft {
  std::string method;
  std::string uri;
  Headers headers;  ///< names in lower case
  std::optional<std::string> body;  ///< any bytes
};

/// What authenticates a request: a header, or what is needed to get one when it leaves.
struct Authorization {
  std::string scheme;     ///< empty: no header known yet
  std::string parameter;
  std::optional<json::Value> digest;  ///< {username, password}
  std::optional<json::Value> token;   ///< token.cc says its form
};

Result<json::Value> value_of(const Formula& formula, const HttpValues& values);
/// Strings as they are, other scalars as JSON text. Errors: ExpressionFailed naming `what`.
Result<std::string> text_of(json::View value, std::string_view what);
Result<Authorization> build_authorization(const AuthenticationSpec& auth, const HttpValues& values,
                                          json::View secrets);
/// How to get a token, from the fields of an oauth2 or oidc policy. Errors: RequestInvalid.
Result<json::Value> build_token_request(json::View fields, bool discovers, UtcTime now);
/// The request as calls.h shows it.
Result<json::Value> finish_request(const HttpSpec& spec, HttpDraft draft, const HttpValues& values,
                                   json::View secrets);

}  // namespace hence::workflow

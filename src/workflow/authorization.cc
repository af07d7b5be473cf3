// SPDX-License-Identifier: Apache-2.0
// Authentication policies: the header they come to, or what the one who sends the call needs to get
// it (a digest's credentials, how to get a token).

#include "event/base64.h"
#include "json/builder.h"
#include "workflow/http_parts.h"

namespace hence::workflow {
namespace {

using Scheme = AuthenticationSpec::Scheme;

Error invalid(std::string message) { return Error(ErrorCode::RequestInvalid, std::move(message)); }

/// The policy's fields, as given or from the secret it names.
Result<json::Value> fields_of(const AuthenticationSpec& auth, const HttpValues& values,
                              json::View secrets) {
  if (auth.secret.empty()) return value_of(auth.fields, values);
  const auto secret = secrets.find(auth.secret);
  if (!secret) {
    return Error(ErrorCode::SecretUnavailable, "the secret \"" + auth.secret + "\" is not there");
  }
  if (secret->is_string() && auth.scheme == Scheme::bearer) {
    json::Builder b;
    b.begin_object().member("token", secret->as_string()).end_object();
    return std::move(b).finish();
  }
  if (!secret->is_object()) {
    return Error(ErrorCode::SecretUnavailable, "the secret \"" + auth.secret +
                                                   "\" is no JSON object of the policy's fields");
  }
  return json::Value::detached(*secret);
}

Result<std::string> credential(const AuthenticationSpec& auth, json::View fields,
                               std::string_view field) {
  const auto member = fields.find(field);
  if (!member && !auth.secret.empty()) {
    return Error(ErrorCode::SecretUnavailable,
                 "the secret \"" + auth.secret + "\" has no text \"" + std::string(field) + "\"");
  }
  HENCE_TRY(std::string text, text_of(member.value_or(json::View()), field));
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return invalid("the " + std::string(field) + " holds a line end");
  }
  return text;
}

}  // namespace

Result<Authorization> build_authorization(const AuthenticationSpec& auth, const HttpValues& values,
                                          json::View secrets) {
  Authorization result;
  if (auth.scheme == Scheme::none) return result;
  HENCE_TRY(const json::Value fields, fields_of(auth, values, secrets));
  if (auth.scheme == Scheme::bearer) {
    result.scheme = "Bearer";
    HENCE_TRY(result.parameter, credential(auth, fields, "token"));
    return result;
  }
  if (auth.scheme == Scheme::oauth2 || auth.scheme == Scheme::oidc) {
    const bool discovers = auth.scheme == Scheme::oidc;
    HENCE_TRY(result.token, build_token_request(fields, discovers,
                                                values.environment.now.value_or(UtcTime{})));
    return result;
  }
  HENCE_TRY(const std::string user, credential(auth, fields, "username"));
  HENCE_TRY(const std::string password, credential(auth, fields, "password"));
  if (auth.scheme == Scheme::digest) {
    json::Builder b;
    b.begin_object().member("username", user).member("password", password).end_object();
    result.digest = std::move(b).finish();
    return result;
  }
  result.scheme = "Basic";
  result.parameter = event::base64_encode(user + ":" + password);
  return result;
}

}  // namespace hence::workflow

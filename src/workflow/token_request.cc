// SPDX-License-Identifier: Apache-2.0
// How a call gets its OAuth 2.0 or OpenID Connect token (RFC 6749, 7523, 8693), as data for the one
// who sends calls and keeps tokens:
//
//   {"endpoint": URL} or {"discover": URL}, "headers": {…}, "fields": {"grant_type": …},
//   "json": true?, "refresh": {fields of the refreshing request}, "issuers": […]?

#include "event/base64.h"
#include "json/builder.h"
#include "workflow/http_parts.h"

namespace hence::workflow {
namespace {

constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";
constexpr std::string_view kJwtAssertion =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

Error invalid(std::string message) {
  return Error(ErrorCode::RequestInvalid, "authentication: " + std::move(message));
}

std::string text_at(json::View object, std::string_view key) {
  return object.is_object() ? std::string(object.string_or(key, "")) : std::string();
}

std::string joined(json::View list) {
  std::string text;
  if (!list.is_array()) return text;
  for (json::View one : list.elements()) {
    if (one.is_string()) text += (text.empty() ? "" : " ") + std::string(one.as_string());
  }
  return text;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

void write_fields(const Fields& fields, json::Builder& b) {
  b.begin_object();
  for (const auto& [name, value] : fields) b.member(name, value);
  b.end_object();
}

/// What says who asks: fields of the form, or the Authorization header.
Result<std::string> add_client(json::View client, Fields& fields) {
  const std::string id = text_at(client, "id"), secret = text_at(client, "secret");
  const std::string assertion = text_at(client, "assertion");
  std::string method = text_at(client, "authentication");
  if (method.empty()) method = "client_secret_post";
  if (method == "client_secret_basic") {
    std::string user, password;
    append_percent_encoded(id, user);
    append_percent_encoded(secret, password);
    return "Basic " + event::base64_encode(user + ":" + password);
  }
  if (!id.empty()) fields.emplace_back("client_id", id);
  if (method == "client_secret_jwt" || method == "private_key_jwt") {
    if (assertion.empty()) {
      return invalid("client.authentication " + method + " needs client.assertion, a signed token");
    }
    fields.emplace_back("client_assertion_type", std::string(kJwtAssertion));
    fields.emplace_back("client_assertion", assertion);
  } else if (method == "client_secret_post") {
    if (!secret.empty()) fields.emplace_back("client_secret", secret);
  } else if (method != "none") {
    return invalid("client.authentication \"" + method + "\" is not known");
  }
  return std::string();
}

Status add_grant(json::View policy, const std::string& grant, Fields& fields) {
  const auto need = [&](std::string_view key) -> Status {
    const std::string value = text_at(policy, key);
    if (value.empty()) {
      return invalid("the grant " + grant + " needs " + std::string(key) +
                     ", which only a secret can have");
    }
    fields.emplace_back(std::string(key), value);
    return {};
  };
  const auto token = [&](std::string_view name) {
    const auto given = policy.find(name);
    if (!given) return;
    fields.emplace_back(std::string(name) + "_token", text_at(*given, "token"));
    fields.emplace_back(std::string(name) + "_token_type", text_at(*given, "type"));
  };
  if (grant == "password") {
    fields.emplace_back("username", text_at(policy, "username"));
    fields.emplace_back("password", text_at(policy, "password"));
  } else if (grant == "refresh_token") {
    return need("refresh_token");
  } else if (grant == "authorization_code") {
    HENCE_TRY_VOID(need("code"));
    if (const std::string uri = text_at(policy, "redirect_uri"); !uri.empty()) {
      fields.emplace_back("redirect_uri", uri);
    }
  } else if (grant.ends_with("token-exchange")) {
    token("subject");
    token("actor");
  } else if (grant != "client_credentials") {
    return invalid("the grant \"" + grant + "\" is not known");
  }
  return {};
}

}  // namespace

Result<json::Value> build_token_request(json::View policy, bool discovers, UtcTime) {
  std::string authority = text_at(policy, "authority");
  while (authority.ends_with('/')) authority.pop_back();
  if (!authority.starts_with("http://") && !authority.starts_with("https://")) {
    return invalid("authority: expected a URI with http:// or https://");
  }
  const std::string grant = text_at(policy, "grant");
  Fields fields = {{"grant_type", grant}}, client;
  HENCE_TRY_VOID(add_grant(policy, grant, fields));
  const auto given = policy.find("client");
  HENCE_TRY(const std::string header, add_client(given.value_or(json::View()), client));
  const std::string scope = joined(policy.find("scopes").value_or(json::View()));
  const std::string audience = joined(policy.find("audiences").value_or(json::View()));
  if (!scope.empty()) fields.emplace_back("scope", scope);
  if (!audience.empty()) fields.emplace_back("audience", audience);
  fields.insert(fields.end(), client.begin(), client.end());

  json::Builder b;
  b.begin_object();
  if (discovers) {
    b.member("discover", authority.ends_with(kWellKnown) ? authority
                                                         : authority + std::string(kWellKnown));
  } else {
    std::string path = "/oauth2/token";
    if (const auto own = policy.find_path({"endpoints", "token"}); own && own->is_string()) {
      path = own->as_string();
    }
    const bool absolute = path.starts_with("http://") || path.starts_with("https://");
    if (!absolute) path = authority + (path.starts_with('/') ? "" : "/") + path;
    b.member("endpoint", path);
  }
  b.key("headers").begin_object();
  if (!header.empty()) b.member("authorization", header);
  b.end_object().key("fields");
  write_fields(fields, b);
  const auto encoding = policy.find_path({"request", "encoding"});
  if (encoding && encoding->is_string() && encoding->as_string() == "application/json") {
    b.key("json").boolean(true);
  }
  client.insert(client.begin(), {"grant_type", "refresh_token"});
  b.key("refresh");
  write_fields(client, b);
  if (const auto issuers = policy.find("issuers")) b.member("issuers", *issuers);
  b.end_object();
  return std::move(b).finish();
}

}  // namespace hence::workflow

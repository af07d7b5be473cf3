// SPDX-License-Identifier: Apache-2.0
#include "event/webhook.h"

#include "event/attribute.h"
#include "event/media_type.h"
#include "event/webhook_providers.h"
#include "json/parse.h"

namespace hence::event {
namespace {

/// What a person changes at the provider to have JSON sent.
std::string_view json_setting(WebhookProvider provider) {
  return provider == WebhookProvider::github
             ? "in the webhook's settings on GitHub, set \"Content type\" to application/json"
             : "set the webhook's content type at the provider to application/json";
}

Status check_content_type(WebhookProvider provider, const WebhookRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, "content-type") || is_json_media_type(value)) continue;
    return Error(ErrorCode::UnsupportedMediaType, "the body is " + in_quotes(value) +
                                                      ", and only JSON is understood: " +
                                                      std::string(json_setting(provider)));
  }
  return {};
}

}  // namespace

std::optional<WebhookProvider> parse_webhook_provider(std::string_view name) {
  for (const auto provider : {WebhookProvider::github, WebhookProvider::standard_webhooks}) {
    if (name == webhook_provider_name(provider)) return provider;
  }
  return std::nullopt;
}

std::string_view webhook_provider_name(WebhookProvider provider) {
  return provider == WebhookProvider::github ? "github" : "standard-webhooks";
}

Status verify_webhook(WebhookProvider provider, const WebhookRequest& request,
                      std::span<const std::string> secrets, UtcTime now) {
  // An empty secret would let everybody sign.
  bool usable = !secrets.empty();
  for (const std::string& secret : secrets) usable = usable && !secret.empty();
  if (!usable) {
    return Error(ErrorCode::ConfigurationInvalid,
                 "the source has no secret or an empty one; set the one the provider signs with");
  }
  bool valid = false;
  if (provider == WebhookProvider::github) {
    valid = has_github_signature(request, secrets);
  } else {
    std::vector<std::string> keys;
    for (const std::string& secret : secrets) {
      HENCE_TRY(keys.emplace_back(), standard_webhook_key(secret));
    }
    valid = has_standard_signature(request, keys, now);
  }
  if (valid) return {};
  return Error(ErrorCode::SignatureInvalid,
               "the request's signature is missing or wrong; check that the provider and the "
               "source have the same secret and that the clocks are right");
}

Result<Event> webhook_event(WebhookProvider provider, const WebhookRequest& request,
                            std::string_view source_name, UtcTime now) {
  HENCE_TRY_VOID(check_content_type(provider, request));
  HENCE_TRY(const json::Value body, json::parse(request.body));
  if (provider == WebhookProvider::github) return github_event(request, body, now);
  return standard_webhook_event(request, body, source_name);
}

Result<std::string_view> required_header(const WebhookRequest& request, std::string_view name) {
  const std::optional<std::string_view> value = only_header(request.headers, name);
  if (value && !value->empty()) return *value;
  return Error(ErrorCode::RequestInvalid, "the header " + std::string(name) +
                                              " is missing, empty or there more than once");
}

}  // namespace hence::event

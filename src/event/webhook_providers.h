// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each provider brings to webhook.h: the check of its signature and its mapping. The body has
// been parsed already where a json::Value stands.

#include "event/webhook.h"
#include "json/value.h"

namespace hence::event {

/// Whether the signature fits one of the secrets, which are not empty.
bool has_github_signature(const WebhookRequest& request, std::span<const std::string> secrets);
/// Errors: RequestInvalid, EventInvalid.
Result<Event> github_event(const WebhookRequest& request, const json::Value& body, UtcTime now);

/// The key bytes of a secret: base64, with or without "whsec_". Errors: ConfigurationInvalid.
Result<std::string> standard_webhook_key(std::string_view secret);
/// keys: of standard_webhook_key.
bool has_standard_signature(const WebhookRequest& request, std::span<const std::string> keys,
                            UtcTime now);
/// Errors: RequestInvalid, EventInvalid.
Result<Event> standard_webhook_event(const WebhookRequest& request, const json::Value& body,
                                     std::string_view source_name);

/// The header, or RequestInvalid naming it.
Result<std::string_view> required_header(const WebhookRequest& request, std::string_view name);

}  // namespace hence::event

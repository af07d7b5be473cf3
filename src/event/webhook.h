// SPDX-License-Identifier: Apache-2.0
#pragma once

// Webhooks of providers: the signature over the raw bytes, then the request as a CloudEvent; and
// the signature that deliveries of ours carry (Standard Webhooks 1.0).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "event/http.h"

namespace hence::event {

enum class WebhookProvider : uint8_t { github, standard_webhooks };

/// "github", "standard-webhooks".
std::optional<WebhookProvider> parse_webhook_provider(std::string_view name);
std::string_view webhook_provider_name(WebhookProvider provider);

/// How far a Standard Webhooks timestamp may be from now, before and after.
inline constexpr Duration kWebhookTolerance = Duration::seconds(300);

struct WebhookRequest {
  std::span<const HeaderView> headers;
  std::string_view body;  ///< as received, before anything is decoded
};

/// Checks the signature against any of the secrets (several during a rotation). A header missing
/// or given twice is wrong. Comparisons take the same time wherever the bytes differ.
/// Errors: SignatureInvalid (says no more, since a forger reads it), ConfigurationInvalid (no
/// secret, an empty one, or one that is not base64 where the scheme wants it).
Status verify_webhook(WebhookProvider provider, const WebhookRequest& request,
                      std::span<const std::string> secrets, UtcTime now);

/// Maps a request whose signature has been checked. source_name: the Source resource it came by.
/// Errors: UnsupportedMediaType (naming the provider's setting), RequestInvalid (a header is
/// missing), JsonInvalid, EventInvalid.
Result<Event> webhook_event(WebhookProvider provider, const WebhookRequest& request,
                            std::string_view source_name, UtcTime now);

/// The headers webhook-id, webhook-timestamp and webhook-signature of a body we send.
/// Errors: ConfigurationInvalid (the secret).
Result<Headers> sign_standard_webhook(std::string_view secret, std::string_view message_id,
                                      UtcTime now, std::string_view body);

}  // namespace hence::event

// SPDX-License-Identifier: Apache-2.0
// Standard Webhooks 1.0.0 (standardwebhooks.com), symmetric signatures: "v1,", HMAC-SHA256 over
// "ID.TIMESTAMP.BODY" in base64.
#include <charconv>

#include "event/base64.h"
#include "event/signature.h"
#include "event/data_text.h"
#include "event/webhook_providers.h"
#include "json/builder.h"

namespace hence::event {
namespace {

constexpr std::string_view kIdHeader = "webhook-id";
constexpr std::string_view kTimestampHeader = "webhook-timestamp";
constexpr std::string_view kSignatureHeader = "webhook-signature";
constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kVersion = "v1,";
// Seconds of the year 9999, and far from overflow when counted in microseconds.
constexpr int64_t kSecondsMax = 253'402'300'799;

/// Unix seconds in plain decimal digits.
std::optional<UtcTime> parse_unix_seconds(std::string_view text) {
  int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, seconds);
  const bool whole = error == std::errc() && at == end && text.front() != '-';
  if (!whole || seconds > kSecondsMax) return std::nullopt;
  return UtcTime{seconds * 1'000'000};
}

std::string signature_of(std::string_view key, std::string_view id, std::string_view timestamp,
                         std::string_view body) {
  std::string content;
  content.reserve(id.size() + timestamp.size() + body.size() + 2);
  content += id;
  content += '.';
  content += timestamp;
  content += '.';
  content += body;
  return base64_encode(hmac_sha256(key, content));
}

/// Whether a space-separated list holds "v1," and the expected text; other versions are skipped.
bool lists_signature(std::string_view list, std::string_view expected) {
  bool found = false;
  while (!list.empty()) {
    const size_t space = list.find(' ');
    const std::string_view entry = list.substr(0, space);
    list.remove_prefix(space == std::string_view::npos ? list.size() : space + 1);
    if (entry.substr(0, kVersion.size()) != kVersion) continue;
    if (equal_in_constant_time(entry.substr(kVersion.size()), expected)) found = true;
  }
  return found;
}

}  // namespace

Result<std::string> standard_webhook_key(std::string_view secret) {
  if (secret.substr(0, kSecretPrefix.size()) == kSecretPrefix) {
    secret.remove_prefix(kSecretPrefix.size());
  }
  std::optional<std::string> key = base64_decode(secret);
  if (key && !key->empty()) return std::move(*key);
  return Error(ErrorCode::ConfigurationInvalid,
               "the secret is none of Standard Webhooks: expected \"whsec_\" and base64");
}

bool has_standard_signature(const WebhookRequest& request, std::span<const std::string> keys,
                            UtcTime now) {
  const std::optional<std::string_view> id = only_header(request.headers, kIdHeader);
  const std::optional<std::string_view> timestamp = only_header(request.headers, kTimestampHeader);
  const std::optional<std::string_view> list = only_header(request.headers, kSignatureHeader);
  if (!id || !timestamp || !list || id->empty() || timestamp->empty()) return false;
  const std::optional<UtcTime> sent = parse_unix_seconds(*timestamp);
  if (!sent) return false;
  if (*sent > now + kWebhookTolerance || *sent < now - kWebhookTolerance) return false;
  bool found = false;
  for (const std::string& key : keys) {
    if (lists_signature(*list, signature_of(key, *id, *timestamp, request.body))) found = true;
  }
  return found;
}

Result<Event> standard_webhook_event(const WebhookRequest& request, const json::Value& body,
                                     std::string_view source_name) {
  HENCE_TRY(const std::string_view id, required_header(request, kIdHeader));
  HENCE_TRY(const std::string_view timestamp, required_header(request, kTimestampHeader));
  std::string type(body->string_or("type", ""));
  if (type.empty()) type = "webhook." + std::string(source_name);
  json::Builder builder;
  builder.begin_object()
      .member("specversion", "1.0")
      .member("id", id)
      .member("source", "/webhooks/" + std::string(source_name))
      .member("type", type);
  if (const std::optional<UtcTime> time = parse_unix_seconds(timestamp)) {
    builder.member("time", format_rfc3339(*time));
  }
  builder.member("datacontenttype", "application/json").end_object();
  return event_with_data(std::move(builder).finish(), request.body);
}

Result<Headers> sign_standard_webhook(std::string_view secret, std::string_view message_id,
                                      UtcTime now, std::string_view body) {
  HENCE_TRY(const std::string key, standard_webhook_key(secret));
  const std::string timestamp = std::to_string(now.micros / 1'000'000);
  return Headers{{std::string(kIdHeader), std::string(message_id)},
                 {std::string(kTimestampHeader), timestamp},
                 {std::string(kSignatureHeader),
                  std::string(kVersion) + signature_of(key, message_id, timestamp, body)}};
}

}  // namespace hence::event

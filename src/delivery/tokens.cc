// SPDX-License-Identifier: Apache-2.0
#include "delivery/tokens.h"

#include <algorithm>

#include "event/base64.h"
#include "json/builder.h"
#include "json/parse.h"
#include "workflow/http.h"

namespace hence::delivery {
namespace {

Error refused(std::string message) {
  return Error(ErrorCode::Unauthenticated, "authentication: " + std::move(message));
}

json::Value parsed(const std::string& text) {
  auto value = json::parse(text);
  return value.ok() ? *value : json::Value();
}

std::string form_of(json::View fields) {
  std::string body;
  for (auto [name, value] : fields.members()) {
    if (!body.empty()) body += '&';
    workflow::append_percent_encoded(name, body);
    body += '=';
    workflow::append_percent_encoded(value.is_string() ? value.as_string() : "", body);
  }
  return body;
}

json::Value with_field(json::View fields, std::string_view name, std::string_view value) {
  json::Builder b;
  b.begin_object();
  for (auto [key, member] : fields.members()) b.member(key, member);
  b.member(name, value).end_object();
  return std::move(b).finish();
}

/// The `iss` of a token that is a JWT; empty for any other.
std::string issuer_of(const std::string& token) {
  const size_t first = token.find('.');
  const size_t second = first == std::string::npos ? first : token.find('.', first + 1);
  if (second == std::string::npos) return {};
  std::string payload = token.substr(first + 1, second - first - 1);
  std::replace(payload.begin(), payload.end(), '-', '+');
  std::replace(payload.begin(), payload.end(), '_', '/');
  while (payload.size() % 4 != 0) payload += '=';
  const auto bytes = event::base64_decode(payload);
  const json::Value claims = bytes ? parsed(*bytes) : json::Value();
  return claims->is_object() ? std::string(claims->string_or("iss", "")) : std::string();
}

/// Whether the policy's issuers, if it names any, have this one. An empty one is of no JWT.
bool is_issuer(json::View policy, const std::string& issuer) {
  const auto issuers = policy.find("issuers");
  if (!issuers || !issuers->is_array() || issuers->size() == 0 || issuer.empty()) return true;
  for (json::View one : issuers->elements()) {
    if (one.is_string() && one.as_string() == issuer) return true;
  }
  return false;
}

UtcTime end_of_life(json::View answer, UtcTime now) {
  const auto given = answer.find("expires_in");
  const auto seconds = given && given->is_number() ? given->as_int64() : std::nullopt;
  Duration life = kTokenLifeOtherwise;
  if (seconds) life = Duration::seconds(std::clamp<int64_t>(*seconds, 0, 366LL * 86'400));
  const Duration margin = std::min(kTokenMarginMax, Duration{life.micros / 10});
  return now + Duration{life.micros - margin.micros};
}

}  // namespace

std::optional<std::string> Tokens::find(const std::string& policy, UtcTime now) {
  const auto found = entries_.find(policy);
  if (found == entries_.end() || found->second.token.empty() || found->second.running ||
      found->second.until <= now) {
    return std::nullopt;
  }
  return found->second.token;
}

bool Tokens::begin(const std::string& policy) {
  if (entries_.size() >= kTokensMax && !entries_.contains(policy)) {
    std::erase_if(entries_, [](const auto& entry) { return !entry.second.running; });
  }
  Entry& entry = entries_[policy];
  if (entry.running) return false;
  entry.running = true;
  return true;
}

Result<HttpCall> Tokens::next_call(const std::string& key) {
  Entry& entry = entries_.at(key);
  const json::Value policy = parsed(key);
  HttpCall call;
  call.timeout = kTokenCallTimeout;
  call.headers.emplace_back("accept", "application/json");
  const std::string discover(policy->string_or("discover", ""));
  entry.discovering = !discover.empty() && entry.endpoint.empty();
  if (entry.discovering) {
    call.method = "GET";
    call.url = discover;
    return call;
  }
  call.method = "POST";
  call.url = entry.endpoint.empty() ? std::string(policy->string_or("endpoint", ""))
                                    : entry.endpoint;
  for (auto [name, value] : policy->find("headers")->members()) {
    call.headers.emplace_back(name, value.as_string());
  }
  entry.refreshing = !entry.refresh_token.empty();
  const json::Value fields =
      entry.refreshing ? with_field(*policy->find("refresh"), "refresh_token", entry.refresh_token)
                       : json::Value::detached(*policy->find("fields"));
  const bool json_body = policy->find("json").has_value();
  call.headers.emplace_back("content-type", json_body ? "application/json"
                                                      : "application/x-www-form-urlencoded");
  call.body = json_body ? fields->to_text() : form_of(fields);
  return call;
}

std::optional<Result<std::string>> Tokens::take_discovery(Entry& entry, json::View policy,
                                                          json::View answer) {
  const std::string endpoint(answer.is_object() ? answer.string_or("token_endpoint", "") : "");
  if (!endpoint.starts_with("http://") && !endpoint.starts_with("https://")) {
    entry.running = false;
    return refused("the discovery document names no token_endpoint");
  }
  if (!is_issuer(policy, std::string(answer.string_or("issuer", "")))) {
    entry.running = false;
    return refused("the discovery document's issuer is none of the policy's issuers");
  }
  entry.endpoint = endpoint;
  return std::nullopt;
}

std::optional<Result<std::string>> Tokens::take_answer(const std::string& key,
                                                       const Result<HttpAnswer>& answer,
                                                       UtcTime now) {
  Entry& entry = entries_.at(key);
  const json::Value policy = parsed(key);
  const bool good = answer.ok() && answer->status >= 200 && answer->status < 300;
  if (!good && entry.refreshing) {  // the refresh token is used up: from the start
    entry.refreshing = false;
    entry.refresh_token.clear();
    return std::nullopt;
  }
  if (!good) {
    entry.running = false;
    entry.token.clear();
    if (!answer.ok()) return Result<std::string>(answer.error().in("getting a token"));
    return Result<std::string>(
        refused(std::string(entry.discovering ? "discovery" : "the token endpoint") +
                " answered with status " + std::to_string(answer->status)));
  }
  const json::Value body = parsed(answer->body);
  if (entry.discovering) return take_discovery(entry, policy, body);
  entry.running = false;
  entry.refreshing = false;
  const std::string token(body->is_object() ? body->string_or("access_token", "") : "");
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos) {
    return Result<std::string>(refused("the token endpoint's answer has no access_token"));
  }
  if (!is_issuer(policy, issuer_of(token))) {
    return Result<std::string>(refused("the token's issuer is none of the policy's issuers"));
  }
  entry.token = token;
  entry.until = end_of_life(body, now);
  entry.refresh_token = body->string_or("refresh_token", entry.refresh_token);
  return Result<std::string>(token);
}

void Tokens::drop(const std::string& policy, const std::string& token) {
  const auto found = entries_.find(policy);
  if (found != entries_.end() && found->second.token == token) found->second.until = UtcTime{};
}

}  // namespace hence::delivery

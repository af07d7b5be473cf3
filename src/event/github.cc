// SPDX-License-Identifier: Apache-2.0
// GitHub's webhooks: signature, and mapping by the table of github_rules.h.
#include <algorithm>

#include "event/data_text.h"
#include "event/github_rules.h"
#include "event/signature.h"
#include "event/webhook_providers.h"
#include "json/builder.h"

namespace hence::event {
namespace {

constexpr std::string_view kSignaturePrefix = "sha256=";
// Unix seconds beyond this have no RFC 3339 form.
constexpr int64_t kSecondsMax = 253'402'300'799;

std::string to_hex(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

/// The value at member names separated by dots.
std::optional<json::View> at_path(json::View body, std::string_view path) {
  json::View at = body;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::optional<json::View> next = at.find(path.substr(0, dot));
    if (!next) return std::nullopt;
    at = *next;
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  }
  return at;
}

/// A string, or a number as written; empty for anything else and for what is not there.
std::string text_at(json::View body, std::string_view path) {
  if (path.empty()) return {};
  const std::optional<json::View> value = at_path(body, path);
  if (value && value->is_string()) return std::string(value->as_string());
  if (value && value->is_number()) return std::string(value->number_text());
  return {};
}

/// The template with each {path} replaced, {path^} by the text before its last '/'. Empty if one
/// of them is not there.
std::string expand(json::View body, std::string_view pattern) {
  std::string out;
  while (!pattern.empty()) {
    const size_t open = pattern.find('{');
    out += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = pattern.find('}', open);
    std::string_view path = pattern.substr(open + 1, close - open - 1);
    const bool parent = path.back() == '^';
    if (parent) path.remove_suffix(1);
    std::string text = text_at(body, path);
    if (parent) text.resize(std::min(text.size(), text.rfind('/')));
    if (text.empty()) return {};
    out += text;
    pattern.remove_prefix(close + 1);
  }
  return out;
}

/// Takes the next of words separated by spaces.
std::string_view take_word(std::string_view& words) {
  const size_t space = words.find(' ');
  const std::string_view word = words.substr(0, space);
  words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
  return word;
}

const GithubRule* find_rule(std::string_view event) {
  for (const GithubRule& rule : kGithubRules) {
    if (rule.event == event) return &rule;
  }
  return nullptr;
}

std::string type_of(json::View body, std::string_view event, std::string_view suffixes) {
  std::string type = "com.github." + std::string(event);
  while (!suffixes.empty()) {
    const std::string suffix = text_at(body, take_word(suffixes));
    if (!suffix.empty()) type += "." + suffix;
  }
  return type;
}

std::string source_of(json::View body, std::string_view pattern) {
  std::string source = expand(body, pattern);
  if (source.empty()) source = text_at(body, "repository.url");
  if (source.empty()) source = text_at(body, "organization.url");
  return source.empty() ? "https://github.com" : source;
}

/// RFC 3339 text of a value that is such text or Unix seconds; empty for any other.
std::string time_text(json::View value) {
  if (value.is_string() && parse_rfc3339(value.as_string()).ok()) {
    return std::string(value.as_string());
  }
  const std::optional<int64_t> seconds = value.is_number() ? value.as_int64() : std::nullopt;
  if (!seconds || *seconds < 0 || *seconds > kSecondsMax) return {};
  return format_rfc3339({*seconds * 1'000'000});
}

std::string time_of(json::View body, std::string_view paths, UtcTime now) {
  while (!paths.empty()) {
    const std::string path = expand(body, take_word(paths));
    const std::optional<json::View> value = at_path(body, path);
    if (path.empty() || !value) continue;
    std::string text = time_text(*value);
    if (!text.empty()) return text;
  }
  return format_rfc3339(now);
}

}  // namespace

bool has_github_signature(const WebhookRequest& request, std::span<const std::string> secrets) {
  const auto header = only_header(request.headers, "x-hub-signature-256");
  if (!header || header->substr(0, kSignaturePrefix.size()) != kSignaturePrefix) return false;
  const std::string_view given = header->substr(kSignaturePrefix.size());
  bool found = false;
  for (const std::string& secret : secrets) {
    if (equal_in_constant_time(given, to_hex(hmac_sha256(secret, request.body)))) found = true;
  }
  return found;
}

Result<Event> github_event(const WebhookRequest& request, const json::Value& body, UtcTime now) {
  HENCE_TRY(const std::string_view name, required_header(request, "x-github-event"));
  HENCE_TRY(const std::string_view id, required_header(request, "x-github-delivery"));
  const GithubRule* listed = find_rule(name);
  const GithubRule& rule = listed != nullptr ? *listed : kGithubUnlisted;
  json::Builder builder;
  builder.begin_object()
      .member("specversion", "1.0")
      .member("id", id)
      .member("source", source_of(body, rule.source))
      .member("type", type_of(body, name, rule.type_suffixes));
  const std::string subject = text_at(body, rule.subject);
  if (!subject.empty()) builder.member("subject", subject);
  builder.member("time", time_of(body, rule.times, now))
      .member("datacontenttype", "application/json")
      .end_object();
  return event_with_data(std::move(builder).finish(), request.body);
}

}  // namespace hence::event

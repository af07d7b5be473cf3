// SPDX-License-Identifier: Apache-2.0
// Sources, sinks and secrets.

#include <algorithm>

#include "resource/read.h"

namespace hence::resource {

using workflow::KeyChoice;
using workflow::Shape;
using workflow::ShapeKey;
using enum Shape::Kind;

namespace {

bool is_http_url(std::string_view url) {
  const std::string_view rest = url.starts_with("https://")  ? url.substr(8)
                                : url.starts_with("http://") ? url.substr(7)
                                                             : std::string_view();
  return !rest.empty() && rest.front() != '/' &&
         std::none_of(url.begin(), url.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

bool is_method(std::string_view word) {
  return !word.empty() && word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
      std::string_view::npos;
}

/// "100/s", "30/m", "1000/h" as calls a second; nothing if it is not of that form.
std::optional<double> parse_rate(std::string_view words) {
  const size_t slash = words.find('/');
  if (slash == 0 || slash > 9 || slash == std::string_view::npos) return std::nullopt;
  double count = 0;
  for (char c : words.substr(0, slash)) {
    if (c < '0' || c > '9') return std::nullopt;
    count = count * 10 + (c - '0');
  }
  const std::string_view unit = words.substr(slash + 1);
  const double seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (seconds == 0 || count == 0) return std::nullopt;
  return count / seconds;
}

bool is_rate(std::string_view words) { return parse_rate(words).has_value(); }
bool is_variable(std::string_view name) {
  return !name.empty() && (name[0] < '0' || name[0] > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
         });
}
bool is_path(std::string_view path) { return !path.empty(); }
bool is_token(std::string_view word) {
  return !word.empty() && word.find_first_of(":\r\n") == std::string_view::npos;
}

// Sources.
constexpr std::string_view kProviders[] = {"github", "standard-webhooks"};
const Shape kProvider{.kind = word, .words = kProviders};
const Shape kMaxBytes{.kind = integer, .min = 1, .max = 1 << 30};
const ShapeKey kWebhookKeys[] = {{"provider", &kProvider, true}, {"secret", &kNameShape, true}, {"maxBytes", &kMaxBytes}};
const Shape kWebhook{.kind = object, .keys = kWebhookKeys};
const ShapeKey kSourceKeys[] = {{"webhook", &kWebhook, true}};

// Sinks.
const Shape kUrl{.kind = text, .what = "a URL with http:// or https://", .accepts = is_http_url};
const Shape kMethod{.kind = text, .what = "an HTTP method in capitals", .accepts = is_method};
const Shape kRate{.kind = text, .what = "a rate such as 100/s, 30/m or 1000/h", .accepts = is_rate};
const Shape kHeaders{.kind = map, .item = &workflow::kStringShape};
const Shape kConcurrency{.kind = integer, .min = 1, .max = 10'000};
const Shape kUserName{.kind = text, .what = "a user name without a colon", .accepts = is_token};
const ShapeKey kBasicKeys[] = {{"username", &kUserName, true}, {"secret", &kNameShape, true}};
const Shape kBasic{.kind = object, .keys = kBasicKeys};
const ShapeKey kAuthKeys[] = {{"bearer", &kSecretReference}, {"basic", &kBasic}};
constexpr std::string_view kSchemes[] = {"bearer", "basic"};
const KeyChoice kOneScheme[] = {{kSchemes}};
const Shape kAuth{.kind = object, .keys = kAuthKeys, .choices = kOneScheme};
const ShapeKey kHttpKeys[] = {{"url", &kUrl, true},          {"method", &kMethod},
                              {"headers", &kHeaders},        {"auth", &kAuth},
                              {"timeout", &kFixedDuration},  {"concurrency", &kConcurrency},
                              {"rate", &kRate},              {"sign", &kSecretReference}};
const Shape kHttp{.kind = object, .keys = kHttpKeys};
const ShapeKey kSinkKeys[] = {{"http", &kHttp, true}};

// Secrets.
const Shape kVariable{.kind = text, .what = "the name of an environment variable",
                      .accepts = is_variable};
const Shape kPath{.kind = text, .what = "the path of a file", .accepts = is_path};
const ShapeKey kSecretKeys[] = {{"env", &kVariable}, {"file", &kPath}};
constexpr std::string_view kPlaces[] = {"env", "file"};
const KeyChoice kOnePlace[] = {{kPlaces}};

SinkAuth read_auth(const Site& site) {
  SinkAuth auth;
  if (const auto bearer = site.find("bearer")) {
    auth.scheme = SinkAuth::Scheme::bearer;
    auth.secret = bearer->text("secret");
  } else if (const auto basic = site.find("basic")) {
    auth.scheme = SinkAuth::Scheme::basic;
    auth.username = basic->text("username");
    auth.secret = basic->text("secret");
  }
  return auth;
}

}  // namespace

const Shape kSourceShape{.kind = object, .keys = kSourceKeys};
const Shape kSinkShape{.kind = object, .keys = kSinkKeys};
const Shape kSecretShape{.kind = object, .keys = kSecretKeys, .choices = kOnePlace};

SourceSpec read_source(const Site& spec) {
  SourceSpec source;
  const auto webhook = spec.find("webhook");
  if (!webhook) return source;
  if (webhook->text("provider") == "github") source.provider = WebhookProvider::github;
  source.secret = webhook->text("secret");
  if (const auto bytes = webhook->value.find("maxBytes"); bytes && bytes->is_number()) {
    source.body_bytes_max = static_cast<uint64_t>(bytes->as_int64().value_or(INT64_MAX));
  }
  return source;
}

SinkSpec read_sink(const Site& spec) {
  SinkSpec sink;
  const auto http = spec.find("http");
  if (!http) return sink;
  sink.url = http->text("url");
  sink.method = http->text("method", "POST");
  if (const auto headers = http->find("headers"); headers && headers->value.is_object()) {
    for (auto [name, value] : headers->value.members()) {
      if (value.is_string()) sink.headers.emplace_back(name, value.as_string());
    }
  }
  if (const auto auth = http->find("auth")) sink.auth = read_auth(*auth);
  if (const auto timeout = read_duration(http->find("timeout"))) sink.timeout = *timeout;
  if (const auto concurrency = http->value.find("concurrency"); concurrency &&
      concurrency->is_number()) {
    sink.concurrency = static_cast<uint32_t>(concurrency->as_int64().value_or(32));
  }
  sink.rate_per_second = parse_rate(http->text("rate")).value_or(0);
  if (const auto sign = http->find("sign")) sink.sign_secret = sign->text("secret");
  return sink;
}

SecretSpec read_secret(const Site& spec) {
  SecretSpec secret;
  if (spec.find("file")) secret.from = SecretSpec::From::file;
  secret.reference = spec.text(secret.from == SecretSpec::From::file ? "file" : "env");
  return secret;
}

}  // namespace hence::resource

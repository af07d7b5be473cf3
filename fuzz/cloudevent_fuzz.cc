// SPDX-License-Identifier: Apache-2.0
// Events as they come by HTTP: what is taken is sent on, read again and the same event. The first byte chooses
// the mode; in the binary one and for webhooks header lines "name: value" and an empty line come before the body.
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "event/event.h"
#include "event/http.h"
#include "event/webhook.h"
#include "json/value.h"

namespace {

using namespace hence;
using namespace hence::event;

constexpr UtcTime kNow{1'700'000'000'000'000};

struct Input {
  std::vector<HeaderView> headers;
  std::string_view body;
};

Input split(std::string_view text) {
  Input input;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) break;
    const size_t colon = line.find(": ");
    if (colon != std::string_view::npos) input.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  input.body = text;
  return input;
}

Result<HttpEvents> read(const HttpMessage& message) {
  const std::vector<HeaderView> headers(message.headers.begin(), message.headers.end());
  return from_http(headers, message.body);
}

void check_same(const Event& event, const Event& again) {
  HENCE_CHECK(json::equal(again.value(), event.value()));
  HENCE_CHECK(again.id() == event.id() && again.source() == event.source() && again.type() == event.type());
  HENCE_CHECK(again.time() == event.time() && again.depth() == event.depth());
  HENCE_CHECK(partition_key(again) == partition_key(event));
}

void check_structured(const Event& event) {
  const auto again = read(to_http_structured(event));
  HENCE_CHECK(again.ok() && again->mode == HttpMode::structured);
  check_same(event, *again->events.at(0));
  // Headers have no types: what they say is at least who it is. Bytes said to be JSON may be none.
  const HttpMessage binary = to_http_binary(event);
  const std::vector<HeaderView> headers(binary.headers.begin(), binary.headers.end());
  const auto from_headers = from_http_binary(headers, binary.body);
  HENCE_CHECK(from_headers.ok() || event.data_base64());
  HENCE_CHECK(!from_headers.ok() || dedup_key("n", *from_headers) == dedup_key("n", event));
}

/// JSON without a Content-Type gets one when it is sent; from then on nothing changes.
void check_binary(const Event& event) {
  const HttpMessage sent = to_http_binary(event);
  const std::vector<HeaderView> headers(sent.headers.begin(), sent.headers.end());
  const auto again = from_http_binary(headers, sent.body);
  HENCE_CHECK(again.ok());
  if (!event.datacontenttype().empty() || !event.data()) check_same(event, *again);
  const HttpMessage twice = to_http_binary(*again);
  HENCE_CHECK(twice.headers == sent.headers && twice.body == sent.body);
}

void structured(std::string_view text) {
  const auto event = parse_structured(text);
  if (event.ok()) check_structured(*event);
}

void batch(std::string_view text) {
  const auto events = parse_batch(text);
  if (!events.ok()) return;
  std::string printed;
  std::vector<Event> taken;
  for (const Result<Event>& event : *events) {
    if (!event.ok()) continue;
    printed += (taken.empty() ? "[" : ",") + event->value()->to_text();
    taken.push_back(*event);
  }
  const auto again = parse_batch(taken.empty() ? "[]" : printed + "]");
  HENCE_CHECK(again.ok() && again->size() == taken.size());
  for (size_t i = 0; i < taken.size(); ++i) {
    HENCE_CHECK(again->at(i).ok());
    check_same(taken[i], *again->at(i));
  }
}

void binary(std::string_view text) {
  const Input input = split(text);
  const auto event = from_http_binary(input.headers, input.body);
  if (event.ok()) {
    check_binary(*event);
    check_structured(*event);
  }
  const auto any_mode = from_http(input.headers, input.body);
  HENCE_CHECK(!any_mode.ok() || any_mode->mode != HttpMode::binary || event.ok());
}

void webhook(std::string_view text) {
  const Input input = split(text);
  const WebhookRequest request{input.headers, input.body};
  const std::string secrets[] = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
  for (const auto provider : {WebhookProvider::github, WebhookProvider::standard_webhooks}) {
    (void)verify_webhook(provider, request, secrets, kNow);
    const auto event = webhook_event(provider, request, "shop", kNow);
    if (event.ok()) check_structured(*event);
  }
  // What we sign passes, and with a byte more it does not.
  const auto signature = sign_standard_webhook(secrets[0], "m1", kNow, input.body);
  HENCE_CHECK(signature.ok());
  const std::vector<HeaderView> headers(signature->begin(), signature->end());
  HENCE_CHECK(verify_webhook(WebhookProvider::standard_webhooks, {headers, input.body}, secrets, kNow).ok());
  const std::string longer = std::string(input.body) + "x";
  HENCE_CHECK(!verify_webhook(WebhookProvider::standard_webhooks, {headers, longer}, secrets, kNow).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kModes[])(std::string_view) = {binary, structured, batch, webhook};
  kModes[data[0] % std::size(kModes)]({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}

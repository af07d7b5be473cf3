// SPDX-License-Identifier: Apache-2.0
// Webhooks of providers: the signature over the bytes as they came, then an event like any other.

#include "api/endpoint/event_intake.h"
#include "api/endpoint/handlers.h"
#include "base/log_line.h"
#include "event/webhook.h"

namespace hence::api {
namespace {

/// Bodies above it are checked and read on a worker: an I/O thread has others to serve.
constexpr size_t kBodyBytesOnIoThread = 256 << 10;

event::WebhookProvider provider_of(const resource::SourceSpec& source) {
  switch (source.provider) {
    case resource::WebhookProvider::github: return event::WebhookProvider::github;
    case resource::WebhookProvider::standard_webhooks: break;
  }
  return event::WebhookProvider::standard_webhooks;
}

const resource::SourceSpec* find_source(const engine::Definitions& definitions,
                                        const Exchange& exchange) {
  const engine::Stored* stored =
      definitions.find(exchange.name_space(), resource::Kind::source, exchange.param(0));
  return stored ? std::get_if<resource::SourceSpec>(&stored->resource->spec) : nullptr;
}

/// Answers for a source that is not there, after as much work as for one that is.
void refuse_unknown_source(Exchange& exchange, const event::WebhookRequest& request, UtcTime now) {
  const std::string nobodys_secret[] = {"d2ViaG9va3MgdG8gbm9ib2R5IGFyZSByZWZ1c2Vk"};
  (void)event::verify_webhook(event::WebhookProvider::github, request, nobodys_secret, now);
  exchange.fail(Error(ErrorCode::NotFound, "there is no webhook source " + exchange.param(0) +
                                               " in namespace " + exchange.name_space()));
}

void take_webhook(Context& context, const ExchangePtr& exchange) {
  const auto definitions = context.backend.definitions();
  const std::vector<event::HeaderView> headers = header_views(exchange->request);
  const event::WebhookRequest request{headers, exchange->request.body};
  const UtcTime now = context.clock.now();
  const resource::SourceSpec* source = find_source(*definitions, *exchange);
  if (source == nullptr) return refuse_unknown_source(*exchange, request, now);
  if (request.body.size() > source->body_bytes_max) {
    return exchange->fail(Error(ErrorCode::TooLarge, "the body has " + std::to_string(request.body.size()) +
                                                         " bytes; the source's webhook.maxBytes is " +
                                                         std::to_string(source->body_bytes_max)));
  }

  const Result<std::string> secret =
      context.options.secrets(*definitions, exchange->name_space(), source->secret);
  if (!secret.ok()) {
    // The sender is a stranger: it learns that we are not ready, the operator why.
    log_line(LogLevel::warning, "a webhook was refused: " + secret.error().message(),
             {{"source", exchange->param(0)}, {"request_id", exchange->request_id()}});
    return exchange->fail(Error(ErrorCode::SecretUnavailable,
                                "the source's secret cannot be read; the server's log says why"),
                          {}, 503);
  }
  const event::WebhookProvider provider = provider_of(*source);
  const std::string secrets[] = {*secret};
  if (const Status status = event::verify_webhook(provider, request, secrets, now); !status.ok()) {
    return exchange->fail(status.error());
  }
  Result<event::Event> event = event::webhook_event(provider, request, exchange->param(0), now);
  if (!event.ok()) return exchange->fail(event.error());
  Result<engine::Command> command = command_of(*exchange);
  if (!command.ok()) return exchange->fail(command.error());
  exchange->request.body = std::string();
  take_event(context, exchange, std::move(*event), exchange->param(0), std::move(*command));
}

}  // namespace

void post_webhook(Context& context, ExchangePtr exchange) {
  if (exchange->request.body.size() <= kBodyBytesOnIoThread) return take_webhook(context, exchange);
  const bool taken = context.workers.run(
      [&context, exchange](engine::Query&) { take_webhook(context, exchange); });
  if (!taken) exchange->fail(Error(ErrorCode::Overloaded, "too many large webhooks are waiting"));
}

}  // namespace hence::api

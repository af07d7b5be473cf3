// SPDX-License-Identifier: Apache-2.0
// Events come in: read and checked, matched against the rules' snapshot, handed to the engine, and
// acknowledged when they are durable. This is the path that has to be fast; all of it but the
// answer runs on the I/O thread.

#include <span>

#include "api/endpoint/event_intake.h"
#include "api/endpoint/handlers.h"
#include "event/http.h"
#include "json/write.h"

namespace hence::api {
namespace {

/// What becomes of a batch: its entries that were refused here, by index, and how many there are.
struct BatchFaults {
  size_t entries = 0;
  std::vector<std::pair<size_t, Error>> faults;
};

Error too_large(uint64_t limit) {
  return Error(ErrorCode::TooLarge, "the event is over " + std::to_string(limit) +
                                        " bytes (limits.eventBytes); send a reference instead");
}

size_t text_bytes(const event::Event& event) {
  const size_t received = event.value()->source_text().size();
  return received != 0 ? received : event.value()->to_text().size();
}

/// verdict: of an event that its type refused, else null.
void write_error(const Error& error, const resource::VerdictPtr& verdict, std::string& out) {
  const ErrorInfo& info = error_info(error.code());
  out.append("{\"error\":{\"type\":\"urn:hence:error:").append(info.slug);
  out.append("\",\"code\":\"").append(info.name).append("\",\"status\":");
  out.append(std::to_string(info.http_status)).append(",\"detail\":");
  json::write_string(error.message(), out);
  if (verdict) out.append(",\"errors\":").append(resource::to_json(verdict->faults)->to_text());
  out += "}}";
}

/// The entries in the order of the batch: positions, or errors.
void answer_batch(Exchange& exchange, const BatchFaults& batch,
                  std::span<const engine::Reply> replies) {
  std::string body;
  body.reserve(2 + batch.entries * 24 + batch.faults.size() * 160);
  const Error* first_error = nullptr;
  bool accepted = batch.entries == 0;
  auto fault = batch.faults.begin();
  auto reply = replies.begin();
  body += '[';
  for (size_t i = 0; i < batch.entries; ++i) {
    if (i != 0) body += ',';
    const bool refused_here = fault != batch.faults.end() && fault->first == i;
    const Error* error = refused_here ? &(fault++)->second : nullptr;
    resource::VerdictPtr verdict;
    if (!refused_here) {
      if (reply->error) {
        error = &*reply->error;
        verdict = reply->verdict;
      } else {
        write_receipt(*reply, body);
        accepted = true;
      }
      ++reply;
    }
    if (error == nullptr) continue;
    if (first_error == nullptr) first_error = error;
    write_error(*error, verdict, body);
  }
  body += ']';
  if (accepted) return exchange.answer_text(202, std::move(body));
  const ErrorInfo& info = error_info(first_error->code());
  // Nothing was taken because of us, not because of the events: to be sent again as it was.
  if (info.kind == ErrorClass::retry) return exchange.fail(*first_error);
  exchange.answer_text(info.http_status, std::move(body));
}

void take_batch(Context& context, ExchangePtr exchange, std::vector<Result<event::Event>> events,
                const engine::Command& base) {
  const auto batch = std::make_shared<BatchFaults>();
  batch->entries = events.size();
  std::vector<engine::Command> commands;
  commands.reserve(events.size());
  const auto definitions = context.backend.definitions();
  const UtcTime now = context.clock.now();
  size_t bytes = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    if (!events[i].ok()) {
      batch->faults.emplace_back(i, std::move(events[i]).error());
      continue;
    }
    const size_t event_bytes = text_bytes(*events[i]);
    if (event_bytes > exchange->limits.event_bytes) {
      batch->faults.emplace_back(i, too_large(exchange->limits.event_bytes));
      continue;
    }
    bytes += event_bytes;
    engine::Command& command = commands.emplace_back();
    command.name_space = base.name_space;
    command.actor = base.actor;
    // A key is for one command: each entry has its own.
    if (!base.idempotency_key.empty()) {
      command.idempotency_key = base.idempotency_key + "#" + std::to_string(i);
    }
    set_event(command, std::move(*events[i]), {}, *definitions, now);
  }
  context.backend.submit_all(std::move(commands), bytes, true,
                             [exchange, batch](std::span<const engine::Reply> replies) {
                               answer_batch(*exchange, *batch, replies);
                             });
}

}  // namespace

void write_receipt(const engine::Reply& reply, std::string& out) {
  out.append("{\"position\":\"").append(reply.address.to_string());
  out += reply.duplicate ? "\",\"duplicate\":true}" : "\"}";
}

void set_event(engine::Command& command, event::Event event, std::string_view source,
               const engine::Definitions& definitions, UtcTime now) {
  thread_local filter::MatchScratch scratch;
  if (command.actor.traceparent.empty() && is_traceparent(event.traceparent())) {
    command.actor.traceparent = event.traceparent();
  }
  engine::IngestEvent& body = command.body.emplace<engine::IngestEvent>();
  body.source = source;
  resource::VerdictPtr verdict = definitions.check(command.name_space, event);
  // An event that its type refuses meets no rules: the engine says so, and keeps a sample.
  if (verdict && verdict->refused) body.matched.version = definitions.version();
  else body.matched = definitions.match(command.name_space, event.value(), now, scratch);
  body.matched.verdict = std::move(verdict);
  body.event = std::move(event);
}

void take_event(Context& context, ExchangePtr exchange, event::Event event, std::string_view source,
                engine::Command command) {
  const size_t bytes = text_bytes(event);
  set_event(command, std::move(event), source, *context.backend.definitions(), context.clock.now());
  submit(context, exchange, std::move(command), bytes, [exchange](const engine::Reply& reply) {
    std::string body;
    write_receipt(reply, body);
    exchange->answer_text(202, std::move(body));
  });
}

std::vector<event::HeaderView> header_views(const HttpRequest& request) {
  std::vector<event::HeaderView> views;
  views.reserve(request.headers.size());
  for (const HttpHeader& header : request.headers) views.emplace_back(header.name, header.value);
  return views;
}

void post_events(Context& context, ExchangePtr exchange) {
  Result<engine::Command> command = command_of(*exchange);
  if (!command.ok()) return exchange->fail(command.error());
  Result<event::HttpEvents> read =
      event::from_http(header_views(exchange->request), exchange->request.body);
  if (!read.ok()) return exchange->fail(read.error());
  exchange->request.body = std::string();  // the documents have their own text
  if (read->mode == event::HttpMode::batch) {
    return take_batch(context, std::move(exchange), std::move(read->events), *command);
  }
  take_event(context, std::move(exchange), std::move(*read->events.front()), {},
             std::move(*command));
}

}  // namespace hence::api

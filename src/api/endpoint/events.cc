// SPDX-License-Identifier: Apache-2.0
// Events that are in: list, look up, explain, follow.

#include <charconv>

#include "api/endpoint/event_tail.h"
#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "json/builder.h"

namespace hence::api {
namespace {

constexpr std::string_view kCloudEventType = "application/cloudevents+json";

/// The one event of an id, as a list of it.
Result<json::Value> look_up(engine::Query& query, const Exchange& exchange) {
  const std::string source = exchange.query_text("source"), id = exchange.query_text("id");
  HENCE_TRY(const Address address, source.empty()
                                       ? query.find_event(exchange.name_space(), id)
                                       : query.find_event(exchange.name_space(), source, id));
  HENCE_TRY(const json::Value event, query.event(exchange.name_space(), address));
  json::Builder builder;
  builder.begin_object().key("items").begin_array().value(event).end_array().end_object();
  return std::move(builder).finish();
}

/// Asks about the event of the path.
void answer_about_event(
    Context& context, const ExchangePtr& exchange,
    std::function<Result<json::Value>(engine::Query&, Address address)> ask) {
  const Result<Address> address = read_address(context, exchange->param(0), "event's position");
  if (!address.ok()) return exchange->fail(address.error());
  answer_query(context, exchange, [ask = std::move(ask), address = *address](engine::Query& query) {
    return ask(query, address);
  });
}

/// Where a stream goes on: Last-Event-ID, which browsers send again, before the query's cursor.
Result<std::optional<Position>> read_stream_start(const Exchange& exchange) {
  const HeaderLookup last = exchange.request.find_one("last-event-id");
  const std::string text =
      last.count == HeaderCount::missing ? exchange.query_text("cursor") : std::string(last.value);
  if (text.empty()) return std::optional<Position>();
  Position position;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position.value);
  if (error == std::errc() && end == text.data() + text.size()) return std::optional(position);
  return Error(ErrorCode::RequestInvalid,
               "\"" + text + "\" is no id of an event of this stream; leave it out to begin now");
}

/// The event as its record holds it, byte for byte, for those who ask for a CloudEvent.
void answer_event_text(Context& context, const ExchangePtr& exchange) {
  const Result<Address> address = read_address(context, exchange->param(0), "event's position");
  if (!address.ok()) return exchange->fail(address.error());
  const bool taken = context.workers.run([exchange, address = *address](engine::Query& query) {
    Result<std::string> text = query.event_text(exchange->name_space(), address);
    if (!text.ok()) return exchange->fail(text.error());
    exchange->answer(HttpResponse::with_body(200, std::string(kCloudEventType), std::move(*text)));
  });
  if (!taken) exchange->fail(Error(ErrorCode::Overloaded, "too many questions are waiting already"));
}

}  // namespace

void list_events(Context& context, ExchangePtr exchange) {
  const Result<engine::ListOptions> options = read_list_options(context, *exchange);
  if (!options.ok()) return exchange->fail(options.error());
  answer_query(context, exchange, [exchange, options = *options](engine::Query& query) {
    if (exchange->query("id")) return look_up(query, *exchange);
    return query.events(exchange->name_space(), options);
  });
}

void list_decisions(Context& context, ExchangePtr exchange) {
  const Result<engine::ListOptions> options = read_list_options(context, *exchange);
  if (!options.ok()) return exchange->fail(options.error());
  answer_query(context, exchange, [exchange, options = *options](engine::Query& query) {
    return query.decisions(exchange->name_space(), options);
  });
}

void get_event(Context& context, ExchangePtr exchange) {
  const HeaderLookup accept = exchange->request.find_one("accept");
  if (accept.value.find(kCloudEventType) != std::string_view::npos) {
    return answer_event_text(context, exchange);
  }
  answer_about_event(context, exchange, [exchange](engine::Query& query, Address address) {
    return query.event(exchange->name_space(), address);
  });
}

void explain_event(Context& context, ExchangePtr exchange) {
  answer_about_event(context, exchange, [exchange](engine::Query& query, Address address) {
    return query.explain(exchange->name_space(), address, exchange->query_text("rule"));
  });
}

void list_instances_of_event(Context& context, ExchangePtr exchange) {
  answer_about_event(context, exchange,
                     [exchange](engine::Query& query, Address address) -> Result<json::Value> {
    HENCE_TRY(const json::Value event, query.event(exchange->name_space(), address));
    return query.instances_of(exchange->name_space(), address);
  });
}

void stream_events(Context& context, ExchangePtr exchange) {
  const Result<std::optional<Position>> from = read_stream_start(*exchange);
  if (!from.ok()) return exchange->fail(from.error());
  EventTail::Filter filter{exchange->query_text("type"), exchange->query_text("source")};
  context.tail.follow(exchange, std::move(filter), *from);
}

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
// The catalogue of event types: its schemas, and the whole as AsyncAPI. The resources themselves are
// served as all others are.

#include "api/endpoint/exchange.h"
#include "api/endpoint/handlers.h"

namespace hence::api {

void list_schemas(Context& context, ExchangePtr exchange) {
  answer_query(context, exchange, [exchange](engine::Query& query) { return query.schemas(exchange->name_space()); });
}

void get_schema(Context& context, ExchangePtr exchange) {
  answer_query(context, exchange,
               [exchange](engine::Query& query) { return query.schema(exchange->name_space(), exchange->param(0)); });
}

void get_asyncapi(Context& context, ExchangePtr exchange) {
  answer_query(context, exchange, [exchange](engine::Query& query) { return query.asyncapi(exchange->name_space()); });
}

}  // namespace hence::api

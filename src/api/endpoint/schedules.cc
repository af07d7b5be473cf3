// SPDX-License-Identifier: Apache-2.0
// Schedules: what begins by itself, when next, and what came of it.

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"

namespace hence::api {

void list_schedules(Context& context, ExchangePtr exchange) {
  answer_query(context, exchange, [exchange](engine::Query& query) { return query.schedules(exchange->name_space()); });
}

void get_schedule(Context& context, ExchangePtr exchange) {
  answer_query(context, exchange, [exchange](engine::Query& query) {
    return query.schedule(exchange->name_space(), exchange->param(0));
  });
}

}  // namespace hence::api

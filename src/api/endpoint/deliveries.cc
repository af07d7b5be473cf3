// SPDX-License-Identifier: Apache-2.0
// Deliveries to sinks: list, look at, try a parked one again.

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"

namespace hence::api {

void list_deliveries(Context& context, ExchangePtr exchange) {
  const Result<engine::ListOptions> options = read_list_options(context, *exchange);
  if (!options.ok()) return exchange->fail(options.error());
  answer_query(context, exchange, [exchange, options = *options](engine::Query& query) {
    return query.deliveries(exchange->name_space(), options);
  });
}

void get_delivery(Context& context, ExchangePtr exchange) {
  const Result<engine::EffectId> id = read_effect_id(context, exchange->param(0));
  if (!id.ok()) return exchange->fail(id.error());
  answer_query(context, exchange, [exchange, id = *id](engine::Query& query) {
    return query.delivery(exchange->name_space(), id);
  });
}

void redrive_delivery(Context& context, ExchangePtr exchange) {
  const Result<engine::EffectId> id = read_effect_id(context, exchange->param(0));
  if (!id.ok()) return exchange->fail(id.error());
  constexpr std::string_view kMembers[] = {"reason"};
  const Result<json::Value> body = read_object(*exchange, kMembers);
  if (!body.ok()) return exchange->fail(body.error());
  const Result<std::string> reason = read_reason(*body);
  if (!reason.ok()) return exchange->fail(reason.error());
  Result<engine::Command> command = command_of(*exchange, *reason);
  if (!command.ok()) return exchange->fail(command.error());
  command->body = engine::RedriveDelivery{*id};
  submit(context, exchange, std::move(*command), exchange->request.body.size(),
         [exchange, id = *id](const engine::Reply&) {
           exchange->answer_text(200, "{\"id\":\"" + id.to_string() + "\"}");
         });
}

}  // namespace hence::api

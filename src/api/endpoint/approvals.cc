// SPDX-License-Identifier: Apache-2.0
// Approvals: list, look at, grant, deny.

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "json/builder.h"

namespace hence::api {
namespace {

constexpr size_t kTextBytesMax = 1'024;

void decide(Context& context, const ExchangePtr& exchange, bool grant) {
  constexpr std::string_view kMembers[] = {"reason", "by"};
  const Result<engine::EffectId> id = read_approval_id(context, exchange->param(0));
  if (!id.ok()) return exchange->fail(id.error());
  const Result<json::Value> body = read_object(*exchange, kMembers);
  if (!body.ok()) return exchange->fail(body.error());
  const Result<std::string> reason = read_reason(*body);
  if (!reason.ok()) return exchange->fail(reason.error());
  const Result<std::string> by = read_text(*body, "by", kTextBytesMax);
  if (!by.ok()) return exchange->fail(by.error());
  Result<engine::Command> command = command_of(*exchange, *reason);
  if (!command.ok()) return exchange->fail(command.error());
  command->body = engine::DecideApproval{*id, grant, *by};
  submit(context, exchange, std::move(*command), exchange->request.body.size(),
         [exchange, id = *id, grant](const engine::Reply&) {
           json::Builder builder;
           builder.begin_object().member("id", id.to_string()).member("status", grant ? "granted" : "denied");
           builder.end_object();
           exchange->answer_json(200, std::move(builder).finish());
         });
}

}  // namespace

void list_approvals(Context& context, ExchangePtr exchange) {
  const Result<engine::ListOptions> options = read_list_options(context, *exchange);
  if (!options.ok()) return exchange->fail(options.error());
  answer_query(context, exchange, [exchange, options = *options](engine::Query& query) {
    return query.approvals(exchange->name_space(), options);
  });
}

void get_approval(Context& context, ExchangePtr exchange) {
  const Result<engine::EffectId> id = read_approval_id(context, exchange->param(0));
  if (!id.ok()) return exchange->fail(id.error());
  answer_query(context, exchange, [exchange, id = *id](engine::Query& query) {
    return query.approval(exchange->name_space(), id);
  });
}

void grant_approval(Context& context, ExchangePtr exchange) { decide(context, exchange, true); }

void deny_approval(Context& context, ExchangePtr exchange) { decide(context, exchange, false); }

}  // namespace hence::api

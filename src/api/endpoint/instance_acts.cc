// SPDX-License-Identifier: Apache-2.0
// What a person does to one instance: POST …/instances/{id}/{suspend,resume,retry,skip,context,event}.

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "event/event.h"

namespace hence::api {
namespace {

using Act = engine::ActOnInstance::Act;

constexpr size_t kTaskBytesMax = 4'096;

/// The last word of the route's path, what it does, and what its body may hold beside the reason.
struct ActWord {
  std::string_view word;
  Act act;
  std::string_view task;   ///< member that names the task
  std::string_view value;  ///< member that is its value
  bool needed = false;     ///< whether the value must be there
};
constexpr ActWord kActs[] = {
    {"suspend", Act::suspend, {}, {}},      {"resume", Act::resume, {}, {}},
    {"retry", Act::retry, {}, "input"},     {"skip", Act::skip, "task", "output"},
    {"context", Act::set_context, {}, "context", true}, {"event", Act::send_event, {}, "event", true}};

const ActWord& act_word_of(const Exchange& exchange) {
  const std::string_view path = exchange.route().path;
  const std::string_view word = path.substr(path.rfind('/') + 1);
  for (const ActWord& act : kActs) {
    if (act.word == word) return act;
  }
  HENCE_CHECK(false);
}

/// There is none: maybe there was one, which the log still knows of.
void answer_absent(Context& context, const ExchangePtr& exchange, Address id, const Error& absent) {
  answer_query(context, exchange, [exchange, id, absent](engine::Query& query) -> Result<json::Value> {
    const Result<json::Value> found = query.instance(exchange->name_space(), id);
    return found.ok() ? absent : found.error();
  });
}

}  // namespace

Result<engine::Command> read_act(const Exchange& exchange, Address instance, Reason needed) {
  const ActWord& act = act_word_of(exchange);
  std::vector<std::string_view> members = {"reason"};
  for (const std::string_view member : {act.task, act.value}) {
    if (!member.empty()) members.push_back(member);
  }
  HENCE_TRY(const json::Value body, read_object(exchange, members));
  HENCE_TRY(std::string reason, read_reason(body, needed));
  engine::ActOnInstance made{act.act, instance};
  if (!act.task.empty()) {
    HENCE_TRY(made.task, read_text(body, act.task, kTaskBytesMax));
    if (made.task.empty()) return Error(ErrorCode::RequestInvalid, "task is missing: the name of the task to skip, or its reference");
  }
  const auto value = act.value.empty() ? std::nullopt : body->find(act.value);
  if (act.needed && !value) return Error(ErrorCode::RequestInvalid, std::string(act.value) + " is missing");
  if (value && act.act == Act::send_event) {
    HENCE_TRY(made.event, event::Event::from_value(json::Value::detached(*value)));
  } else if (value) {
    made.value = json::Value::detached(*value);
  }
  HENCE_TRY(engine::Command command, command_of(exchange, std::move(reason)));
  if (made.event && command.actor.traceparent.empty() && is_traceparent(made.event->traceparent())) {
    command.actor.traceparent = made.event->traceparent();
  }
  command.body = std::move(made);
  return command;
}

void act_on_instance(Context& context, ExchangePtr exchange) {
  const Result<Address> id = read_address(context, exchange->param(0), "instance");
  if (!id.ok()) return exchange->fail(id.error());
  Result<engine::Command> command = read_act(*exchange, *id);
  if (!command.ok()) return exchange->fail(command.error());
  const auto done = [&context, exchange, id = *id](const engine::Reply& reply) {
    if (!reply.error) return exchange->answer_text(200, "{\"id\":\"" + id.to_string() + "\"}");
    if (reply.error->code() == ErrorCode::NotFound) return answer_absent(context, exchange, id, *reply.error);
    exchange->fail(*reply.error);
  };
  const Status taken = context.backend.submit(std::move(*command), exchange->request.body.size(), true, done);
  if (!taken.ok()) exchange->fail(taken.error());
}

}  // namespace hence::api

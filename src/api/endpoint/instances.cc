// SPDX-License-Identifier: Apache-2.0
// Instances of workflows: start, list, look at.

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "json/builder.h"
#include "json/parse.h"
#include "workflow/faults.h"

namespace hence::api {
namespace {

using OnConflict = engine::StartInstance::OnConflict;

constexpr size_t kTextBytesMax = 1'024;
constexpr Duration kWaitMax = Duration::seconds(60);
constexpr Duration kFirstPause = Duration::milliseconds(5);
constexpr Duration kLongestPause = Duration::milliseconds(200);

struct StartRequest {
  engine::StartInstance start;
  std::string reason;
  std::optional<Duration> wait;
};

Result<OnConflict> read_on_conflict(json::View body) {
  constexpr std::string_view kWords[] = {"existing", "reject", "replace"};
  HENCE_TRY(const std::string word, read_text(body, "onConflict", kTextBytesMax));
  if (word.empty()) return OnConflict::existing;
  for (size_t i = 0; i < std::size(kWords); ++i) {
    if (word == kWords[i]) return static_cast<OnConflict>(i);
  }
  return Error(ErrorCode::RequestInvalid,
               "unknown onConflict \"" + word + "\"" + workflow::suggestion(word, kWords));
}

Result<std::optional<Duration>> read_wait(json::View body) {
  const std::optional<json::View> wait = body.find("wait");
  if (!wait || wait->is_null()) return std::optional<Duration>();
  const double seconds = wait->is_number() ? wait->as_double() : -1;
  if (seconds >= 0 && seconds <= static_cast<double>(kWaitMax.micros) / 1e6) {
    return std::optional(Duration{static_cast<int64_t>(seconds * 1e6)});
  }
  return Error(ErrorCode::RequestInvalid, "wait is a number of seconds from 0 to 60");
}

Result<StartRequest> read_start(const Exchange& exchange) {
  constexpr std::string_view kMembers[] = {"workflow", "input", "id", "key", "onConflict", "reason", "wait"};
  HENCE_TRY(const json::Value body, read_object(exchange, kMembers));
  StartRequest request;
  HENCE_TRY(request.start.workflow, read_text(body, "workflow", kTextBytesMax));
  if (request.start.workflow.empty()) {
    return Error(ErrorCode::RequestInvalid,
                 "workflow is missing; write namespace/name, or namespace/name:version");
  }
  HENCE_TRY(request.start.id, read_text(body, "id", kTextBytesMax));
  HENCE_TRY(request.start.key, read_text(body, "key", kTextBytesMax));
  HENCE_TRY(request.start.on_conflict, read_on_conflict(body));
  HENCE_TRY(request.reason, read_text(body, "reason", kTextBytesMax));
  HENCE_TRY(request.wait, read_wait(body));
  if (const auto input = body->find("input")) {
    request.start.input = json::Value::detached(*input);
  } else {
    HENCE_TRY(request.start.input, json::parse("{}"));
  }
  return request;
}

/// Answers with the instance when it has ended, or as it is when the time is over. Looks again and
/// again: an instance's end is no event anybody could wait for.
void answer_at_end(Context& context, const ExchangePtr& exchange, Address id,
                   os::MonotonicTime deadline, Duration pause, engine::Query& query) {
  const Result<json::Value> instance = query.instance(exchange->name_space(), id);
  if (!instance.ok()) return exchange->fail(instance.error());
  const bool ended = (*instance)->find("ended").has_value();
  if (ended || context.clock.monotonic() >= deadline) return exchange->answer_json(201, *instance);
  const Duration next = std::min(Duration{pause.micros * 2}, kLongestPause);
  const bool taken = context.workers.run_after(pause, [=, &context](engine::Query& later) {
    answer_at_end(context, exchange, id, deadline, next, later);
  });
  if (!taken) exchange->answer_json(201, *instance);
}

void answer_started(Context& context, const ExchangePtr& exchange, const engine::Reply& reply,
                    std::optional<Duration> wait) {
  if (!wait) {
    json::Builder builder;
    builder.begin_object().member("id", reply.address.to_string());
    if (reply.duplicate) builder.key("duplicate").boolean(true);
    builder.end_object();
    return exchange->answer_json(reply.duplicate ? 200 : 201, std::move(builder).finish());
  }
  const os::MonotonicTime deadline = context.clock.monotonic() + *wait;
  const bool taken = context.workers.run([=, &context, id = reply.address](engine::Query& query) {
    answer_at_end(context, exchange, id, deadline, kFirstPause, query);
  });
  if (taken) return;
  exchange->fail(Error(ErrorCode::Overloaded, "instance " + reply.address.to_string() +
                                                  " was started, but too many are waited for"));
}

/// Something a person asks of one instance; answered with its id.
template <typename Body>
void act_on_instance(Context& context, const ExchangePtr& exchange, Body body, const std::string& reason) {
  Result<engine::Command> command = command_of(*exchange, reason);
  if (!command.ok()) return exchange->fail(command.error());
  command->body = std::move(body);
  submit(context, exchange, std::move(*command), exchange->request.body.size(),
         [exchange](const engine::Reply& reply) {
           exchange->answer_text(200, "{\"id\":\"" + reply.address.to_string() + "\"}");
         });
}

}  // namespace

void list_instances(Context& context, ExchangePtr exchange) {
  const Result<engine::ListOptions> options = read_list_options(context, *exchange);
  if (!options.ok()) return exchange->fail(options.error());
  answer_query(context, exchange, [exchange, options = *options](engine::Query& query) {
    return query.instances(exchange->name_space(), options);
  });
}

void start_instance(Context& context, ExchangePtr exchange) {
  Result<StartRequest> request = read_start(*exchange);
  if (!request.ok()) return exchange->fail(request.error());
  Result<engine::Command> command = command_of(*exchange, request->reason);
  if (!command.ok()) return exchange->fail(command.error());
  command->body = std::move(request->start);
  submit(context, exchange, std::move(*command), exchange->request.body.size(),
         [&context, exchange, wait = request->wait](const engine::Reply& reply) {
           answer_started(context, exchange, reply, wait);
         });
}

void get_instance(Context& context, ExchangePtr exchange) {
  const Result<Address> id = read_address(context, exchange->param(0), "instance");
  if (!id.ok()) return exchange->fail(id.error());
  answer_query(context, exchange, [exchange, id = *id](engine::Query& query) {
    return query.instance(exchange->name_space(), id);
  });
}

void trace_instance(Context& context, ExchangePtr exchange) {
  const Result<Address> id = read_address(context, exchange->param(0), "instance");
  if (!id.ok()) return exchange->fail(id.error());
  answer_query(context, exchange, [exchange, id = *id](engine::Query& query) {
    return query.trace(exchange->name_space(), id);
  });
}

void cancel_instance(Context& context, ExchangePtr exchange) {
  const Result<Address> id = read_address(context, exchange->param(0), "instance");
  if (!id.ok()) return exchange->fail(id.error());
  const Result<CancelBody> body = read_cancel(*exchange);
  if (!body.ok()) return exchange->fail(body.error());
  act_on_instance(context, exchange, engine::CancelInstance{*id, body->undo}, body->reason);
}

namespace {

void decide_parked(Context& context, const ExchangePtr& exchange, workflow::Parked decision) {
  const Result<Address> id = read_address(context, exchange->param(0), "instance");
  if (!id.ok()) return exchange->fail(id.error());
  constexpr std::string_view kMembers[] = {"reason"};
  const Result<json::Value> body = read_object(*exchange, kMembers);
  if (!body.ok()) return exchange->fail(body.error());
  const Result<std::string> reason = read_reason(*body);
  if (!reason.ok()) return exchange->fail(reason.error());
  act_on_instance(context, exchange, engine::DecideParked{*id, decision}, *reason);
}

}  // namespace

void redrive_compensation(Context& context, ExchangePtr exchange) {
  decide_parked(context, exchange, workflow::Parked::redrive);
}

void skip_compensation(Context& context, ExchangePtr exchange) {
  decide_parked(context, exchange, workflow::Parked::skip);
}

}  // namespace hence::api

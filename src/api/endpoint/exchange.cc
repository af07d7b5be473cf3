// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/exchange.h"

#include <algorithm>

#include "json/write.h"

namespace hence::api {
namespace {

constexpr size_t kIdempotencyKeyBytesMax = 255;

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

bool is_traceparent(std::string_view text) {
  // version "-" trace-id "-" parent-id "-" flags; later versions may have more after another dash.
  constexpr size_t kBytes = 55;
  constexpr size_t kBytesMax = 256;
  if (text.size() < kBytes || text.size() > kBytesMax) return false;
  const std::string_view version = text.substr(0, 2), trace = text.substr(3, 32),
                         parent = text.substr(36, 16), flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  if (!is_lower_hex(version) || version == "ff") return false;
  if (text.size() > kBytes && (version == "00" || text[kBytes] != '-')) return false;
  return is_lower_hex(trace) && !is_all_zero(trace) && is_lower_hex(parent) &&
         !is_all_zero(parent) && is_lower_hex(flags);
}

Exchange::Exchange(HttpRequest the_request, Responder responder, RouteMatch match,
                   EndpointLimits the_limits, std::string principal, Metrics& metrics)
    : request(std::move(the_request)),
      limits(the_limits),
      match_(std::move(match)),
      principal_(std::move(principal)),
      metrics_(metrics),
      responder_(std::move(responder)) {}

Result<bool> Exchange::query_flag(std::string_view name) const {
  const std::optional<std::string_view> text = query(name);
  if (!text || *text == "false") return false;
  if (text->empty() || *text == "true") return true;
  return Error(ErrorCode::RequestInvalid,
               "the query parameter " + std::string(name) + " is true or false");
}

engine::Actor Exchange::actor(std::string reason) const {
  engine::Actor actor;
  actor.principal = principal_;
  actor.reason = std::move(reason);
  const HeaderLookup trace = request.find_one("traceparent");
  if (trace.count == HeaderCount::one && is_traceparent(trace.value)) {
    actor.traceparent = trace.value;
  }
  return actor;
}

Result<std::string> Exchange::idempotency_key() const {
  const HeaderLookup key = request.find_one("idempotency-key");
  if (key.count == HeaderCount::missing) return std::string();
  if (key.count == HeaderCount::many || key.value.empty() ||
      key.value.size() > kIdempotencyKeyBytesMax) {
    return Error(ErrorCode::RequestInvalid, "send one Idempotency-Key of 1 to 255 characters");
  }
  return std::string(route().operation) + ":" + std::string(key.value);
}

void Exchange::answer(HttpResponse response) {
  metrics_.count_answer(match_.route, response.status);
  responder_.answer(std::move(response));
}

void Exchange::answer_json(int status, json::View value) {
  std::string body;
  json::write(value, body);
  answer_text(status, std::move(body));
}

void Exchange::answer_text(int status, std::string json) {
  json += '\n';
  answer(HttpResponse::with_body(status, "application/json", std::move(json)));
}

void Exchange::fail(const Error& error, const ProblemMembers& members, int status) {
  answer(problem(error, responder_.request_id(), members, status));
}

Stream Exchange::start_stream(HttpResponse head, StreamOptions options) {
  metrics_.count_answer(match_.route, head.status);
  return responder_.start_stream(std::move(head), std::move(options));
}

void answer_query(Context& context, ExchangePtr exchange,
                  std::function<Result<json::Value>(engine::Query&)> ask) {
  const bool taken = context.workers.run([exchange, ask = std::move(ask)](engine::Query& query) {
    const Result<json::Value> answer = ask(query);
    if (answer.ok()) {
      exchange->answer_json(200, *answer);
    } else {
      exchange->fail(answer.error());
    }
  });
  if (taken) return;
  exchange->fail(Error(ErrorCode::Overloaded, "too many questions are waiting already"));
}

void submit(Context& context, ExchangePtr exchange, engine::Command command, size_t bytes,
            std::function<void(const engine::Reply&)> then) {
  const auto done = [exchange, then = std::move(then)](const engine::Reply& reply) {
    if (reply.error) {
      ProblemMembers members;
      if (reply.verdict) members.emplace_back("errors", resource::to_json(reply.verdict->faults)->to_text());
      exchange->fail(*reply.error, members);
    } else {
      then(reply);
    }
  };
  const Status status = context.backend.submit(std::move(command), bytes, true, done);
  if (!status.ok()) exchange->fail(status.error());
}

Result<engine::Command> command_of(const Exchange& exchange, std::string reason) {
  engine::Command command;
  command.name_space = exchange.name_space();
  command.actor = exchange.actor(std::move(reason));
  HENCE_TRY(command.idempotency_key, exchange.idempotency_key());
  return command;
}

}  // namespace hence::api

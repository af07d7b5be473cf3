// SPDX-License-Identifier: Apache-2.0
#pragma once

// One admitted request and the duty to answer it, shared by whatever it takes to find the answer.
// And what all handlers share.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/endpoint/metrics.h"
#include "api/endpoint/query_workers.h"
#include "api/endpoint/route.h"
#include "api/endpoints.h"
#include "api/problem.h"
#include "engine/command.h"
#include "json/value.h"

namespace hence::api {

class EventTail;

/// What handlers work with.
struct Context {
  const EndpointOptions& options;
  Backend& backend;
  const os::Clock& clock;
  QueryWorkers& workers;
  EventTail& tail;
  Metrics& metrics;
  const std::string& openapi;
};

class Exchange {
 public:
  Exchange(HttpRequest the_request, Responder responder, RouteMatch match,
           EndpointLimits the_limits, std::string principal, Metrics& metrics);

  HttpRequest request;          ///< a handler may take the body
  const EndpointLimits limits;  ///< as they were when it came

  const std::string& name_space() const { return match_.name_space; }
  const Route& route() const { return *match_.route; }
  /// The path's parameter of that number.
  const std::string& param(size_t index) const { return match_.params.at(index); }
  std::optional<std::string_view> query(std::string_view name) const {
    return request.find_query(name);
  }
  /// The query's text; empty where it is not given.
  std::string query_text(std::string_view name) const {
    return std::string(query(name).value_or(""));
  }
  /// Errors: RequestInvalid for what is neither true nor false.
  Result<bool> query_flag(std::string_view name) const;

  /// Who asks, with the trace of the request's traceparent.
  engine::Actor actor(std::string reason = {}) const;
  /// The Idempotency-Key with the operation before it; empty where there is none.
  /// Errors: RequestInvalid.
  Result<std::string> idempotency_key() const;

  // Each answers; one of them, once.
  void answer(HttpResponse response);
  void answer_json(int status, json::View value);
  void answer_text(int status, std::string json);
  void fail(const Error& error, const ProblemMembers& members = {}, int status = 0);
  Stream start_stream(HttpResponse head, StreamOptions options);

  const std::string& request_id() const { return responder_.request_id(); }

 private:
  const RouteMatch match_;
  const std::string principal_;
  Metrics& metrics_;
  Responder responder_;
};
using ExchangePtr = std::shared_ptr<Exchange>;

/// Answers 200 with what ask finds, on another thread.
void answer_query(Context& context, ExchangePtr exchange,
                  std::function<Result<json::Value>(engine::Query&)> ask);

/// Hands a command over; then runs with its reply, where that is no error. All else is answered.
void submit(Context& context, ExchangePtr exchange, engine::Command command, size_t bytes,
            std::function<void(const engine::Reply&)> then);

/// The exchange's actor and namespace around a body. Errors: RequestInvalid (Idempotency-Key).
Result<engine::Command> command_of(const Exchange& exchange, std::string reason = {});

/// A W3C trace context of a form that may be passed on.
bool is_traceparent(std::string_view text);

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
#include "api/endpoints.h"

#include <mutex>

#include "api/endpoint/admission.h"
#include "api/endpoint/event_tail.h"
#include "api/endpoint/exchange.h"
#include "api/endpoint/openapi.h"
#include "api/endpoint/request_read.h"
#include "event/media_type.h"

namespace hence::api {
namespace {

constexpr Duration kMinPositionPatience = Duration::seconds(10);
constexpr uint64_t kNoBodyBytes = 4 << 10;  // a body where none is wanted is read past, if short

/// What a reload replaces; a request keeps the ones it began with.
struct Settings {
  EndpointLimits limits;
  std::string token;
};

bool is_batch(const RequestHead& head) {
  return event::begins_ignoring_case(head.find_one("content-type").value,
                                     "application/cloudevents-batch");
}

BodyLimit limit_of(const Route& route, const RequestHead& head, const EndpointLimits& limits) {
  switch (route.body) {
    case Body::none: return {kNoBodyBytes, std::nullopt};
    case Body::event:
      if (is_batch(head)) return {limits.batch_bytes, std::nullopt, "limits.batchBytes"};
      return {limits.event_bytes, std::nullopt, "limits.eventBytes"};
    case Body::webhook: return {limits.webhook_bytes, std::nullopt, "limits.webhookBytes"};
    case Body::resources: return {limits.resource_bytes, std::nullopt, "limits.resourceBytes"};
    case Body::json: return {limits.event_bytes, std::nullopt, "limits.eventBytes"};
  }
  return {0, std::nullopt};
}

}  // namespace

struct Endpoints::State {
  explicit State(EndpointOptions the_options)
      : options(std::move(the_options)),
        settings(std::make_shared<const Settings>(Settings{options.limits, options.token})),
        openapi(openapi_document(options.version)),
        workers(options),
        tail(options),
        context{options, options.backend, *options.clock, workers, tail, metrics, openapi} {}

  std::shared_ptr<const Settings> current() const {
    const std::lock_guard lock(mutex);
    return settings;
  }
  template <typename Change>
  void change_settings(Change change) {
    const std::lock_guard lock(mutex);
    Settings changed = *settings;
    change(changed);
    settings = std::make_shared<const Settings>(std::move(changed));
  }
  void dispatch(const ExchangePtr& exchange);

  EndpointOptions options;
  mutable std::mutex mutex;
  std::shared_ptr<const Settings> settings;
  Metrics metrics;
  const std::string openapi;
  QueryWorkers workers;
  EventTail tail;
  Context context;
};

/// Runs the handler, after what the request wants to see is applied.
void Endpoints::State::dispatch(const ExchangePtr& exchange) {
  const auto min_position = exchange->query("min_position");
  if (!min_position) return exchange->route().handler(context, exchange);
  const Result<Address> address = read_address(context, *min_position, "position");
  if (!address.ok()) return exchange->fail(address.error());
  const auto then = [this, exchange, address = *address](bool applied) {
    if (applied) return exchange->route().handler(context, exchange);
    exchange->fail(Error(ErrorCode::Overloaded, "position " + address.to_string() +
                                                    " is not applied after 10 s; try again"));
  };
  options.backend.when_applied(*address, kMinPositionPatience, then);
}

Endpoints::Endpoints(EndpointOptions options) {
  HENCE_CHECK(options.clock != nullptr);
  state_ = std::make_unique<State>(std::move(options));
}

Endpoints::~Endpoints() = default;

BodyLimit Endpoints::body_limit(const RequestHead& head) {
  const auto settings = state_->current();
  Admission admission = admit(head, settings->token);
  if (auto* refused = std::get_if<Refused>(&admission)) {
    state_->metrics.count_answer(refused->route, refused->answer.status);
    return {0, std::move(refused->answer)};
  }
  const Route& route = *std::get<Admitted>(admission).match.route;
  return limit_of(route, head, settings->limits);
}

void Endpoints::handle(HttpRequest request, Responder responder) {
  const auto settings = state_->current();
  Admission admission = admit(request, settings->token);
  if (auto* refused = std::get_if<Refused>(&admission)) {
    state_->metrics.count_answer(refused->route, refused->answer.status);
    return responder.answer(std::move(refused->answer));
  }
  Admitted& admitted = std::get<Admitted>(admission);
  state_->dispatch(std::make_shared<Exchange>(std::move(request), std::move(responder),
                                              std::move(admitted.match), settings->limits,
                                              std::move(admitted.principal), state_->metrics));
}

void Endpoints::set_limits(const EndpointLimits& limits) {
  state_->change_settings([&](Settings& settings) { settings.limits = limits; });
}

void Endpoints::set_token(std::string token) {
  state_->change_settings([&](Settings& settings) { settings.token = std::move(token); });
}

}  // namespace hence::api

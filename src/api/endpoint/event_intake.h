// SPDX-License-Identifier: Apache-2.0
#pragma once

// What events by POST /events and by webhooks have in common on their way to the engine.

#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint/exchange.h"
#include "event/event.h"
#include "event/http.h"

namespace hence::api {

/// The request's headers as the event module reads them; they point into the request.
std::vector<event::HeaderView> header_views(const HttpRequest& request);

/// Makes the command one that takes the event in, with the rules it meets under these definitions.
/// Its own traceparent counts where the request had none. source: the Source resource, or empty.
void set_event(engine::Command& command, event::Event event, std::string_view source,
               const engine::Definitions& definitions, UtcTime now);

/// Appends {"position": …}, with duplicate: true for one seen before.
void write_receipt(const engine::Reply& reply, std::string& out);

/// Takes one event in, and answers 202 with its position when it is durable.
void take_event(Context& context, ExchangePtr exchange, event::Event event, std::string_view source,
                engine::Command command);

}  // namespace hence::api

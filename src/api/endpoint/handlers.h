// SPDX-License-Identifier: Apache-2.0
#pragma once

// The handlers of all routes, each declared once for the table. What each does is said there.

#include <memory>

#include "api/endpoint/route.h"

namespace hence::api {

// server.cc
void get_livez(Context& context, std::shared_ptr<Exchange> exchange);
void get_readyz(Context& context, std::shared_ptr<Exchange> exchange);
void get_metrics(Context& context, std::shared_ptr<Exchange> exchange);
void get_openapi(Context& context, std::shared_ptr<Exchange> exchange);
// ingest.cc, webhooks.cc
void post_events(Context& context, std::shared_ptr<Exchange> exchange);
void post_webhook(Context& context, std::shared_ptr<Exchange> exchange);
// events.cc
void list_events(Context& context, std::shared_ptr<Exchange> exchange);
void get_event(Context& context, std::shared_ptr<Exchange> exchange);
void list_decisions(Context& context, std::shared_ptr<Exchange> exchange);
void explain_event(Context& context, std::shared_ptr<Exchange> exchange);
void list_instances_of_event(Context& context, std::shared_ptr<Exchange> exchange);
void stream_events(Context& context, std::shared_ptr<Exchange> exchange);
// resources.cc
void post_apply(Context& context, std::shared_ptr<Exchange> exchange);
void list_resources(Context& context, std::shared_ptr<Exchange> exchange);
void get_resource(Context& context, std::shared_ptr<Exchange> exchange);
void delete_resource(Context& context, std::shared_ptr<Exchange> exchange);
// event_types.cc
void list_schemas(Context& context, std::shared_ptr<Exchange> exchange);
void get_schema(Context& context, std::shared_ptr<Exchange> exchange);
void get_asyncapi(Context& context, std::shared_ptr<Exchange> exchange);
// instances.cc
void list_schedules(Context& context, std::shared_ptr<Exchange> exchange);
void get_schedule(Context& context, std::shared_ptr<Exchange> exchange);
void list_instances(Context& context, std::shared_ptr<Exchange> exchange);
void start_instance(Context& context, std::shared_ptr<Exchange> exchange);
void get_instance(Context& context, std::shared_ptr<Exchange> exchange);
void trace_instance(Context& context, std::shared_ptr<Exchange> exchange);
void cancel_instance(Context& context, std::shared_ptr<Exchange> exchange);
void redrive_compensation(Context& context, std::shared_ptr<Exchange> exchange);
void skip_compensation(Context& context, std::shared_ptr<Exchange> exchange);
// instance_why.cc
void why_instance(Context& context, std::shared_ptr<Exchange> exchange);
// instance_acts.cc
void act_on_instance(Context& context, std::shared_ptr<Exchange> exchange);
// approvals.cc
void list_approvals(Context& context, std::shared_ptr<Exchange> exchange);
void get_approval(Context& context, std::shared_ptr<Exchange> exchange);
void grant_approval(Context& context, std::shared_ptr<Exchange> exchange);
void deny_approval(Context& context, std::shared_ptr<Exchange> exchange);
// deliveries.cc
void list_deliveries(Context& context, std::shared_ptr<Exchange> exchange);
void get_delivery(Context& context, std::shared_ptr<Exchange> exchange);
void redrive_delivery(Context& context, std::shared_ptr<Exchange> exchange);

// by_query.cc
void redrive_compensations(Context& context, std::shared_ptr<Exchange> exchange);
void skip_compensations(Context& context, std::shared_ptr<Exchange> exchange);
void cancel_instances(Context& context, std::shared_ptr<Exchange> exchange);
void act_on_found(Context& context, std::shared_ptr<Exchange> exchange);
void redrive_deliveries(Context& context, std::shared_ptr<Exchange> exchange);
// checkpoints.cc
void create_checkpoint(Context& context, std::shared_ptr<Exchange> exchange);
void list_checkpoints(Context& context, std::shared_ptr<Exchange> exchange);

}  // namespace hence::api

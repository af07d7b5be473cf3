// SPDX-License-Identifier: Apache-2.0
// All routes. To add one: its row here, its handler in handlers.h, its answer in schemas.cc.

#include "api/endpoint/handlers.h"
#include "api/endpoint/route.h"

namespace hence::api {
namespace {

using enum HttpMethod;

constexpr QueryParameter kLimit{"limit", "integer", "items at most, 1 to 1000; 100 if left out"};
constexpr QueryParameter kCursor{"cursor", "string", "`next` of the answer before"};
constexpr QueryParameter kSince{"since", "string",
                                "from this time on: RFC 3339, or how long ago (10m)"};
constexpr QueryParameter kUntil{"until", "string",
                                "before this time: RFC 3339, or how long ago (10m)"};
constexpr QueryParameter kMinPosition{
    "min_position", "string", "answer once the record at this position is applied, or after 10 s"};
constexpr QueryParameter kType{"type", "string",
                               "events of this type; a last * stands for any rest"};
constexpr QueryParameter kSource{"source", "string", "events of this source"};

constexpr QueryParameter kOnlyPosition[] = {kMinPosition};
constexpr QueryParameter kEventList[] = {
    kType,  kSource, {"id", "string", "the one event of this id (and source)"},
    kSince, kUntil,  kLimit,
    kCursor, kMinPosition};
constexpr QueryParameter kEventStream[] = {
    kType, kSource, {"cursor", "string", "where to begin, as Last-Event-ID"}, kMinPosition};
constexpr QueryParameter kExplain[] = {{"rule", "string", "only this rule"}, kMinPosition};
constexpr QueryParameter kApply[] = {
    {"dry_run", "boolean", "check and compare, change nothing"},
    {"prune", "boolean", "delete what the namespace has and the documents do not"}};
constexpr QueryParameter kInstanceList[] = {
    {"workflow", "string", "instances of this workflow, namespace/name"},
    {"parent", "string", "subflows of this instance"},
    {"status", "string",
     "pending, running, waiting, suspended, compensating, cancelled, faulted or completed"},
    {"parked", "boolean", "instances whose compensation waits for a person"}, kSince, kUntil, kLimit, kCursor, kMinPosition};
constexpr QueryParameter kDeliveryList[] = {
    {"sink", "string", "deliveries to this sink"},
    {"status", "string", "ready, delayed, blocked, parked, done or cancelled"},
    {"event", "string", "deliveries an event led to, by its position"},
    kSince, kUntil, kLimit, kCursor, kMinPosition};

constexpr QueryParameter kApprovalList[] = {
    {"workflow", "string", "approvals of this workflow, namespace/name"},
    {"status", "string", "pending, granted, denied, expired or withdrawn"},
    kSince, kUntil, kLimit, kCursor, kMinPosition};
constexpr QueryParameter kDelete[] = {
    {"unused", "boolean", "of workflows: only a version on which no instance runs, else 409 with their number"}};
constexpr QueryParameter kDecisionList[] = {
    {"rule", "string", "decisions in which this rule matched or failed"},
    {"matched", "boolean", "whether the rule, or without `rule` any rule, matched"},
    kSince, kUntil, kLimit, kCursor, kMinPosition};
constexpr QueryParameter kDryRun{"dry_run", "boolean", "only say which they are"};
constexpr QueryParameter kInstancesByQuery[] = {
    {"workflow", "string", "instances of this workflow, namespace/name"},
    {"parent", "string", "subflows of this instance"},
    {"status", "string", "pending, running, waiting, suspended, compensating or faulted"},
    kSince, kUntil, kLimit, kCursor, kDryRun};
constexpr QueryParameter kParked{"parked", "boolean", "instances whose compensation waits for a person"};
constexpr QueryParameter kParkedByQuery[] = {
    {"workflow", "string", "instances of this workflow, namespace/name"}, kParked,
    kSince, kUntil, kLimit, kCursor, kDryRun};
constexpr QueryParameter kDeliveriesByQuery[] = {
    {"sink", "string", "deliveries to this sink"},
    {"event", "string", "deliveries an event led to, by its position"},
    kSince, kUntil, kLimit, kCursor, kDryRun};

constexpr Scope kSpace = Scope::name_space;
constexpr Scope kShort = Scope::name_space_short;

/// The three routes of a kind of resources.
#define HENCE_RESOURCE_ROUTES(plural, one, many)                                                   \
  {get, "/" plural, kSpace, Access::token, Body::none, list_resources, "list" many,                \
   "All " plural " as they are.", 200, "ResourceList", kOnlyPosition},                             \
  {get, "/" plural "/{name...}", kSpace, Access::token, Body::none, get_resource, "get" one,       \
   "One of the " plural " as it is.", 200, "Resource", kOnlyPosition},                             \
  {del, "/" plural "/{name...}", kSpace, Access::token, Body::none, delete_resource, "delete" one, \
   "Deletes one of the " plural "; 409 while another resource refers to it.", 200, "ApplyResult", kDelete}

constexpr Route kRoutes[] = {
    {get, "/livez", Scope::server, Access::open, Body::none, get_livez, "getLivez",
     "Answers while the process is alive.", 200, "Health"},
    {get, "/readyz", Scope::server, Access::open, Body::none, get_readyz, "getReadyz",
     "Answers 200 while new work is taken, 503 while it is not.", 200, "Health"},
    {get, "/metrics", Scope::server, Access::token, Body::none, get_metrics, "getMetrics",
     "Counters and gauges as OpenMetrics text.", 200, "Text"},
    {get, "/openapi.json", Scope::server, Access::token, Body::none, get_openapi, "getOpenapi",
     "This document.", 200, "Document"},

    {post, "/events", kShort, Access::token, Body::event, post_events, "sendEvents",
     "Takes CloudEvents in binary, structured or batched mode; answers when they are durable.", 202,
     "EventReceipt"},
    {post, "/webhooks/{source}", kShort, Access::signature, Body::webhook, post_webhook,
     "receiveWebhook", "Takes a provider's signed webhook as an event, by a Source resource.", 202,
     "EventReceipt"},
    {get, "/events", kSpace, Access::token, Body::none, list_events, "listEvents",
     "Events in the order of the log; without since and cursor the newest.", 200, "EventList",
     kEventList},
    {get, "/events/stream", kSpace, Access::token, Body::none, stream_events, "streamEvents",
     "Events as they come (server-sent events); Last-Event-ID goes on after the last one seen.",
     200, "EventStream", kEventStream},
    {get, "/events/{position}", kSpace, Access::token, Body::none, get_event, "getEvent",
     "One event.", 200, "Event", kOnlyPosition},
    {get, "/events/{position}/explain", kSpace, Access::token, Body::none, explain_event,
     "explainEvent", "Every rule that looked at the event: matched, or not and why.", 200,
     "Explanation", kExplain},
    {get, "/events/{position}/instances", kSpace, Access::token, Body::none,
     list_instances_of_event, "listInstancesOfEvent", "Instances the event started.", 200,
     "InstanceList", kOnlyPosition},
    {get, "/decisions", kSpace, Access::token, Body::none, list_decisions, "listDecisions",
     "What was decided on events, in the order of the log; without since and cursor the newest.",
     200, "DecisionList", kDecisionList},
    {get, "/decisions/{position}", kSpace, Access::token, Body::none, explain_event, "getDecision",
     "The decision on the event at the position; the same answer as its explanation.", 200,
     "Explanation", kExplain},

    {post, "/apply", kSpace, Access::token, Body::resources, post_apply, "applyResources",
     "Makes resources equal to the documents (YAML or JSON): all of them or none.", 200,
     "ApplyResult", kApply},
    HENCE_RESOURCE_ROUTES("rules", "Rule", "Rules"),
    HENCE_RESOURCE_ROUTES("workflows", "Workflow", "Workflows"),
    HENCE_RESOURCE_ROUTES("sources", "Source", "Sources"),
    HENCE_RESOURCE_ROUTES("sinks", "Sink", "Sinks"),
    HENCE_RESOURCE_ROUTES("secrets", "Secret", "Secrets"),
    HENCE_RESOURCE_ROUTES("event-types", "EventType", "EventTypes"),
    {get, "/schedules", kSpace, Access::token, Body::none, list_schedules, "listSchedules",
     "All Schedules and workflows with a `schedule`: what they wait for and what came of it.", 200,
     "ScheduleList", kOnlyPosition},
    {get, "/schedules/{name...}", kSpace, Access::token, Body::none, get_schedule, "getSchedule",
     "One Schedule by its name, or a workflow with a `schedule` by namespace/name.", 200, "Schedule",
     kOnlyPosition},
    {del, "/schedules/{name...}", kSpace, Access::token, Body::none, delete_resource,
     "deleteSchedule", "Deletes a Schedule; what it started runs on.", 200, "ApplyResult"},
    {get, "/asyncapi.json", kSpace, Access::token, Body::none, get_asyncapi, "getAsyncapi",
     "The event types as an AsyncAPI 3.0 document.", 200, "Document", kOnlyPosition},
    {get, "/schemas", kSpace, Access::token, Body::none, list_schemas, "listSchemas",
     "The JSON Schemas of the event types.", 200, "SchemaList", kOnlyPosition},
    {get, "/schemas/{name...}", kSpace, Access::token, Body::none, get_schema, "getSchema",
     "The JSON Schema of one event type, alone.", 200, "Document", kOnlyPosition},

    {get, "/instances", kSpace, Access::token, Body::none, list_instances, "listInstances",
     "Instances of workflows, newest first.", 200, "InstanceList", kInstanceList},
    {post, "/instances", kSpace, Access::token, Body::json, start_instance, "startInstance",
     "Starts a workflow; with wait, answers when it has ended.", 201, "StartedInstance"},
    {get, "/instances/{id}", kSpace, Access::token, Body::none, get_instance, "getInstance",
     "One instance with its output, error and what it waits for.", 200, "Instance", kOnlyPosition},
    {get, "/instances/{id}/trace", kSpace, Access::token, Body::none, trace_instance,
     "traceInstance", "Each task that ran, with input, output, attempts and times.", 200, "Trace",
     kOnlyPosition},
    {get, "/instances/{id}/why", kSpace, Access::token, Body::none, why_instance, "whyInstance",
     "All that the instance waits for: events with a sample that it would take, timers, calls, who suspended it.",
     200, "Why", kOnlyPosition},
    {post, "/instances/by-query/cancel", kSpace, Access::token, Body::json, cancel_instances,
     "cancelInstances", "Ends all instances that the query finds and that have not ended, at most "
     "limit; next says where to go on.", 200, "ByQueryResult", kInstancesByQuery},
    {post, "/instances/{id}/cancel", kSpace, Access::token, Body::json, cancel_instance,
     "cancelInstance", "Ends an instance; with compensate, what its tasks did is undone first.",
     200, "InstanceReference"},
    {post, "/instances/by-query/compensation/redrive", kSpace, Access::token, Body::json,
     redrive_compensations, "redriveCompensations", "Runs the parked compensations of all instances "
     "that the query finds again.", 200, "ByQueryResult", kParkedByQuery},
    {post, "/instances/by-query/compensation/skip", kSpace, Access::token, Body::json,
     skip_compensations, "skipCompensations", "Leaves the parked compensations of all instances that "
     "the query finds undone and goes on with what was done before.", 200, "ByQueryResult",
     kParkedByQuery},
    {post, "/instances/{id}/compensation/redrive", kSpace, Access::token, Body::json,
     redrive_compensation, "redriveCompensation", "Runs a parked compensation again, from its first "
     "task.", 200, "InstanceReference"},
    {post, "/instances/{id}/compensation/skip", kSpace, Access::token, Body::json,
     skip_compensation, "skipCompensation", "Leaves a parked compensation undone and goes on with "
     "what was done before.", 200, "InstanceReference"},
    {post, "/instances/by-query/suspend", kSpace, Access::token, Body::json, act_on_found,
     "suspendInstances", "Suspends all running instances that the query finds.", 200, "ByQueryResult",
     kInstancesByQuery},
    {post, "/instances/by-query/resume", kSpace, Access::token, Body::json, act_on_found,
     "resumeInstances", "Resumes all suspended instances that the query finds.", 200, "ByQueryResult",
     kInstancesByQuery},
    {post, "/instances/by-query/retry", kSpace, Access::token, Body::json, act_on_found,
     "retryInstances", "Retries all faulted instances that the query finds.", 200, "ByQueryResult",
     kInstancesByQuery},
    {post, "/instances/by-query/skip", kSpace, Access::token, Body::json, act_on_found,
     "skipTasks", "Ends a task by hand, of all instances that the query finds; one that does not stand at it "
     "has its error.", 200, "ByQueryResult", kInstancesByQuery},
    {post, "/instances/by-query/context", kSpace, Access::token, Body::json, act_on_found,
     "setContexts", "Replaces the context of all instances that the query finds.", 200, "ByQueryResult",
     kInstancesByQuery},
    {post, "/instances/by-query/event", kSpace, Access::token, Body::json, act_on_found,
     "sendEventToInstances", "Gives an event to each instance that the query finds; no rules are asked. One that does "
     "not wait for it has its error.", 200, "ByQueryResult", kInstancesByQuery},
    {post, "/instances/{id}/suspend", kSpace, Access::token, Body::json, act_on_instance,
     "suspendInstance", "No further task of it begins, nor of subflows it awaits; what comes is kept until the resume.", 200, "InstanceReference"},
    {post, "/instances/{id}/resume", kSpace, Access::token, Body::json, act_on_instance,
     "resumeInstance", "A suspended instance goes on.", 200, "InstanceReference"},
    {post, "/instances/{id}/retry", kSpace, Access::token, Body::json, act_on_instance,
     "retryInstance", "A faulted instance goes on from the task that failed.", 200, "InstanceReference"},
    {post, "/instances/{id}/skip", kSpace, Access::token, Body::json, act_on_instance,
     "skipTask", "Ends a task that waits or has failed, by hand.", 200, "InstanceReference"},
    {post, "/instances/{id}/context", kSpace, Access::token, Body::json, act_on_instance,
     "setContext", "Replaces the instance's context.", 200, "InstanceReference"},
    {post, "/instances/{id}/event", kSpace, Access::token, Body::json, act_on_instance,
     "sendEventToInstance", "Gives an event to this instance alone; no rules are asked.", 200, "InstanceReference"},

    {get, "/approvals", kSpace, Access::token, Body::none, list_approvals, "listApprovals",
     "What waits, or waited, for a person's decision, newest first.", 200, "ApprovalList", kApprovalList},
    {get, "/approvals/{id}", kSpace, Access::token, Body::none, get_approval, "getApproval",
     "One approval with its details.", 200, "Approval", kOnlyPosition},
    {post, "/approvals/{id}/grant", kSpace, Access::token, Body::json, grant_approval, "grantApproval",
     "Grants it; 409 with what was decided where somebody was first, 403 to who may not decide.", 200,
     "ApprovalDecision"},
    {post, "/approvals/{id}/deny", kSpace, Access::token, Body::json, deny_approval, "denyApproval",
     "Denies it; answers as grant does.", 200, "ApprovalDecision"},

    {get, "/deliveries", kSpace, Access::token, Body::none, list_deliveries, "listDeliveries",
     "Deliveries to sinks, newest first.", 200, "DeliveryList", kDeliveryList},
    {get, "/deliveries/{id}", kSpace, Access::token, Body::none, get_delivery, "getDelivery",
     "One delivery with each of its attempts.", 200, "Delivery", kOnlyPosition},
    {post, "/deliveries/by-query/redrive", kSpace, Access::token, Body::json, redrive_deliveries,
     "redriveDeliveries", "Tries all parked deliveries again that the query finds, at most limit; "
     "next says where to go on.", 200, "ByQueryResult", kDeliveriesByQuery},
    {post, "/deliveries/{id}/redrive", kSpace, Access::token, Body::json, redrive_delivery,
     "redriveDelivery", "Tries a parked delivery again.", 200, "DeliveryReference"},

    {get, "/checkpoints", kSpace, Access::token, Body::none, list_checkpoints, "listCheckpoints",
     "Checkpoints of the data folder, all namespaces.", 200, "CheckpointList"},
    {post, "/checkpoints", kSpace, Access::token, Body::json, create_checkpoint,
     "createCheckpoint", "Writes a checkpoint of the data folder, all namespaces, while the server "
     "runs on.", 201, "Checkpoint"},
};

#undef HENCE_RESOURCE_ROUTES

}  // namespace

std::span<const Route> all_routes() { return kRoutes; }

}  // namespace hence::api

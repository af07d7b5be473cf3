// SPDX-License-Identifier: Apache-2.0
// The shapes of tasks. Source: the specification's schema/workflow.yaml, DSL 1.0.3.

#include <algorithm>
#include <vector>

#include "workflow/definition.h"
#include "workflow/shapes_shared.h"

namespace hence::workflow {

using enum Shape::Kind;

const Shape kTaskShape{.kind = task};
const Shape kTaskListShape{.kind = entries, .item = &kTaskShape};

namespace {

constexpr std::string_view kReadModes[] = {"data", "envelope", "raw"};
constexpr std::string_view kHttpOutputs[] = {"raw", "content", "response"};
const Shape kHttpOutput{.kind = word, .words = kHttpOutputs};

// Events.
const ShapeKey kEventKeys[] = {{"id", &kStringShape},      {"source", &kUriOrExpression},
                               {"type", &kStringShape},    {"time", &kStringShape},
                               {"subject", &kStringShape}, {"datacontenttype", &kStringShape},
                               {"dataschema", &kUriOrExpression}, {"data", &kAnyShape}};
const ShapeKey kEmittedKeys[] = {{"id", &kStringShape},      {"source", &kUriOrExpression},
                                 {"type", &kStringShape, true}, {"time", &kStringShape},
                                 {"subject", &kStringShape}, {"datacontenttype", &kStringShape},
                                 {"dataschema", &kUriOrExpression}, {"data", &kAnyShape}};
const Shape kEventPattern{.kind = object, .keys = kEventKeys, .others = Shape::Others::taken, .min_size = 1};
const Shape kEmitted{.kind = object, .keys = kEmittedKeys, .others = Shape::Others::slips_warned};
const ShapeKey kCorrelationKeys[] = {{"from", &kStringShape, true}, {"expect", &kStringShape}};
const Shape kCorrelation{.kind = object, .keys = kCorrelationKeys, .others = Shape::Others::unread};
const Shape kCorrelations{.kind = map, .item = &kCorrelation};
const ShapeKey kFilterKeys[] = {{"with", &kEventPattern, true}, {"correlate", &kCorrelations}};
const Shape kFilter{.kind = object, .keys = kFilterKeys};
const Shape kFilters{.kind = list, .item = &kFilter};
constexpr std::string_view kStrategies[] = {"all", "any", "one"};
const KeyChoice kOneStrategy[] = {{kStrategies}};
// What ends an `any`: a strategy that has no end of its own.
const ShapeKey kUntilKeys[] = {{"all", &kFilters}, {"any", &kFilters}, {"one", &kFilter}};
const Shape kUntilStrategy{.kind = object, .keys = kUntilKeys, .choices = kOneStrategy};
const Shape kUntil{.kind = by_type, .as_string = &kStringShape, .as_object = &kUntilStrategy};
const ShapeKey kAnyStrategyKeys[] = {
    {"any", &kFilters}, {"until", &kUntil}, {"all", &kFilters}, {"one", &kFilter}};
const Shape kAnyStrategy{.kind = object, .keys = kAnyStrategyKeys, .choices = kOneStrategy};

// Calls.
const Shape kTextMapOrExpression{
    .kind = by_type, .as_string = &kExpressionText, .as_object = &kStringMap};
const ShapeKey kHttpKeys[] = {{"method", &kStringShape, true}, {"endpoint", &kEndpointShape, true},
                              {"headers", &kTextMapOrExpression}, {"body", &kAnyShape},
                              {"query", &kTextMapOrExpression}, {"output", &kHttpOutput},
                              {"redirect", &kBooleanShape}};
const Shape kHttp{.kind = object, .keys = kHttpKeys};
// An extension: the document itself, where the specification has only its address.
const Shape kInlineDocument{.kind = object, .others = Shape::Others::taken};
const Shape kOpenapiDocument{.kind = by_key, .key = "paths", .with_key = &kInlineDocument,
                             .without_key = &kExternalResource};
const ShapeKey kOpenapiKeys[] = {{"document", &kOpenapiDocument, true},
                                 {"operationId", &kStringShape, true}, {"parameters", &kAnyMap},
                                 {"authentication", &kAuthenticationReference},
                                 {"output", &kHttpOutput}, {"redirect", &kBooleanShape}};
const Shape kOpenapi{.kind = object, .keys = kOpenapiKeys};

const Shape kHost{.kind = text, .what = "a host name", .accepts = is_host};
const Shape kPort{.kind = integer, .min = 0, .max = 65535};
const ShapeKey kServiceKeys[] = {{"name", &kStringShape, true}, {"host", &kHost, true},
                                 {"port", &kPort}, {"authentication", &kAuthenticationReference}};
const Shape kService{.kind = object, .keys = kServiceKeys};
const ShapeKey kGrpcKeys[] = {{"proto", &kExternalResource, true}, {"service", &kService, true},
                              {"method", &kStringShape, true}, {"arguments", &kAnyMap}};
const Shape kGrpc{.kind = object, .keys = kGrpcKeys};

constexpr std::string_view kProtocols[] = {
    "amqp", "amqp1", "anypointmq", "googlepubsub", "http", "ibmmq", "jms", "kafka", "mercure",
        "mqtt",
    "mqtt5", "nats", "pulsar", "redis", "sns", "solace", "sqs", "stomp", "ws"};
const Shape kProtocol{.kind = word, .words = kProtocols};
const ShapeKey kServerKeys[] = {{"name", &kStringShape, true}, {"variables", &kAnyMap}};
const Shape kServer{.kind = object, .keys = kServerKeys};
const ShapeKey kMessageKeys[] = {{"payload", &kAnyMap}, {"headers", &kAnyMap}};
const Shape kMessage{.kind = object, .keys = kMessageKeys};
const Shape kCount{.kind = integer, .min = 0};
const ShapeKey kConsumeKeys[] = {{"for", &kDurationShape}, {"amount", &kCount},
                                 {"while", &kExpressionText}, {"until", &kExpressionText}};
constexpr std::string_view kConsumeForms[] = {"amount", "while", "until"};
const KeyChoice kOneConsume[] = {{kConsumeForms}};
const Shape kConsume{.kind = object, .keys = kConsumeKeys, .choices = kOneConsume};
const ShapeKey kForeachKeys[] = {{"item", &kStringShape}, {"at", &kStringShape},
                                 {"do", &kTaskListShape}, {"output", &kOutputShape},
                                 {"export", &kOutputShape}};
const Shape kForeach{.kind = object, .keys = kForeachKeys};
const ShapeKey kSubscriptionKeys[] = {
    {"filter", &kExpressionText}, {"consume", &kConsume, true}, {"foreach", &kForeach}};
const Shape kSubscription{.kind = object, .keys = kSubscriptionKeys};
const ShapeKey kAsyncapiKeys[] = {
    {"document", &kExternalResource, true}, {"channel", &kStringShape},
        {"operation", &kStringShape},
    {"server", &kServer}, {"protocol", &kProtocol}, {"message", &kMessage},
    {"subscription", &kSubscription}, {"authentication", &kAuthenticationReference}};
constexpr std::string_view kChannelForms[] = {"operation", "channel"};
constexpr std::string_view kMessageForms[] = {"message", "subscription"};
const KeyChoice kAsyncapiChoices[] = {{kChannelForms}, {kMessageForms}};
const Shape kAsyncapi{.kind = object, .keys = kAsyncapiKeys, .choices = kAsyncapiChoices};

constexpr std::string_view kA2aMethods[] = {
    "message/send", "message/stream", "tasks/get", "tasks/list", "tasks/cancel",
        "tasks/resubscribe",
    "tasks/pushNotificationConfig/set", "tasks/pushNotificationConfig/get",
    "tasks/pushNotificationConfig/list", "tasks/pushNotificationConfig/delete",
    "agent/getAuthenticatedExtendedCard"};
const Shape kA2aMethod{.kind = word, .words = kA2aMethods};
const Shape kA2aMap{.kind = map, .min_size = 1, .item = &kAnyShape};
const Shape kA2aParameters{.kind = by_type, .as_string = &kStringShape, .as_object = &kA2aMap};
const ShapeKey kA2aKeys[] = {{"agentCard", &kExternalResource}, {"server", &kEndpointShape},
                             {"method", &kA2aMethod, true}, {"parameters", &kA2aParameters}};
const Shape kA2a{.kind = object, .keys = kA2aKeys};

constexpr std::string_view kMcpMethods[] = {"tools/list",     "tools/call",     "prompts/list",
                                            "prompts/get",    "resources/list", "resources/read",
                                            "resources/templates/list"};
const Shape kMcpMethod{.kind = word, .words = kMcpMethods};
const ShapeKey kMcpHttpKeys[] = {{"endpoint", &kEndpointShape, true}, {"headers", &kStringMap}};
const Shape kMcpHttp{.kind = object, .keys = kMcpHttpKeys, .others = Shape::Others::unread};
const ShapeKey kMcpStdioKeys[] = {
    {"command", &kStringShape, true}, {"arguments", &kStringList}, {"environment", &kStringMap}};
const Shape kMcpStdio{.kind = object, .keys = kMcpStdioKeys, .others = Shape::Others::unread};
const ShapeKey kTransportKeys[] = {
    {"http", &kMcpHttp}, {"stdio", &kMcpStdio}, {"options", &kStringMap}};
constexpr std::string_view kTransports[] = {"http", "stdio"};
const KeyChoice kOneTransport[] = {{kTransports}};
const Shape kTransport{
    .kind = object, .keys = kTransportKeys, .choices = kOneTransport, .others = Shape::Others::unread};
const ShapeKey kMcpClientKeys[] = {{"name", &kStringShape, true}, {"version", &kStringShape, true}};
const Shape kMcpClient{.kind = object, .keys = kMcpClientKeys, .others = Shape::Others::unread};
const Shape kParameters{.kind = by_type, .as_string = &kStringShape, .as_object = &kAnyShape};
const ShapeKey kMcpKeys[] = {{"protocolVersion", &kStringShape}, {"method", &kMcpMethod, true},
                             {"parameters", &kParameters}, {"timeout", &kDurationShape},
                             {"transport", &kTransport, true}, {"client", &kMcpClient}};
const Shape kMcp{.kind = object, .keys = kMcpKeys, .others = Shape::Others::unread};

// What waits for a person.
constexpr std::string_view kRefusals[] = {"fault", "output"};
const Shape kRefusal{.kind = word, .words = kRefusals};
const Shape kApprovers{.kind = by_type, .as_string = &kExpressionText, .as_array = &kStringList};
const ShapeKey kApprovalKeys[] = {{"title", &kStringShape, true}, {"details", &kAnyShape}, {"approvers", &kApprovers},
                                  {"deadline", &kDurationShape}, {"otherwise", &kRefusal}};
const Shape kApproval{.kind = object, .keys = kApprovalKeys};

// Processes.
constexpr std::string_view kPullPolicies[] = {"ifNotPresent", "always", "never"};
const Shape kPullPolicy{.kind = word, .words = kPullPolicies};
constexpr std::string_view kCleanups[] = {"always", "never", "eventually"};
const Shape kCleanup{.kind = word, .words = kCleanups};
const ShapeKey kLifetimeKeys[] = {{"cleanup", &kCleanup, true}, {"after", &kDurationShape}};
const Shape kLifetime{.kind = object, .keys = kLifetimeKeys};
// Documents before 1.0.3 give arguments as a map.
const Shape kArguments{.kind = by_type, .as_object = &kAnyMap, .as_array = &kStringList};
const ShapeKey kContainerKeys[] = {
    {"image", &kStringShape, true}, {"name", &kStringShape}, {"command", &kStringShape},
    {"ports", &kAnyMap}, {"volumes", &kAnyMap}, {"environment", &kAnyMap}, {"stdin", &kStringShape},
    {"arguments", &kArguments}, {"lifetime", &kLifetime}, {"pullPolicy", &kPullPolicy}};
const Shape kContainer{.kind = object, .keys = kContainerKeys};
const ShapeKey kScriptKeys[] = {
    {"language", &kStringShape, true}, {"stdin", &kStringShape}, {"arguments", &kArguments},
    {"environment", &kAnyMap}, {"code", &kStringShape}, {"source", &kExternalResource}};
constexpr std::string_view kScriptForms[] = {"code", "source"};
const KeyChoice kOneScript[] = {{kScriptForms}};
const Shape kScript{.kind = object, .keys = kScriptKeys, .choices = kOneScript};
const ShapeKey kShellKeys[] = {{"command", &kStringShape, true}, {"stdin", &kStringShape},
                               {"arguments", &kArguments}, {"environment", &kAnyMap}};
const Shape kShell{.kind = object, .keys = kShellKeys};
const Shape kSubflowVersion{.kind = text, .what = "a semantic version such as 1.0.0, or latest",
                            .accepts = is_semver_or_latest};
const Shape kSubflowInput{.kind = by_type, .as_string = &kExpressionText, .as_object = &kAnyMap};
// The specification's schema wants `version`, its reference gives it a default.
const ShapeKey kSubflowKeys[] = {{"namespace", &kDslName, true}, {"name", &kDslName, true},
                                 {"version", &kSubflowVersion}, {"input", &kSubflowInput}};
const Shape kSubflow{.kind = object, .keys = kSubflowKeys};
constexpr std::string_view kReturns[] = {"stdout", "stderr", "code", "all", "none"};
const Shape kReturn{.kind = word, .words = kReturns};
const ShapeKey kRunKeys[] = {{"container", &kContainer}, {"script", &kScript}, {"shell", &kShell},
                             {"workflow", &kSubflow}, {"await", &kBooleanShape},
                                 {"return", &kReturn}};
constexpr std::string_view kProcesses[] = {"container", "script", "shell", "workflow"};
const KeyChoice kOneProcess[] = {{kProcesses}};
const Shape kRun{.kind = object, .keys = kRunKeys, .choices = kOneProcess};

// The other tasks.
const ShapeKey kForkKeys[] = {{"branches", &kTaskListShape, true}, {"compete", &kBooleanShape}};
const Shape kFork{.kind = object, .keys = kForkKeys};
const ShapeKey kEmitEventKeys[] = {{"with", &kEmitted, true}};
const Shape kEmitEvent{.kind = object, .keys = kEmitEventKeys, .others = Shape::Others::unread};
const ShapeKey kEmitKeys[] = {{"event", &kEmitEvent, true}};
const Shape kEmit{.kind = object, .keys = kEmitKeys};
const Shape kObjects{.kind = list, .item = &kAnyMap};
const Shape kForIn{.kind = by_type, .as_string = &kStringShape, .as_array = &kObjects};
const ShapeKey kForKeys[] = {{"each", &kStringShape}, {"in", &kForIn, true}, {"at", &kStringShape}};
const Shape kFor{.kind = object, .keys = kForKeys};
const ShapeKey kListenKeys[] = {{"to", &kEventStrategy, true}, {"read", &kReadMode}};
const Shape kListen{.kind = object, .keys = kListenKeys};
const Shape kRaised{.kind = by_type, .as_string = &kStringShape, .as_object = &kErrorShape};
const ShapeKey kRaiseKeys[] = {{"error", &kRaised, true}};
const Shape kRaise{.kind = object, .keys = kRaiseKeys};
const Shape kSetMap{.kind = map, .min_size = 1, .item = &kAnyShape};
const Shape kSet{.kind = by_type, .as_string = &kStringShape, .as_object = &kSetMap};
const ShapeKey kCaseKeys[] = {{"when", &kStringShape}, {"then", &kStringShape, true}};
const Shape kCase{.kind = object, .keys = kCaseKeys};
const Shape kSwitch{.kind = entries, .min_size = 1, .item = &kCase};
const Shape kAnyStatus{.kind = integer};
const ShapeKey kErrorFilterKeys[] = {{"type", &kStringShape}, {"status", &kAnyStatus},
                                     {"instance", &kStringShape}, {"title", &kStringShape},
                                     {"detail", &kStringShape}};
const Shape kErrorFilter{
    .kind = object, .keys = kErrorFilterKeys, .others = Shape::Others::unread, .min_size = 1};
const ShapeKey kErrorsKeys[] = {{"with", &kErrorFilter}};
const Shape kErrors{.kind = object, .keys = kErrorsKeys, .others = Shape::Others::unread};
const Shape kRetryOrName{.kind = by_type, .as_string = &kStringShape, .as_object = &kRetryShape};
const ShapeKey kCatchKeys[] = {{"errors", &kErrors}, {"as", &kStringShape}, {"when", &kStringShape},
                               {"exceptWhen", &kStringShape}, {"retry", &kRetryOrName},
                               {"do", &kTaskListShape}, {"then", &kStringShape}};
const Shape kCatch{.kind = object, .keys = kCatchKeys};

// What every task may have, and what each kind adds. Of metadata two keys mean something here.
const Shape kCompensation{.kind = entries, .min_size = 1, .item = &kTaskShape};
const ShapeKey kTaskMetadataKeys[] = {{"compensate", &kCompensation}};
const Shape kTaskMetadata{.kind = object, .keys = kTaskMetadataKeys, .others = Shape::Others::taken};
const ShapeKey kBaseKeys[] = {{"if", &kStringShape}, {"input", &kInputShape},
                              {"output", &kOutputShape},
                              {"export", &kOutputShape}, {"timeout", &kTimeoutShape},
                              {"then", &kStringShape}, {"metadata", &kTaskMetadata}};
const ShapeKey kCallHttpKeys[] = {{"call", &kStringShape, true}, {"with", &kHttp, true}};
const ShapeKey kCallOpenapiKeys[] = {{"call", &kStringShape, true}, {"with", &kOpenapi, true}};
const ShapeKey kCallGrpcKeys[] = {{"call", &kStringShape, true}, {"with", &kGrpc, true}};
const ShapeKey kCallAsyncapiKeys[] = {{"call", &kStringShape, true}, {"with", &kAsyncapi, true}};
const ShapeKey kCallA2aKeys[] = {{"call", &kStringShape, true}, {"with", &kA2a, true}};
const ShapeKey kCallMcpKeys[] = {{"call", &kStringShape, true}, {"with", &kMcp, true}};
const ShapeKey kCallApprovalKeys[] = {{"call", &kStringShape, true}, {"with", &kApproval, true}};
const ShapeKey kCallFunctionKeys[] = {{"call", &kStringShape, true}, {"with", &kAnyMap}};
const ShapeKey kForkTaskKeys[] = {{"fork", &kFork, true}};
const ShapeKey kDoTaskKeys[] = {{"do", &kTaskListShape, true}};
const ShapeKey kEmitTaskKeys[] = {{"emit", &kEmit, true}};
const ShapeKey kForTaskKeys[] = {
    {"for", &kFor, true}, {"while", &kStringShape}, {"do", &kTaskListShape, true}};
const ShapeKey kListenTaskKeys[] = {{"listen", &kListen, true}, {"foreach", &kForeach}};
const ShapeKey kRaiseTaskKeys[] = {{"raise", &kRaise, true}};
const ShapeKey kRunTaskKeys[] = {{"run", &kRun, true}};
const ShapeKey kSetTaskKeys[] = {{"set", &kSet, true}};
const ShapeKey kSwitchTaskKeys[] = {{"switch", &kSwitch, true}};
const ShapeKey kTryTaskKeys[] = {{"try", &kTaskListShape, true}, {"catch", &kCatch, true}};
const ShapeKey kWaitTaskKeys[] = {{"wait", &kDurationShape, true}};

struct KindKeys {
  std::string_view key;
  std::span<const ShapeKey> keys;
};
// `do` last: `for` has it too.
const KindKeys kKinds[] = {{"call", kCallFunctionKeys}, {"fork", kForkTaskKeys},
                           {"emit", kEmitTaskKeys},
                           {"for", kForTaskKeys},       {"listen", kListenTaskKeys},
                           {"raise", kRaiseTaskKeys},   {"run", kRunTaskKeys},
                               {"set", kSetTaskKeys},
                           {"switch", kSwitchTaskKeys}, {"try", kTryTaskKeys},
                               {"wait", kWaitTaskKeys},
                           {"do", kDoTaskKeys}};
const KindKeys kCalls[] = {{"http", kCallHttpKeys}, {"openapi", kCallOpenapiKeys},
                           {"grpc", kCallGrpcKeys}, {"asyncapi", kCallAsyncapiKeys},
                           {"a2a", kCallA2aKeys},   {"mcp", kCallMcpKeys},
                           {kApprovalFunction, kCallApprovalKeys}};

std::span<const ShapeKey> keys_of(json::View value, std::string_view kind) {
  if (kind == "call") {
    for (const KindKeys& call : kCalls) {
      if (value.string_or("call", "") == call.key) return call.keys;
    }
  }
  for (const KindKeys& row : kKinds) {
    if (row.key == kind) return row.keys;
  }
  return {};
}

void report_no_kind(json::View value, const std::string& pointer, Faults& faults) {
  std::vector<std::string_view> kinds;
  for (const KindKeys& row : kKinds) kinds.push_back(row.key);
  for (auto [name, member] : value.members()) {
    bool base = false;
    for (const ShapeKey& key : kBaseKeys) base = base || key.name == name;
    if (const std::string_view near = nearest_word(name, kinds); !base && !near.empty()) {
      return faults.add_at_key(child_pointer(pointer, name), "unknown key \"" + std::string(name) +
                                                                 "\"; did you mean \"" +
                                                                 std::string(near) + "\"?");
    }
  }
  faults.add(pointer, "the task does not say what to do" + suggestion("", kinds));
}

}  // namespace

const Shape kEventStrategy{
    .kind = by_key, .key = "any", .with_key = &kAnyStrategy, .without_key = &kUntilStrategy};
const Shape kReadMode{.kind = word, .words = kReadModes};

std::string_view task_key(json::View value) {
  for (const KindKeys& row : kKinds) {
    if (value.find(row.key)) return row.key;
  }
  return {};
}

void visit_task_shapes(const std::function<void(std::string_view, const Shape&)>& visit) {
  for (std::span<const KindKeys> rows : {std::span<const KindKeys>(kKinds), {kCalls}}) {
    for (const KindKeys& row : rows) {
      std::vector<ShapeKey> keys(std::begin(kBaseKeys), std::end(kBaseKeys));
      keys.insert(keys.end(), row.keys.begin(), row.keys.end());
      visit(row.key, Shape{.kind = Shape::Kind::object, .keys = keys});
    }
  }
}

void check_task(json::View value, const std::string& pointer, Faults& faults, Faults* warnings) {
  std::vector<ShapeKey> keys(std::begin(kBaseKeys), std::end(kBaseKeys));
  if (value.is_object()) {
    const std::string_view kind = task_key(value);
    if (kind.empty()) return report_no_kind(value, pointer, faults);
    const auto own = keys_of(value, kind);
    keys.insert(keys.begin(), own.begin(), own.end());
    for (const KindKeys& other : kKinds) {
      const auto is_other = [&](const ShapeKey& key) { return key.name == other.key; };
      if (!value.find(other.key) || std::any_of(own.begin(), own.end(), is_other)) continue;
      faults.add_at_key(child_pointer(pointer, other.key),
                        "a task does one thing, and this one has `" + std::string(kind) +
                            "`; put `" + std::string(other.key) + "` into a task of its own");
      keys.push_back({other.key, &kAnyShape});
    }
  }
  const Shape shape{.kind = Shape::Kind::object, .keys = keys};
  check_shape(shape, value, pointer, faults, warnings);
}

}  // namespace hence::workflow

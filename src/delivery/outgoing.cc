// SPDX-License-Identifier: Apache-2.0
#include "delivery/outgoing.h"

#include <algorithm>

#include "delivery/http_call_check.h"
#include "delivery/redaction.h"
#include "event/base64.h"
#include "event/event.h"
#include "event/http.h"
#include "event/webhook.h"
#include "json/builder.h"
#include "json/parse.h"
#include "workflow/deferred.h"

namespace hence::delivery {
namespace {

constexpr std::string_view kAnswerBytesSetting = "limits.responseBytes";

/// Sets a header, in place of one of the same name in any case.
void set_header(Headers& headers, std::string_view name, std::string value) {
  const std::string lower = lower_case(name);
  std::erase_if(headers, [&](const auto& header) { return lower_case(header.first) == lower; });
  headers.emplace_back(std::string(name), std::move(value));
}

bool has_header(const Headers& headers, std::string_view lower_name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return lower_case(header.first) == lower_name; });
}

/// The event with hencedepth one greater, so that a loop through the outside comes to an end.
Result<event::Event> stepped(const json::Value& recorded) {
  const int depth = event::Event::from_recorded(recorded).depth();
  if (depth >= event::kDepthMax) {
    return Error(ErrorCode::EventInvalid,
                 "the event has been sent out and come back " + std::to_string(depth) +
                     " times, which looks like a loop; it is not sent again");
  }
  json::Builder builder;
  builder.begin_object();
  for (const auto [key, value] : recorded->members()) {
    if (key == "data" || key == "data_base64" || key == "hencedepth") continue;
    builder.member(key, value);
  }
  builder.key("hencedepth").number(int64_t{depth} + 1);
  for (const std::string_view key : {"data", "data_base64"}) {
    if (const auto data = recorded->find(key)) builder.member(key, *data);
  }
  builder.end_object();
  return event::Event::from_recorded(std::move(builder).finish());
}

Status put_content(const engine::Effect& effect, HttpCall& call) {
  if (effect.body) {
    const json::View body = *effect.body;
    if (body.is_null()) return {};
    const bool text = body.is_string();
    call.body = text ? std::string(body.as_string()) : body.to_text();
    call.headers.emplace_back("content-type",
                              text ? "text/plain; charset=utf-8" : "application/json");
    return {};
  }
  HENCE_TRY(const event::Event event, stepped(effect.event_json));
  event::HttpMessage message =
      effect.structured ? event::to_http_structured(event) : event::to_http_binary(event);
  call.headers = std::move(message.headers);
  call.body = std::move(message.body);
  return {};
}

Status put_authentication(const engine::Effect& effect, const resource::SinkAuth& auth,
                          Directory& directory, HttpCall& call) {
  if (auth.scheme == resource::SinkAuth::Scheme::none) return {};
  HENCE_TRY(const std::string secret, directory.read_secret(effect.name_space, auth.secret));
  const bool bearer = auth.scheme == resource::SinkAuth::Scheme::bearer;
  set_header(call.headers, "authorization",
             bearer ? "Bearer " + secret
                    : "Basic " + event::base64_encode(auth.username + ":" + secret));
  return {};
}

Status put_signature(const engine::Effect& effect, const std::string& secret_name,
                     Directory& directory, UtcTime now, HttpCall& call) {
  if (secret_name.empty()) return {};
  HENCE_TRY(const std::string secret, directory.read_secret(effect.name_space, secret_name));
  auto signature = event::sign_standard_webhook(secret, effect.id.to_string(), now, call.body);
  if (!signature.ok()) return signature.error().in("the secret \"" + secret_name + "\"");
  for (auto& [name, value] : *signature) set_header(call.headers, name, std::move(value));
  return {};
}

void put_identity(const engine::Effect& effect, HttpCall& call) {
  set_header(call.headers, "idempotency-key", effect.id.to_string());
  if (!effect.traceparent.empty()) set_header(call.headers, "traceparent", effect.traceparent);
}

/// hidden: gets what failures of the call must not show. Expressions read the time of the record that
/// asked for the call, so that every attempt sends the same.
Result<json::Value> resolved_request(const engine::Effect& effect, Directory& directory,
                                     std::vector<std::string>& hidden) {
  if (!effect.deferred) return effect.request;
  HENCE_TRY(const auto definition, directory.find_workflow(effect));
  const workflow::TaskIndex task =
      definition->find_task(effect.request->string_or("task", ""));
  if (task == workflow::kNone) {
    return Error(ErrorCode::RequestInvalid, "the call's task is not in " + effect.workflow);
  }
  HENCE_TRY(const json::Value secrets,
            workflow::secrets_object(workflow::secrets_of(*definition, task), [&](const std::string& name) {
              return directory.read_secret(effect.name_space, name);
            }));
  hidden = hidden_texts(secrets);
  Result<json::Value> request =
      workflow::resolve_call(*definition, effect.request, secrets, effect.created);
  if (!request.ok()) return redacted(request.error(), hidden);
  return request;
}

}  // namespace

std::string sink_destination(std::string_view name_space, std::string_view sink) {
  std::string destination = "sink ";
  if (name_space != "default") destination.append(name_space) += '/';
  return destination.append(sink);
}

Result<HttpCall> delivery_call(const engine::Effect& effect, Directory& directory, UtcTime now,
                               const OutgoingSettings& settings) {
  const resource::SinkSpec* found = directory.find_sink(effect.name_space, effect.sink);
  if (found == nullptr) {
    return Error(ErrorCode::NotFound, "there is no sink \"" + effect.sink +
                                          "\" any more; apply it, then redrive this delivery");
  }
  const resource::SinkSpec sink = *found;  // reading secrets may invalidate it
  HttpCall call;
  call.method = sink.method;
  call.url = sink.url;
  call.timeout = sink.timeout;
  call.response_bytes_max = settings.answer_bytes_max;
  call.response_setting = kAnswerBytesSetting;
  call.truncate_answer = true;  // its body is only told to people, where the status is no success
  call.destination = sink_destination(effect.name_space, effect.sink);
  HENCE_TRY_VOID(put_content(effect, call));
  call.headers.emplace_back("user-agent", settings.user_agent);
  for (const auto& [name, value] : sink.headers) set_header(call.headers, name, value);
  put_identity(effect, call);
  HENCE_TRY_VOID(put_authentication(effect, sink.auth, directory, call));
  HENCE_TRY_VOID(put_signature(effect, sink.sign_secret, directory, now, call));
  return call;
}

HttpCall call_of(json::View request) {
  HttpCall call;
  call.method = request.string_or("method", "GET");
  call.url = request.string_or("url", "");
  call.body = request.string_or("body", "");
  if (const auto bytes = request.find("bodyBase64"); bytes && bytes->is_string()) {
    call.body = event::base64_decode(bytes->as_string()).value_or("");
  }
  if (const auto headers = request.find("headers"); headers && headers->is_object()) {
    for (const auto [name, value] : headers->members()) {
      if (value.is_string()) call.headers.emplace_back(name, value.as_string());
    }
  }
  if (const auto digest = request.find("digest")) {
    call.digest = {std::string(digest->string_or("username", "")),
                   std::string(digest->string_or("password", ""))};
  }
  if (const auto policy = request.find("token")) call.token_policy = policy->to_text();
  return call;
}

Result<HttpCall> workflow_call(const engine::Effect& effect, Directory& directory,
                               const OutgoingSettings& settings) {
  std::vector<std::string> hidden;
  HENCE_TRY(const json::Value request, resolved_request(effect, directory, hidden));
  HttpCall call = call_of(request);
  call.hidden = std::move(hidden);
  call.timeout = settings.call_timeout;
  call.response_bytes_max = settings.answer_bytes_max;
  call.response_setting = kAnswerBytesSetting;
  if (!has_header(call.headers, "user-agent")) {
    call.headers.emplace_back("user-agent", settings.user_agent);
  }
  if (!has_header(call.headers, "idempotency-key")) {
    call.headers.emplace_back("idempotency-key", effect.id.to_string());
  }
  if (!has_header(call.headers, "traceparent") && !effect.traceparent.empty()) {
    call.headers.emplace_back("traceparent", effect.traceparent);
  }
  return call;
}

Result<ProcessCall> process_call(const engine::Effect& effect, const OutgoingSettings& settings) {
  const auto command = effect.request->find("command");
  if (!command || !command->is_string()) {
    return Error(ErrorCode::RequestInvalid, "the task's request has no command");
  }
  ProcessCall call;
  call.command = command->as_string();
  call.input = effect.request->string_or("input", "");
  const auto script = effect.request->find("script");
  call.script = script && script->is_bool() && script->as_bool();
  call.timeout = settings.process_timeout;
  call.output_bytes_max = settings.output_bytes_max;
  call.attempt_name = effect.id.to_string() + "-" + std::to_string(effect.attempt);
  if (const auto list = effect.request->find("arguments"); list && list->is_array()) {
    for (const json::View item : list->elements()) {
      if (item.is_string()) call.arguments.emplace_back(item.as_string());
    }
  }
  if (const auto map = effect.request->find("environment"); map && map->is_object()) {
    for (const auto [name, value] : map->members()) {
      if (value.is_string()) call.environment[std::string(name)] = value.as_string();
    }
  }
  return call;
}

}  // namespace hence::delivery

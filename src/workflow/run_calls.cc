// SPDX-License-Identifier: Apache-2.0
// HTTP and OpenAPI calls, and the documents tasks need.

#include "json/builder.h"
#include "workflow/documents.h"
#include "workflow/http.h"
#include "workflow/openapi.h"
#include "workflow/run.h"

namespace hence::workflow {

void Run::run_call(FrameId id) {
  request_http(id, task_of(id).as<HttpSpec>(), CallKind::http);
}

void Run::fetch(FrameId id, const HttpSpec& source, std::string_view address) {
  if (address.empty()) return request_http(id, source, CallKind::fetch);
  request_http(id, document_at(source, address), CallKind::fetch, address);
}

void Run::send_request(FrameId id, CallKind kind, bool deferred, Result<json::Value> request) {
  if (!request.ok()) {
    return fail(id, read_failure({request.error().code(), "call: " + request.error().message()},
                                 false, task_of(id).reference));
  }
  if (!within(Limit::call_bytes, (*request)->to_text().size())) {
    return fail_limit(id, Limit::call_bytes, "call: the request would be too large");
  }
  emit(CallRequested{next_id(), id, frame_of(id).task, kind, deferred, false, attempt_of(id),
                     std::move(request).value()});
}

void Run::request_http(FrameId id, const HttpSpec& spec, CallKind kind, std::string_view address) {
  const Task& task = task_of(id);
  const json::Value input = frame_of(id).input();
  Arguments at = arguments(id, task.scope);
  const ArgumentSet read = arguments_of(spec);
  const HttpValues values{input, at.slots(read), environment()};
  if (!spec.reads_secrets) {
    return send_request(id, kind, false, build_http_request(spec, values, json::View()));
  }
  json::Builder b;
  b.begin_object().member("task", task.reference).member("input", input);
  if (kind == CallKind::fetch) b.key("document").boolean(true);
  if (!address.empty()) b.member("address", address);
  b.member("variables", at.to_object(read));
  if (spec.output == HttpOutput::response) {
    const Result<json::Value> echo = build_request_echo(spec, values);
    if (!echo.ok()) return send_request(id, kind, true, echo.error());
    b.member("echo", *echo);
  }
  send_request(id, kind, true, std::move(b.end_object()).finish());
}

void Run::run_openapi(FrameId id) {
  const Task& task = task_of(id);
  const OpenapiSpec& spec = task.as<OpenapiSpec>();
  if (spec.document) {
    if (!frame_of(id).document) return fetch(id, *spec.document);
    const std::string next(next_document(*frame_of(id).document));
    if (!next.empty()) return fetch(id, *spec.document, next);
  }
  json::Value operation;
  if (spec.document) {
    operation = *frame_of(id).document;
  } else {
    const auto found = find_operation(spec.inline_document, "", spec.operation);
    if (!found.ok()) return send_request(id, CallKind::http, false, found.error());
    operation = *found;
  }
  const json::Value input = frame_of(id).input();
  Arguments at = arguments(id, task.scope);
  const ArgumentSet read = arguments_of(spec);
  const HttpValues values{input, at.slots(read), environment()};
  if (!spec.call.reads_secrets) {
    return send_request(id, CallKind::http, false,
                        build_openapi_request(spec, operation, values, json::View()));
  }
  json::Builder b;
  b.begin_object().member("task", task.reference).member("input", input);
  b.member("operation", operation).member("variables", at.to_object(read));
  if (spec.call.output == HttpOutput::response) {
    const Result<json::Value> echo = build_openapi_echo(spec, operation, values);
    if (!echo.ok()) return send_request(id, CallKind::http, true, echo.error());
    b.member("echo", *echo);
  }
  send_request(id, CallKind::http, true, std::move(b.end_object()).finish());
}

}  // namespace hence::workflow

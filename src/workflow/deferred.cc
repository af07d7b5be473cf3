// SPDX-License-Identifier: Apache-2.0
#include "workflow/deferred.h"

#include "json/utf8.h"
#include "json/parse.h"
#include "json/builder.h"

#include "workflow/documents.h"
#include "workflow/http.h"
#include "workflow/openapi.h"

namespace hence::workflow {

namespace {

/// The call that is built: of the document the task needs, or the task's own.
const HttpSpec* call_of(const Task& task, bool document) {
  if (document) return document_of(task);
  const auto* api = std::get_if<OpenapiSpec>(&task.spec);
  return api ? &api->call : std::get_if<HttpSpec>(&task.spec);
}

}  // namespace

std::vector<std::string> secrets_of(const Definition& definition, TaskIndex index) {
  const Task& task = definition.task(index);
  std::vector<std::string> names;
  for (const HttpSpec* spec : {call_of(task, false), call_of(task, true)}) {
    if (!spec || !spec->reads_secrets) continue;
    ArgumentSet read = arguments_of(*spec);
    if (const auto* api = std::get_if<OpenapiSpec>(&task.spec)) {
      read.bits |= api->parameters.arguments().bits;
    }
    if (read.has(Argument::secrets) || read.has(Argument::secret)) return definition.secrets;
    names.push_back(spec->authentication.secret);
  }
  return names;
}

Result<json::Value> resolve_call(const Definition& definition, json::View deferred_request,
                                 json::View secrets, UtcTime now) {
  const TaskIndex index = definition.find_task(deferred_request.string_or("task", ""));
  const bool document = deferred_request.find("document").has_value();
  const HttpSpec* spec =
      index == kNone ? nullptr : call_of(definition.task(index), document);
  if (!spec) return Error(ErrorCode::RequestInvalid, "the deferred call names no HTTP task");
  for (const std::string& name : secrets_of(definition, index)) {
    if (!secrets.find(name)) {
      return Error(ErrorCode::SecretUnavailable, "the secret \"" + name + "\" is not there");
    }
  }
  const json::View variables = deferred_request.find("variables").value_or(json::View());
  std::vector<json::View> slots;
  for (size_t i = 0; i < kArgumentCount; ++i) {
    const auto argument = static_cast<Argument>(i);
    const bool secret = argument == Argument::secrets || argument == Argument::secret;
    slots.push_back(secret ? secrets : variables.find(kArgumentNames[i]).value_or(json::View()));
  }
  for (const std::string& name : definition.scope(definition.task(index).scope).variables) {
    slots.push_back(variables.find(name).value_or(json::View()));
  }
  expr::Environment environment{now};
  environment.secrets = secrets;
  const HttpValues values{deferred_request.find("input").value_or(json::View()), slots, environment};
  const auto* api = std::get_if<OpenapiSpec>(&definition.task(index).spec);
  const std::string_view address = deferred_request.string_or("address", "");
  if (document && !address.empty()) return build_http_request(document_at(*spec, address), values, secrets);
  if (!api || document) return build_http_request(*spec, values, secrets);
  const json::View operation = deferred_request.find("operation").value_or(json::View());
  return build_openapi_request(*api, operation, values, secrets);
}

Result<json::Value> secrets_object(const std::vector<std::string>& names,
                                   const std::function<Result<std::string>(const std::string&)>& read) {
  json::Builder builder;
  builder.begin_object();
  for (const std::string& name : names) {
    HENCE_TRY(const std::string text, read(name));
    auto parsed = json::parse(text);
    if (parsed.ok() && (*parsed)->is_object()) {
      builder.member(name, *parsed);
    } else if (json::is_utf8(text)) {
      builder.member(name, text);
    } else {
      return Error(ErrorCode::SecretUnavailable,
                   "the secret \"" + name + "\" is no UTF-8 text, which expressions need");
    }
  }
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace hence::workflow

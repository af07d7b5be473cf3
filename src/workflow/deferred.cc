// SPDX-License-Identifier: Apache-2.0
#include "workflow/deferred.h"

#include "workflow/http.h"

namespace hence::workflow {

std::vector<std::string> secrets_of(const Definition& definition, TaskIndex task) {
  const auto* spec = std::get_if<HttpSpec>(&definition.task(task).spec);
  if (!spec || !spec->reads_secrets) return {};
  const ArgumentSet read = arguments_of(*spec);
  if (read.has(Argument::secrets) || read.has(Argument::secret)) return definition.secrets;
  return {spec->authentication.secret};
}

Result<json::Value> resolve_call(const Definition& definition, json::View deferred_request,
                                 json::View secrets, UtcTime now) {
  const TaskIndex index = definition.find_task(deferred_request.string_or("task", ""));
  const HttpSpec* spec = index == kNone ? nullptr
      : std::get_if<HttpSpec>(&definition.task(index).spec);
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
  const HttpValues values{deferred_request.find("input").value_or(json::View()), slots, {now}};
  return build_http_request(*spec, values, secrets);
}

}  // namespace hence::workflow

// SPDX-License-Identifier: Apache-2.0
#include "workflow/documents.h"

#include "json/parse.h"
#include "json/yaml.h"
#include "workflow/openapi.h"

namespace hence::workflow {

const HttpSpec* document_of(const Task& task) {
  const auto* api = std::get_if<OpenapiSpec>(&task.spec);
  if (api) return api->document ? &*api->document : nullptr;
  const auto* script = std::get_if<ShellSpec>(&task.spec);
  return script && script->source ? &*script->source : nullptr;
}

Result<json::Value> needed_of_document(const Task& task, const HttpOutcome& answer,
                                       std::string_view address) {
  if (const auto* api = std::get_if<OpenapiSpec>(&task.spec)) {
    // Whatever its content type: many servers give documents as text or bytes. JSON is YAML.
    HENCE_TRY(const std::vector<json::YamlDocument> documents, json::parse_yaml(answer.body));
    if (documents.size() != 1) {
      return Error(ErrorCode::RequestInvalid, "the OpenAPI document is not one document");
    }
    return find_operation(documents.front().value, address, api->operation);
  }
  if (task.kind != TaskKind::run_script) {
    return Error(ErrorCode::RequestInvalid, "the task needs no document");
  }
  if (!json::is_utf8(answer.body)) {
    return Error(ErrorCode::RequestInvalid, "the script is no UTF-8 text");
  }
  return json::Value::string(answer.body);
}

}  // namespace hence::workflow

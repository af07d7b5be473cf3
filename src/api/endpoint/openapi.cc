// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/openapi.h"

#include <map>
#include <vector>

#include "api/endpoint/route.h"
#include "json/builder.h"
#include "json/parse.h"

namespace hence::api {
namespace {

std::string schema_reference(std::string_view name) {
  return "#/components/schemas/" + std::string(name);
}

void add_content(json::Builder& b, std::string_view media_type, std::string_view schema) {
  b.key("content").begin_object().key(media_type).begin_object();
  b.key("schema").begin_object().member("$ref", schema_reference(schema)).end_object();
  b.end_object().end_object();
}

/// The schema of an operation's JSON body.
std::string_view json_body(std::string_view operation) {
  constexpr std::pair<std::string_view, std::string_view> kBodies[] = {
      {"startInstance", "StartInstance"}, {"retryInstance", "RetryInstance"}, {"skipTask", "SkipTask"},
      {"skipTasks", "SkipTask"},          {"retryInstances", "RetryInstance"},
      {"setContext", "SetContext"},       {"sendEventToInstance", "SendEventToInstance"},
      {"setContexts", "SetContext"},      {"sendEventToInstances", "SendEventToInstance"},
      {"createCheckpoint", "CreateCheckpoint"}};
  for (const auto& [name, schema] : kBodies) {
    if (name == operation) return schema;
  }
  if (operation.starts_with("cancelInst")) return "CancelBody";
  if (operation.ends_with("Approval")) return "DecisionBody";
  return "Reason";
}

/// The media types a body may have, with their schemas.
std::vector<std::pair<std::string_view, std::string_view>> body_types(const Route& route) {
  switch (route.body) {
    case Body::none: return {};
    case Body::event:
      return {{"application/cloudevents+json", "CloudEvent"},
              {"application/cloudevents-batch+json", "EventBatch"},
              {"application/json", "Document"}};
    case Body::webhook: return {{"application/json", "Document"}};
    case Body::resources: return {{"application/yaml", "Text"}, {"application/json", "Document"}};
    case Body::json:
      return {{"application/json", json_body(route.operation)}};
  }
  return {};
}

void add_body(json::Builder& b, const Route& route) {
  const auto types = body_types(route);
  if (types.empty()) return;
  b.key("requestBody").begin_object().key("content").begin_object();
  for (const auto& [type, schema] : types) {
    b.key(type).begin_object().key("schema").begin_object();
    b.member("$ref", schema_reference(schema)).end_object().end_object();
  }
  b.end_object().end_object();
}

void add_parameter(json::Builder& b, std::string_view name, std::string_view in, bool required,
                   std::string_view type, std::string_view description) {
  b.begin_object().member("name", name).member("in", in).key("required").boolean(required);
  if (!description.empty()) b.member("description", description);
  b.key("schema").begin_object().member("type", type).end_object().end_object();
}

/// path: in OpenAPI's form.
void add_parameters(json::Builder& b, const Route& route, std::string_view path) {
  b.key("parameters").begin_array();
  for (size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
    add_parameter(b, path.substr(at + 1, path.find('}', at) - at - 1), "path", true, "string", "");
  }
  for (const QueryParameter& parameter : route.query) {
    add_parameter(b, parameter.name, "query", false, parameter.type, parameter.description);
  }
  const bool mutates = route.method != HttpMethod::get && route.access == Access::token;
  if (mutates && route.operation != "createCheckpoint") {  // which changes nothing that is on record
    add_parameter(b, "Idempotency-Key", "header", false, "string", "the first answer is repeated");
  }
  b.end_array();
}

std::string_view answer_type(const Route& route) {
  if (route.answer == "EventStream") return "text/event-stream";
  return route.answer == "Text" ? "application/openmetrics-text" : "application/json";
}

void add_operation(json::Builder& b, const Route& route, std::string_view path, size_t form) {
  static constexpr std::string_view kForms[] = {"", "InNamespace", "InDefault"};
  std::string method(method_name(route.method));
  for (char& c : method) c = static_cast<char>(c | 0x20);
  b.key(method).begin_object();
  b.member("operationId", std::string(route.operation) + std::string(kForms[form]));
  b.member("summary", route.summary);
  add_parameters(b, route, path);
  add_body(b, route);
  b.key("responses").begin_object();
  const auto add_answer = [&](int status, std::string_view description) {
    b.key(std::to_string(status)).begin_object().member("description", description);
    add_content(b, answer_type(route), route.answer);
    b.end_object();
  };
  if (route.operation == "startInstance") add_answer(200, "The instance with this id was there already.");
  add_answer(route.success, route.summary);
  b.key("default").begin_object().member("description", "what went wrong");
  add_content(b, "application/problem+json", "Problem");
  b.end_object().end_object();
  b.key("security").begin_array();
  if (route.access == Access::token) {
    b.begin_object().key("token").begin_array().end_array().end_object();
  }
  b.end_array().end_object();
}

/// {name...} is a plain parameter there, which may hold slashes.
std::string openapi_path(std::string path) {
  if (const size_t dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
  return path;
}

}  // namespace

std::string openapi_document(std::string_view version) {
  struct Operation {
    const Route* route;
    size_t form;
  };
  std::map<std::string, std::vector<Operation>> paths;
  for (const Route& route : all_routes()) {
    for (std::string& path : full_paths(route)) {
      const bool below_api = path.starts_with("/api/");
      const bool named = path.find("{ns}") != std::string::npos;
      const size_t form = !below_api ? 0 : named ? 1 : 2;
      paths[openapi_path(std::move(path))].push_back({&route, form});
    }
  }
  json::Builder b;
  b.begin_object().member("openapi", "3.1.0");
  b.key("info").begin_object().member("title", "Hence").member("version", version);
  b.member("description", "An event-driven orchestration engine. Paths without a namespace mean "
                          "the namespace default.");
  b.end_object();
  b.key("paths").begin_object();
  for (const auto& [path, operations] : paths) {
    b.key(path).begin_object();
    for (const auto& [route, form] : operations) add_operation(b, *route, path, form);
    b.end_object();
  }
  b.end_object();
  b.key("components").begin_object();
  const Result<json::Value> schemas = json::parse(openapi_schemas());
  b.member("schemas", schemas.value());
  b.key("securitySchemes").begin_object().key("token").begin_object();
  b.member("type", "http").member("scheme", "bearer").end_object().end_object();
  b.end_object().end_object();
  return std::move(b).finish()->to_text() + "\n";
}

}  // namespace hence::api

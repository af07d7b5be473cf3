// SPDX-License-Identifier: Apache-2.0
#include "workflow/openapi.h"

#include <algorithm>
#include <charconv>

#include "json/builder.h"
#include "workflow/faults.h"

namespace hence::workflow {
namespace {

constexpr int kReferencesMax = 8;  ///< $ref that leads to $ref
constexpr std::string_view kMethods[] = {"get",  "put",   "post",  "delete",
                                         "options", "head", "patch", "trace"};

Error invalid(std::string message) {
  return Error(ErrorCode::RequestInvalid, "OpenAPI: " + std::move(message));
}

std::optional<json::View> at_pointer(json::View value, std::string_view pointer) {
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    std::string key;
    for (size_t i = 0; i < end; ++i) {
      const std::string_view rest = pointer.substr(i);
      if (rest.starts_with("~1") || rest.starts_with("~0")) {
        key += rest[1] == '1' ? '/' : '~';
        ++i;
      } else {
        key += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    std::optional<json::View> next;
    if (value.is_object()) {
      next = value.find(key);
    } else if (value.is_array()) {
      size_t index = 0;
      const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc() || index >= value.size()) return std::nullopt;
      for (json::View item : value.elements()) {
        if (index-- == 0) {
          next = item;
          break;
        }
      }
    }
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

/// What a `$ref` inside the document leads to; the value itself if it is none.
Result<json::View> resolved(json::View document, json::View value) {
  for (int i = 0; i < kReferencesMax; ++i) {
    const auto reference = value.is_object() ? value.find("$ref") : std::nullopt;
    if (!reference || !reference->is_string()) return value;
    const std::string_view target = reference->as_string();
    if (!target.starts_with("#/")) {
      return invalid("the reference " + std::string(target) +
                     " leads to another document, which is not read");
    }
    const auto found = at_pointer(document, target.substr(1));
    if (!found) return invalid("the reference " + std::string(target) + " leads nowhere");
    value = *found;
  }
  return invalid("references lead to references more than " + std::to_string(kReferencesMax) +
                 " times");
}

struct Found {
  json::View item;
  json::View operation;
  std::string path;
  std::string method;
};

Result<Found> locate(json::View document, std::string_view operation_id) {
  const auto paths = document.find("paths");
  std::vector<std::string_view> known;
  if (paths && paths->is_object()) {
    for (auto [path, value] : paths->members()) {
      HENCE_TRY(const json::View item, resolved(document, value));
      for (std::string_view method : kMethods) {
        const auto operation = item.is_object() ? item.find(method) : std::nullopt;
        if (!operation || !operation->is_object()) continue;
        const std::string_view id = operation->string_or("operationId", "");
        if (id == operation_id) {
          Found found{item, *operation, std::string(path), std::string(method)};
          for (char& c : found.method) c = static_cast<char>(c - 32);
          return found;
        }
        if (!id.empty()) known.push_back(id);
      }
    }
  }
  constexpr size_t kNamed = 20;
  const std::string_view near = nearest_word(operation_id, known);
  if (near.empty() && known.size() > kNamed) known.resize(kNamed);
  return invalid("the document has no operation \"" + std::string(operation_id) + "\"" +
                 suggestion(operation_id, known));
}

/// "https://host" of "https://host/a/b".
std::string_view origin_of(std::string_view uri) {
  const size_t authority = uri.find("://");
  if (authority == std::string_view::npos) return {};
  return uri.substr(0, uri.find('/', authority + 3));
}

Result<std::string> swagger_server(json::View document, json::View operation,
                                   std::string_view base) {
  const std::string_view origin = origin_of(base);
  std::string scheme(origin.substr(0, origin.find(':')));
  if (scheme != "http" && scheme != "https") scheme = "https";
  for (json::View holder : {document, operation}) {
    const auto schemes = holder.find("schemes");
    if (!schemes || !schemes->is_array()) continue;
    bool http = false, https = false;
    for (json::View one : schemes->elements()) {
      http = http || (one.is_string() && one.as_string() == "http");
      https = https || (one.is_string() && one.as_string() == "https");
    }
    if (https || http) scheme = https ? "https" : "http";
  }
  std::string host(document.string_or("host", ""));
  if (host.empty() && !origin.empty()) host = origin.substr(origin.find("://") + 3);
  if (host.empty()) return invalid("the document names no host");
  std::string path(document.string_or("basePath", ""));
  while (path.ends_with('/')) path.pop_back();
  return scheme + "://" + host + path;
}

Result<std::string> with_variables(json::View server) {
  const std::string_view given = server.string_or("url", "/");
  std::string url;
  for (size_t at = 0; at < given.size();) {
    const size_t open = given.find('{', at);
    url += given.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const size_t close = given.find('}', open);
    if (close == std::string_view::npos) return invalid("a server's url has { without }");
    const std::string name(given.substr(open + 1, close - open - 1));
    const auto value = server.find_path({"variables", name, "default"});
    if (!value || !value->is_string()) {
      return invalid("the server's variable \"" + name + "\" has no default");
    }
    url += value->as_string();
    at = close + 1;
  }
  return url;
}

Result<std::string> server_of(json::View document, const Found& found, std::string_view base) {
  std::string url = "/";
  for (json::View holder : {found.operation, found.item, document}) {
    const auto servers = holder.find("servers");
    if (!servers || !servers->is_array() || servers->size() == 0) continue;
    HENCE_TRY(url, with_variables(*servers->elements().begin()));
    break;
  }
  if (url.find("://") == std::string::npos) {
    const std::string_view origin = origin_of(base);
    if (origin.empty()) return invalid("the server \"" + url + "\" is relative to no address");
    const std::string_view path = base.substr(origin.size(), base.rfind('/') - origin.size() + 1);
    url = url.starts_with('/') ? std::string(origin) + url
                               : std::string(origin) + std::string(path) + url;
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// Swagger's collectionFormat as a style of OpenAPI 3.
std::pair<std::string_view, bool> style_of_collection(std::string_view format) {
  if (format == "multi") return {"form", true};
  if (format == "ssv") return {"spaceDelimited", false};
  if (format == "tsv") return {"tabDelimited", false};
  if (format == "pipes") return {"pipeDelimited", false};
  return {"form", false};
}

void write_parameter(json::View parameter, bool swagger, json::Builder& b) {
  const std::string_view in = parameter.string_or("in", "");
  const auto flag = [&](std::string_view key, bool otherwise) {
    const auto value = parameter.find(key);
    return value && value->is_bool() ? value->as_bool() : otherwise;
  };
  const bool simple = in == "path" || in == "header";
  std::string_view style = parameter.string_or("style", simple ? "simple" : "form");
  bool explode = flag("explode", style == "form");
  if (swagger) {
    std::tie(style, explode) = style_of_collection(parameter.string_or("collectionFormat", "csv"));
    if (simple) style = "simple";
  }
  const bool json_content = parameter.find("content").has_value();
  b.begin_object().member("name", parameter.string_or("name", "")).member("in", in);
  b.key("required").boolean(flag("required", in == "path"));
  b.member("style", json_content ? "json" : style).key("explode").boolean(explode).end_object();
}

/// Those of the path that the operation does not replace, then its own.
Result<std::vector<json::View>> parameters_of(json::View document, const Found& found) {
  std::vector<json::View> all;
  for (json::View holder : {found.item, found.operation}) {
    const auto list = holder.find("parameters");
    if (!list || !list->is_array()) continue;
    for (json::View one : list->elements()) {
      HENCE_TRY(const json::View parameter, resolved(document, one));
      if (!parameter.is_object()) return invalid("a parameter is no object");
      std::erase_if(all, [&](json::View other) {
        return other.string_or("name", "") == parameter.string_or("name", "") &&
               other.string_or("in", "") == parameter.string_or("in", "");
      });
      all.push_back(parameter);
    }
  }
  return all;
}

bool is_json_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  return type == "application/json" || type.ends_with("+json") || type == "*/*";
}

Status write_body(std::string_view type, bool required, std::string_view name, json::Builder& b) {
  if (type.starts_with("multipart/")) return invalid("bodies of type multipart are not supported");
  b.key("body").begin_object();
  b.member("type", type == "*/*" ? "application/json" : type).key("required").boolean(required);
  b.member("name", name).end_object();
  return {};
}

Status write_request_body(json::View document, json::View operation, json::Builder& b) {
  const auto given = operation.find("requestBody");
  if (!given) return {};
  HENCE_TRY(const json::View body, resolved(document, *given));
  std::string_view type = "application/json";
  if (const auto content = body.find("content"); content && content->is_object()) {
    std::vector<std::string_view> types;
    for (auto [name, media] : content->members()) types.push_back(name);
    if (!types.empty()) {
      const auto json_type = std::find_if(types.begin(), types.end(), is_json_type);
      type = json_type == types.end() ? types.front() : *json_type;
    }
  }
  const auto required = body.find("required");
  return write_body(type, required && required->is_bool() && required->as_bool(), "body", b);
}

/// Swagger has the body among the parameters.
Status write_swagger_body(json::View document, json::View operation,
                          const std::vector<json::View>& parameters, json::Builder& b) {
  std::string_view type = "application/json";
  for (json::View holder : {document, operation}) {
    const auto consumes = holder.find("consumes");
    if (!consumes || !consumes->is_array() || consumes->size() == 0) continue;
    const json::View first = *consumes->elements().begin();
    if (first.is_string()) type = first.as_string();
    for (json::View one : consumes->elements()) {
      if (one.is_string() && is_json_type(one.as_string())) type = one.as_string();
    }
  }
  for (json::View parameter : parameters) {
    const std::string_view in = parameter.string_or("in", "");
    if (parameter.string_or("type", "") == "file") {
      return invalid("parameters of type file are not supported");
    }
    if (in == "formData") return write_body("application/x-www-form-urlencoded", false, "", b);
    if (in != "body") continue;
    const auto required = parameter.find("required");
    return write_body(type, required && required->is_bool() && required->as_bool(),
                      parameter.string_or("name", "body"), b);
  }
  return {};
}

}  // namespace

Result<json::Value> find_operation(json::View document, std::string_view base,
                                   std::string_view operation_id) {
  if (!document.is_object()) return invalid("the document is no object");
  const bool swagger = document.string_or("swagger", "").starts_with("2.");
  if (!swagger && !document.string_or("openapi", "").starts_with("3.")) {
    return invalid("the document says neither `swagger: \"2.0\"` nor `openapi: 3.…`");
  }
  HENCE_TRY(const Found found, locate(document, operation_id));
  HENCE_TRY(const std::string server, swagger ? swagger_server(document, found.operation, base)
                                              : server_of(document, found, base));
  HENCE_TRY(const std::vector<json::View> parameters, parameters_of(document, found));
  json::Builder b;
  b.begin_object().member("method", found.method).member("url", server + found.path);
  b.key("parameters").begin_array();
  for (json::View parameter : parameters) {
    if (parameter.string_or("in", "") != "body") write_parameter(parameter, swagger, b);
  }
  b.end_array();
  HENCE_TRY_VOID(swagger ? write_swagger_body(document, found.operation, parameters, b)
                         : write_request_body(document, found.operation, b));
  b.end_object();
  return std::move(b).finish();
}

}  // namespace hence::workflow

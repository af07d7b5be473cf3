// SPDX-License-Identifier: Apache-2.0
#include "workflow/openapi.h"

#include <algorithm>
#include <set>

#include "json/builder.h"
#include "schema/uri.h"
#include "workflow/faults.h"
#include "workflow/openapi_body.h"
#include "workflow/openapi_references.h"

namespace hence::workflow {
namespace {

constexpr std::string_view kMethods[] = {"get",  "put",   "post",  "delete",
                                         "options", "head", "patch", "trace"};

constexpr size_t kIdBytesShown = 200;  ///< longer ones are not for messages
constexpr size_t kIdsCompared = 10'000;  ///< with one that is not there

struct Found {
  Place item;
  Place operation;
  std::string path;
  std::string method;
};

/// The operation of the item that has the id; the ids of others go to known. None has an empty one.
std::optional<Found> find_in(const Place& item, std::string_view path, std::string_view operation_id,
                             std::vector<std::string_view>& known) {
  for (std::string_view method : kMethods) {
    const auto operation = item.find(method);
    if (!operation || !operation->value.is_object()) continue;
    const std::string_view id = operation->value.string_or("operationId", "");
    if (!id.empty() && id == operation_id) {
      Found found{item, *operation, std::string(path), std::string(method)};
      for (char& c : found.method) c = static_cast<char>(c - 32);
      return found;
    }
    if (!id.empty() && id.size() <= kIdBytesShown) known.push_back(id);
  }
  return std::nullopt;
}

/// Documents that are not here yet are asked for only when those that are do not have the operation; a path
/// that cannot be read counts only when no other one has it.
Result<Found> locate(References& references, std::string_view operation_id) {
  const auto paths = references.root().find("paths");
  std::vector<std::string_view> known;
  std::optional<Place> absent;
  std::optional<Error> unreadable;
  if (paths && paths->value.is_object()) {
    for (auto [path, value] : paths->value.members()) {
      const Place written{value, paths->document};
      const Result<Place> item = references.resolve(written);
      if (item.ok()) {
        if (auto found = find_in(*item, path, operation_id, known)) return std::move(*found);
      } else if (references.exhausted()) {
        return item.error();
      } else if (!references.missing().empty()) {
        absent = absent.value_or(written);
      } else if (!unreadable) {
        unreadable = item.error();
      }
    }
  }
  if (absent) return references.resolve(*absent).error();
  if (unreadable) return *unreadable;
  std::set<std::string_view> seen;  // paths may refer to one item many times
  std::erase_if(known, [&](std::string_view id) { return !seen.insert(id).second; });
  if (known.size() > kIdsCompared) known.resize(kIdsCompared);
  constexpr size_t kNamed = 20;
  const std::string_view near = nearest_word(operation_id, known);
  if (near.empty() && known.size() > kNamed) known.resize(kNamed);
  return openapi_error("the document has no operation \"" + std::string(operation_id) + "\"" +
                       suggestion(operation_id, known));
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
  if (host.empty()) return openapi_error("the document names no host");
  std::string path(document.string_or("basePath", ""));
  while (path.ends_with('/')) path.pop_back();
  return scheme + "://" + host + path;
}

Result<std::string> with_variables(References& references, json::View server) {
  const std::string_view given = server.string_or("url", "/");
  std::string url;
  for (size_t at = 0; at < given.size();) {
    const size_t open = given.find('{', at);
    url += given.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const size_t close = given.find('}', open);
    if (close == std::string_view::npos) return openapi_error("a server's url has { without }");
    const std::string name(given.substr(open + 1, close - open - 1));
    const auto value = server.find_path({"variables", name, "default"});
    if (!value || !value->is_string()) {
      return openapi_error("the server's variable \"" + name + "\" has no default");
    }
    HENCE_TRY_VOID(references.visit(1 + (name.size() + value->as_string().size()) / kOpenapiVisitSize));
    url += value->as_string();
    at = close + 1;
  }
  return url;
}

bool is_http(std::string_view url) {
  std::string scheme(url.substr(0, url.find("://")));
  for (char& c : scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return scheme == "http" || scheme == "https";
}

/// A description says nothing of the node's own files: it may be from anywhere.
Result<std::string> server_of(References& references, const Found& found) {
  const auto [document, base] = references.root();
  std::string url = "/";
  for (json::View holder : {found.operation.value, found.item.value, document}) {
    const auto servers = holder.find("servers");
    if (!servers || !servers->is_array() || servers->size() == 0) continue;
    HENCE_TRY(url, with_variables(references, *servers->elements().begin()));
    break;
  }
  if (!schema::split_uri(url).has_scheme && origin_of(base).empty()) {
    return openapi_error("the server \"" + url + "\" is relative to no address");
  }
  // An empty one means where the document is, not the document.
  url = schema::resolve_uri(base, url.empty() ? "." : url);
  if (!is_http(url)) {
    constexpr size_t kShownBytes = 200;
    return openapi_error("the server \"" + url.substr(0, kShownBytes) +
                         (url.size() > kShownBytes ? "...\"" : "\"") +
                         " is neither http nor https; the document's `servers` must begin with one that is");
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
Result<std::vector<Place>> parameters_of(References& references, const Found& found) {
  std::vector<Place> written;
  for (const Place& holder : {found.item, found.operation}) {
    const auto list = holder.find("parameters");
    if (!list || !list->value.is_array()) continue;
    for (json::View one : list->value.elements()) {
      HENCE_TRY(const Place parameter, references.resolve({one, list->document}));
      if (!parameter.value.is_object()) return openapi_error("a parameter is no object");
      const size_t bytes = parameter.value.string_or("name", "").size();
      HENCE_TRY_VOID(references.visit(1 + bytes / kOpenapiVisitSize));
      written.push_back(parameter);
    }
  }
  std::vector<Place> all;
  std::set<std::pair<std::string_view, std::string_view>> known;
  for (auto one = written.rbegin(); one != written.rend(); ++one) {
    const json::View value = one->value;
    if (known.emplace(value.string_or("name", ""), value.string_or("in", "")).second) all.push_back(*one);
  }
  std::reverse(all.begin(), all.end());
  return all;
}

Result<json::Value> search(References& references, std::string_view operation_id) {
  const json::View document = references.root().value;
  if (!document.is_object()) return openapi_error("the document is no object");
  const bool swagger = document.string_or("swagger", "").starts_with("2.");
  if (!swagger && !document.string_or("openapi", "").starts_with("3.")) {
    return openapi_error("the document says neither `swagger: \"2.0\"` nor `openapi: 3.…`");
  }
  const std::string_view base = references.root().document;
  HENCE_TRY(const Found found, locate(references, operation_id));
  HENCE_TRY(const std::string server, swagger ? swagger_server(document, found.operation.value, base)
                                              : server_of(references, found));
  HENCE_TRY(const std::vector<Place> parameters, parameters_of(references, found));
  json::Builder b;
  b.begin_object().member("method", found.method).member("url", server + found.path);
  b.key("parameters").begin_array();
  for (const Place& parameter : parameters) {
    if (parameter.value.string_or("in", "") != "body") write_parameter(parameter.value, swagger, b);
  }
  b.end_array();
  HENCE_TRY_VOID(swagger ? write_swagger_body(document, found.operation.value, parameters, b)
                         : write_request_body(references, found.operation, b));
  b.end_object();
  return std::move(b).finish();
}

}  // namespace

Result<FoundOperation> find_operation(const OpenapiDocuments& documents, std::string_view operation_id) {
  References references(documents);
  Result<json::Value> operation = search(references, operation_id);
  if (operation.ok()) return FoundOperation{std::move(operation).value(), ""};
  if (!references.missing().empty()) return FoundOperation{json::Value(), references.missing()};
  return operation.error();
}

Result<json::Value> find_operation(json::View document, std::string_view base,
                                   std::string_view operation_id) {
  OpenapiDocuments documents{std::string(base), {}};
  documents.by_address.emplace(base, json::Value(document));
  References references(documents);
  return search(references, operation_id);
}

}  // namespace hence::workflow

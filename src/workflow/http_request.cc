// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "event/base64.h"
#include "json/builder.h"
#include "json/parse.h"
#include "workflow/http_parts.h"

namespace hence::workflow {
namespace {

Error invalid(std::string message) { return Error(ErrorCode::RequestInvalid, std::move(message)); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

Result<std::string> build_method(const HttpSpec& spec, const HttpValues& values) {
  HENCE_TRY(const json::Value value, value_of(spec.method, values));
  HENCE_TRY(std::string method, text_of(value, "method"));
  for (char& c : method) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (c < 'A' || c > 'Z') return invalid("\"" + method + "\" is no HTTP method");
  }
  if (method.empty()) return invalid("the HTTP method is empty");
  return method;
}

Status check_uri(const std::string& uri, bool file) {
  const std::string scheme = lower(std::string_view(uri).substr(0, 8));
  const bool known = scheme.starts_with("http://") || scheme.starts_with("https://") ||
                     (file && scheme.starts_with("file:///"));
  if (!known) {
    return invalid("endpoint: expected a URI with http:// or https://, got \"" +
                   uri.substr(0, 200) + (uri.size() > 200 ? "...\"" : "\""));
  }
  const bool clean = std::none_of(uri.begin(), uri.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
  });
  if (!clean) return invalid("endpoint: the URI holds white space or control characters");
  return {};
}

Result<std::string> build_uri(const HttpSpec& spec, const HttpValues& values) {
  std::string uri;
  if (spec.endpoint.present()) {
    HENCE_TRY(const json::Value value, value_of(spec.endpoint, values));
    if (!value->is_string()) {
      return Error(ErrorCode::ExpressionFailed, "endpoint: expected a URI, got " +
                                                    std::string(json::type_name(value->type())));
    }
    uri = value->as_string();
  } else {
    HENCE_TRY(uri, expand_uri(spec.uri_template, values.input));
  }
  HENCE_TRY_VOID(check_uri(uri, spec.document));
  return uri;
}

Status append_query(json::View query, std::string& uri) {
  if (query.is_null()) return {};
  if (!query.is_object()) {
    return Error(ErrorCode::ExpressionFailed,
                 "query: expected an object, got " + std::string(json::type_name(query.type())));
  }
  std::string fragment;
  if (const size_t hash = uri.find('#'); hash != std::string::npos) {
    fragment = uri.substr(hash);
    uri.resize(hash);
  }
  const auto append = [&](std::string_view name, json::View value) -> Status {
    if (value.is_null()) return {};
    HENCE_TRY(const std::string text, text_of(value, "query." + std::string(name)));
    uri += uri.find('?') == std::string::npos ? '?' : '&';
    append_percent_encoded(name, uri);
    uri += '=';
    append_percent_encoded(text, uri);
    return {};
  };
  for (auto [name, value] : query.members()) {
    if (!value.is_array()) {
      HENCE_TRY_VOID(append(name, value));
      continue;
    }
    for (json::View item : value.elements()) HENCE_TRY_VOID(append(name, item));
  }
  uri += fragment;
  return {};
}

Result<Headers> build_headers(const HttpSpec& spec, const HttpValues& values) {
  Headers headers;
  HENCE_TRY(const json::Value given, value_of(spec.headers, values));
  if (given->is_null()) return headers;
  if (!given->is_object()) {
    return Error(ErrorCode::ExpressionFailed,
                 "headers: expected an object, got " + std::string(json::type_name(given->type())));
  }
  for (auto [name, value] : given->members()) {
    if (value.is_null()) continue;
    HENCE_TRY(std::string text, text_of(value, "headers." + std::string(name)));
    const bool good_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
    if (!good_name) return invalid("headers: \"" + std::string(name) + "\" is no header name");
    if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return invalid("headers." + std::string(name) + ": the value holds a line end");
    }
    headers.emplace_back(lower(name), std::move(text));
  }
  return headers;
}

bool has_header(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
      [&](const auto& h) { return h.first == name; });
}

/// A name given twice in different case counts once, the last time.
void write_headers(const Headers& headers, json::Builder& b) {
  std::set<std::string_view> names;
  std::vector<size_t> counted;
  for (size_t i = headers.size(); i-- > 0;) {
    if (names.insert(headers[i].first).second) counted.push_back(i);
  }
  b.begin_object();
  for (auto i = counted.rbegin(); i != counted.rend(); ++i) b.member(headers[*i].first, headers[*i].second);
  b.end_object();
}

void write_echo(std::string_view method, std::string_view uri, const Headers& headers,
                json::Builder& b) {
  Headers shown = headers;
  std::erase_if(shown, [](const auto& h) { return h.first == "authorization"; });
  b.begin_object().member("method", method).member("uri", uri).key("headers");
  write_headers(shown, b);
  b.end_object();
}

}  // namespace

Result<json::Value> value_of(const Formula& formula, const HttpValues& values) {
  return formula.evaluate(values.input, values.slots, values.environment);
}

Result<std::string> text_of(json::View value, std::string_view what) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_array() || value.is_object() || value.is_null()) {
    return Error(ErrorCode::ExpressionFailed, std::string(what) + ": expected a text, got " +
                                                  std::string(json::type_name(value.type())));
  }
  return value.to_text();
}

ArgumentSet arguments_of(const HttpSpec& spec) {
  ArgumentSet all;
  const Formula* formulas[] = {&spec.method, &spec.endpoint, &spec.headers, &spec.query, &spec.body,
                               &spec.authentication.fields};
  for (const Formula* formula : formulas) all.bits |= formula->arguments().bits;
  return all;
}

Result<json::Value> finish_request(const HttpSpec& spec, HttpDraft draft, const HttpValues& values,
                                   json::View secrets) {
  HENCE_TRY(const Authorization authorization, build_authorization(spec.authentication, values,
                                                                   secrets));
  json::Builder b;
  b.begin_object().member("method", draft.method).member("url", draft.uri);
  if (spec.output == HttpOutput::response) {
    b.key("echo");
    write_echo(draft.method, draft.uri, draft.headers, b);
  }
  if (!authorization.scheme.empty()) {
    std::erase_if(draft.headers, [](const auto& h) { return h.first == "authorization"; });
    draft.headers.emplace_back("authorization",
                               authorization.scheme + " " + authorization.parameter);
    b.key("authorization").begin_object().member("scheme", authorization.scheme);
    b.member("parameter", authorization.parameter).end_object();
  }
  if (authorization.digest) b.member("digest", *authorization.digest);
  if (authorization.token) b.member("token", *authorization.token);
  b.key("headers");
  write_headers(draft.headers, b);
  if (draft.body && json::is_utf8(*draft.body)) {
    b.member("body", *draft.body);
  } else if (draft.body) {
    b.member("bodyBase64", event::base64_encode(*draft.body));
  }
  b.end_object();
  return std::move(b).finish();
}

Result<json::Value> build_http_request(const HttpSpec& spec, const HttpValues& values,
                                       json::View secrets) {
  HttpDraft draft;
  HENCE_TRY(draft.method, build_method(spec, values));
  HENCE_TRY(draft.uri, build_uri(spec, values));
  HENCE_TRY(const json::Value query, value_of(spec.query, values));
  HENCE_TRY_VOID(append_query(query, draft.uri));
  HENCE_TRY(draft.headers, build_headers(spec, values));
  HENCE_TRY(const json::Value body, value_of(spec.body, values));
  if (spec.body.present() && !body->is_null()) {
    const bool text = body->is_string();
    if (!has_header(draft.headers, "content-type")) {
      draft.headers.emplace_back("content-type",
                                 text ? "text/plain; charset=utf-8" : "application/json");
    }
    draft.body = text ? std::string(body->as_string()) : body->to_text();
  }
  return finish_request(spec, std::move(draft), values, secrets);
}

Result<json::Value> build_request_echo(const HttpSpec& spec, const HttpValues& values) {
  std::string method, uri;
  Headers headers;
  if (!spec.method.reads_secrets()) {
    HENCE_TRY(method, build_method(spec, values));
  }
  if (!spec.endpoint.reads_secrets()) {
    HENCE_TRY(uri, build_uri(spec, values));
  }
  if (!uri.empty() && !spec.query.reads_secrets()) {
    HENCE_TRY(const json::Value query, value_of(spec.query, values));
    HENCE_TRY_VOID(append_query(query, uri));
  }
  if (!spec.headers.reads_secrets()) {
    HENCE_TRY(headers, build_headers(spec, values));
  }
  json::Builder b;
  write_echo(method, uri, headers, b);
  return std::move(b).finish();
}

}  // namespace hence::workflow

// SPDX-License-Identifier: Apache-2.0
#include "api/http_message.h"

#include <array>

#include "api/http_limits.h"
#include "api/http_parse.h"

namespace hence::api {

namespace {

constexpr std::array<std::string_view, 7> kMethodNames = {"GET",   "HEAD",   "POST",   "PUT",
                                                          "PATCH", "DELETE", "OPTIONS"};

}  // namespace

std::string_view method_name(HttpMethod method) {
  return kMethodNames[static_cast<size_t>(method)];
}

std::optional<HttpMethod> parse_method(std::string_view token) {
  for (size_t i = 0; i < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == token) return static_cast<HttpMethod>(i);
  }
  return std::nullopt;
}

HeaderLookup RequestHead::find_one(std::string_view name) const {
  HeaderLookup found;
  for (const HttpHeader& field : headers) {
    if (field.name != name) continue;
    if (found.count == HeaderCount::one) {
      found.count = HeaderCount::many;
      break;
    }
    found = {HeaderCount::one, field.value};
  }
  return found;
}

std::optional<std::string_view> RequestHead::find_query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<HttpRequest> request_from_text(std::string_view header_block, std::string body) {
  const HttpLimits limits;
  HeadScanner scanner;
  if (auto refusal = scanner.scan(header_block, limits)) return std::move(refusal->error);
  if (scanner.head_bytes() != header_block.size()) {
    return {ErrorCode::RequestInvalid, "the header block does not end with one empty line"};
  }
  RequestHead head;
  BodyFraming framing;
  if (auto refusal = parse_head(header_block, limits, head, framing)) {
    return std::move(refusal->error);
  }
  head.request_id = "0000000000000001";
  head.remote_address = "127.0.0.1";
  HttpRequest request(std::move(head));
  request.body = std::move(body);
  return request;
}

HttpResponse HttpResponse::with_body(int status, std::string content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.header("content-type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

std::string_view status_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Unknown";
  }
}

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
#pragma once

// One HTTP request as handlers see it, and the answer they give. Nothing here knows sockets.
// A request that reaches a handler has passed the framing check (http_parse.h): its path is
// decoded once, holds no dot segment and no encoded slash, and all its text is free of controls.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hence::api {

enum class HttpMethod : uint8_t { get, head, post, put, patch, del, options };
std::string_view method_name(HttpMethod method);  ///< "GET", …
std::optional<HttpMethod> parse_method(std::string_view token);

/// A field as it arrived: name in lower case, value without white space around it.
struct HttpHeader {
  std::string_view name;
  std::string_view value;
};

/// What find_one() saw: a header that must be single is `many` where it is repeated.
enum class HeaderCount : uint8_t { missing, one, many };
struct HeaderLookup {
  HeaderCount count = HeaderCount::missing;
  std::string_view value;  ///< of the first one; empty when missing
};

/// A request before its body. Movable, not copyable: its views point into `text`.
struct RequestHead {
  HttpMethod method = HttpMethod::get;
  std::string_view target;             ///< as received: "/events?limit=3"
  std::string_view path;               ///< the part before '?', as received
  std::vector<std::string> segments;   ///< decoded once: "/" none, "/a/" {"a", ""}, "*" {"*"}
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order, '+' is a space
  std::vector<HttpHeader> headers;     ///< in order, repeated ones kept
  std::string_view host;               ///< the Host header; empty only in HTTP/1.0
  std::string remote_address;          ///< "192.0.2.7" or "2001:db8::1", without the port
  std::string request_id;              ///< made by the server, also sent back as x-request-id
  bool http_1_0 = false;
  bool keep_alive = true;              ///< the client lets the connection live on
  std::unique_ptr<char[]> text;        ///< owns what the views point to

  /// name in lower case.
  HeaderLookup find_one(std::string_view name) const;
  /// The first query parameter of that name.
  std::optional<std::string_view> find_query(std::string_view name) const;
};

struct HttpRequest : RequestHead {
  std::string body;

  HttpRequest() = default;
  explicit HttpRequest(RequestHead head) : RequestHead(std::move(head)) {}
};

/// For tests and tools: the request that this text ("POST /events HTTP/1.1\r\nHost: h\r\n…\r\n\r\n",
/// without body) makes. Errors: what the server would refuse it with.
Result<HttpRequest> request_from_text(std::string_view header_block, std::string body = {});

/// The server adds content-length, date, connection and x-request-id; a handler never sets them.
struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;

  HttpResponse& header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  /// A response with a content type and a body.
  static HttpResponse with_body(int status, std::string content_type, std::string body);
};

/// "OK", "Not Found", …; "Unknown" for a number without a name here.
std::string_view status_phrase(int status);

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A route: method and path, who may use it, what its body may be, what it is for. The table of all
// of them serves dispatch, authorisation, the metrics' labels and the OpenAPI document alike.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_message.h"

namespace hence::api {

class Exchange;
struct Context;
/// Answers the exchange, now or later. Runs on an I/O thread: must not block.
using Handler = void (*)(Context& context, std::shared_ptr<Exchange> exchange);

/// Where a route's path stands.
enum class Scope : uint8_t {
  server,           ///< as it is
  name_space,       ///< below /api/v1/namespaces/{ns} and, for the namespace default, /api/v1
  name_space_short, ///< as name_space, and as it is for the namespace default
};

/// Who may use a route. A route that says nothing is used by nobody.
enum class Access : uint8_t {
  denied,
  open,       ///< anybody
  token,      ///< who has the token, where one is set
  signature,  ///< the handler checks the sender's signature
};

/// What the body is, which decides how long it may be.
enum class Body : uint8_t { none, event, webhook, resources, json };

struct QueryParameter {
  std::string_view name;
  std::string_view type;  ///< of OpenAPI: string, integer, boolean
  std::string_view description;
};

struct Route {
  HttpMethod method = HttpMethod::get;
  std::string_view path;        ///< {x} is one segment, {x...}, at the end, one or more
  Scope scope = Scope::server;
  Access access = Access::denied;
  Body body = Body::none;
  Handler handler = nullptr;
  std::string_view operation;   ///< OpenAPI's operationId
  std::string_view summary;
  int success = 200;
  std::string_view answer;      ///< schema of the answer in the OpenAPI document
  std::span<const QueryParameter> query = {};
};

/// All routes there are.
std::span<const Route> all_routes();

/// What a request's path means.
struct RouteMatch {
  const Route* route = nullptr;        ///< none: nothing is there, or not by that method
  std::string name_space = "default";
  std::vector<std::string> params;     ///< by their order in the path
  std::string allow;                   ///< methods of the path, where only the method is wrong
};

/// HEAD finds the route of GET.
RouteMatch find_route(HttpMethod method, std::span<const std::string> segments);

/// The forms of a route's path, {ns} included: one to three.
std::vector<std::string> full_paths(const Route& route);

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/admission.h"

#include <algorithm>
#include <vector>

#include "api/problem.h"
#include "event/media_type.h"
#include "workflow/faults.h"
#include "workflow/shapes.h"

namespace hence::api {
namespace {

constexpr std::string_view kScheme = "Bearer ";

/// Errors: Unauthenticated.
Status check_token(const RequestHead& head, std::string_view token) {
  const HeaderLookup given = head.find_one("authorization");
  if (given.count == HeaderCount::one && event::begins_ignoring_case(given.value, kScheme) &&
      equal_in_constant_time(given.value.substr(kScheme.size()), token)) {
    return {};
  }
  return Error(ErrorCode::Unauthenticated,
               "send the server's token as authorization: Bearer TOKEN; the command line takes it from HENCE_TOKEN");
}

/// The host of "host:port" or "[v6]:port".
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.rfind(':'));
}

bool is_own_name(std::string_view host) {
  const std::string_view name = host_name(host);
  const bool is_v4 = name.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_v4 || name.starts_with('[') || event::equal_ignoring_case(name, "localhost");
}

/// Without a token only this machine can reach us, and so can every page in a browser on it: a
/// request made by another site's page, or under another site's name, is refused.
Status check_browser(const RequestHead& head) {
  const HeaderLookup origin = head.find_one("origin");
  const HeaderLookup site = head.find_one("sec-fetch-site");
  const size_t scheme = origin.value.find("://");
  const bool own_origin = origin.count == HeaderCount::missing ||
                          (origin.count == HeaderCount::one && scheme != std::string_view::npos &&
                           origin.value.substr(scheme + 3) == head.host);
  const bool own_site = site.count == HeaderCount::missing || site.value == "same-origin" ||
                        site.value == "none";
  if (own_origin && own_site && is_own_name(head.host)) return {};
  return Error(ErrorCode::Forbidden,
               "requests of other sites' pages, or to a name other than localhost, are taken only "
               "with a token: set auth.tokenFile");
}

Status authorise(const RequestHead& head, const Route* route, std::string_view token) {
  // What is not found is as closed as what is.
  switch (route ? route->access : Access::token) {
    case Access::open:
    case Access::signature: return {};
    case Access::token: return token.empty() ? check_browser(head) : check_token(head, token);
    case Access::denied: break;
  }
  return Error(ErrorCode::Forbidden, "nobody may use this route");
}

/// Query parameters the route does not know would have no effect.
Status check_query(const RequestHead& head, const Route& route) {
  // A webhook's URL is the provider's to extend.
  if (route.access == Access::signature) return {};
  std::vector<std::string_view> known;
  for (const QueryParameter& parameter : route.query) known.push_back(parameter.name);
  for (const auto& [name, value] : head.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Error(ErrorCode::RequestInvalid,
                 "unknown query parameter \"" + name + "\"" +
                     (known.empty() ? "; there are none here" : workflow::suggestion(name, known)));
  }
  return {};
}

Status check_name_space(const RouteMatch& match) {
  if (workflow::is_dsl_name(match.name_space)) return {};
  return Error(ErrorCode::RequestInvalid,
               "\"" + match.name_space + "\" is no namespace; expected a name of letters, digits "
               "and dashes, 63 at most");
}

Refused refuse(const RequestHead& head, const Route* route, const Error& error) {
  return {route, problem(error, head.request_id)};
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference = static_cast<unsigned char>(difference | (a[i] ^ other));
  }
  // Keeps the compiler from leaving the loop early.
  const volatile unsigned char result = difference;
  return result == 0 && !b.empty();
}

Admission admit(const RequestHead& head, std::string_view token) {
  RouteMatch match = find_route(head.method, head.segments);
  const Route* route = match.route;
  if (const Status status = authorise(head, route, token); !status.ok()) {
    Refused refused = refuse(head, route, status.error());
    if (refused.answer.status == 401) {
      refused.answer.header("www-authenticate", "Bearer realm=\"hence\"");
    }
    return refused;
  }
  if (route == nullptr && match.allow.empty()) {
    return refuse(head, nullptr,
                  Error(ErrorCode::NotFound,
                        "there is nothing at this path; /openapi.json lists what there is"));
  }
  if (route == nullptr) {
    const Error error(ErrorCode::MethodNotAllowed, "this path takes " + match.allow);
    Refused refused = refuse(head, nullptr, error);
    refused.answer.header("allow", match.allow);
    return refused;
  }
  for (const Status& status : {check_name_space(match), check_query(head, *route)}) {
    if (!status.ok()) return refuse(head, route, status.error());
  }
  return Admitted{std::move(match), token.empty() ? "anonymous" : "token"};
}

}  // namespace hence::api

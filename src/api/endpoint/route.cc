// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/route.h"

namespace hence::api {
namespace {

using Segments = std::span<const std::string>;

/// Whether segments have the form of the pattern; fills params.
bool fits(std::string_view pattern, Segments segments, std::vector<std::string>& params) {
  params.clear();
  size_t index = 0;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // the slash
    const size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view part = pattern.substr(0, end);
    pattern.remove_prefix(end);
    if (index == segments.size() || segments[index].empty()) return false;
    if (part.ends_with("...}")) {
      std::string& rest = params.emplace_back(segments[index]);
      while (++index < segments.size()) rest += "/" + segments[index];
      return true;
    }
    if (part.starts_with('{')) {
      params.push_back(segments[index]);
    } else if (part != segments[index]) {
      return false;
    }
    ++index;
  }
  return index == segments.size();
}

/// A path without what says the namespace.
struct Inner {
  Segments segments;
  std::string_view name_space = "default";
  bool below_api = false;
};

Inner strip_api(Segments segments) {
  if (segments.size() < 2 || segments[0] != "api" || segments[1] != "v1") return {segments};
  if (segments.size() > 3 && segments[2] == "namespaces") {
    return {segments.subspan(4), segments[3], true};
  }
  return {segments.subspan(2), "default", true};
}

bool stands_there(Scope scope, bool below_api) {
  return below_api ? scope != Scope::server : scope != Scope::name_space;
}

void add_allowed(HttpMethod method, std::string& allow) {
  if (!allow.empty()) allow += ", ";
  allow += method_name(method);
  if (method == HttpMethod::get) allow += ", HEAD";
}

}  // namespace

RouteMatch find_route(HttpMethod method, std::span<const std::string> segments) {
  RouteMatch match;
  const Inner inner = strip_api(segments);
  match.name_space = inner.name_space;
  const HttpMethod wanted = method == HttpMethod::head ? HttpMethod::get : method;
  std::string_view found_path;
  for (const Route& route : all_routes()) {
    if (!stands_there(route.scope, inner.below_api)) continue;
    // The first path that fits is the one: /events/stream is no event's position.
    if (!found_path.empty() && route.path != found_path) continue;
    if (!fits(route.path, inner.segments, match.params)) continue;
    found_path = route.path;
    if (route.method == wanted) {
      match.route = &route;
      return match;
    }
    add_allowed(route.method, match.allow);
  }
  return match;
}

std::vector<std::string> full_paths(const Route& route) {
  std::vector<std::string> paths;
  const std::string path(route.path);
  if (route.scope != Scope::name_space) paths.push_back(path);
  if (route.scope != Scope::server) {
    paths.push_back("/api/v1/namespaces/{ns}" + path);
    paths.push_back("/api/v1" + path);
  }
  return paths;
}

}  // namespace hence::api

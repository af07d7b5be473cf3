// SPDX-License-Identifier: Apache-2.0
#pragma once

// Decides, by a request's head alone, whether it gets to its handler: is there such a route, may
// the sender use it, is what it says well-formed. Denies what no rule here allows.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/endpoint/route.h"
#include "api/http_message.h"
#include "base/error.h"

namespace hence::api {

struct Admitted {
  RouteMatch match;
  std::string principal;  ///< "token" or "anonymous"
};
struct Refused {
  const Route* route = nullptr;  ///< for the metrics; none where none was found
  HttpResponse answer;
};
using Admission = std::variant<Admitted, Refused>;

/// token: empty where none is wanted.
Admission admit(const RequestHead& head, std::string_view token);

/// Whether the texts are equal; takes the same time wherever they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace hence::api

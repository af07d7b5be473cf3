// SPDX-License-Identifier: Apache-2.0
#pragma once

// Commands that do one thing on the server, with a reason for the record of it, to one thing by its id
// or to all that a query finds: `hence instance cancel`, `hence delivery redrive`.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace hence::cli {

struct Act {
  struct Filter {
    const char* flag;        ///< "--workflow"
    std::string_view query;  ///< the parameter's name
    const char* help;
  };
  std::string_view collection;  ///< its path: "/instances"
  std::string_view verb;        ///< the action below one of it: "cancel"
  const char* id_help;
  std::vector<Filter> filters;
  std::string_view done;        ///< "cancelled"
  /// What is said when it is done to one.
  std::function<std::string(const std::string& id)> said;
  /// Flags that are true members of the body.
  std::vector<Filter> switches = {};
};

int run_act(const Call& call, const Act& act);

}  // namespace hence::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Commands that do one thing to one thing on the server, with a reason for the record of it:
// `hence instance cancel`, `hence delivery redrive`.

#include <functional>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace hence::cli {

struct Act {
  std::string_view collection;  ///< its path: "/instances"
  std::string_view verb;        ///< the action below one of it: "cancel"
  const char* id_help;
  /// What is said when it is done.
  std::function<std::string(const std::string& id)> said;
};

int run_act(const Call& call, const Act& act);

}  // namespace hence::cli

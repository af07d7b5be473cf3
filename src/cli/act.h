// SPDX-License-Identifier: Apache-2.0
#pragma once

// Commands that do one thing on the server, with a reason for the record of it, to one thing by its id
// or, where there are filters, to all that a query finds: `hence instance cancel`, `hence delivery redrive`.

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
  /// What the body says beside the reason.
  struct Extra {
    const char* flag;        ///< "--input"
    std::string_view member; ///< of the body
    const char* help;
    bool json = true;        ///< its value is JSON, @FILE or -; else a text
    bool needed = false;
    bool many = false;       ///< also where a query says which
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
  bool needs_reason = false;
  std::vector<Extra> extras = {};
};

inline constexpr std::string_view kSayWhy = "say why: --reason TEXT is kept in the record of it, with who asked";

/// JSON given as a flag's value: itself, @FILE, or - for standard input.
Result<json::Value> json_argument(const Io& io, std::string_view flag, std::string text);

int run_act(const Call& call, const Act& act);

}  // namespace hence::cli

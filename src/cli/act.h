// SPDX-License-Identifier: Apache-2.0
#pragma once

// Commands that do one thing on the server, with a reason for the record of it, to one thing by its id
// or, where there are filters, to all that a query finds: `hence instance cancel`, `hence delivery redrive`.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/flags.h"
#include "json/builder.h"

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
  std::vector<Extra> extras = {};
  /// Flags of its own, and what they add to the body.
  std::function<void(Flags&)> declare = {};
  std::function<Status(json::Builder&)> add = {};
};

/// On one instance, or on all that a query finds; statuses are those that it can be done to.
Act act_on_instances(std::string_view verb, std::string_view done, const char* statuses,
                     std::function<std::string(const std::string& id)> said);
/// "; hence instance trace ID shows how it goes", of an act's answer.
std::string goes_on(const std::string& id);

inline constexpr std::string_view kSayWhy = "say why: --reason TEXT is kept in the record of it, with who asked";

/// JSON given as a flag's value: itself, @FILE, or - for standard input.
Result<json::Value> json_argument(const Io& io, std::string_view flag, std::string text);

int run_act(const Call& call, const Act& act);

}  // namespace hence::cli

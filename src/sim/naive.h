// SPDX-License-Identifier: Apache-2.0
#pragma once

// Workflow documents run as the specification reads, by plain recursion: no durability, no records, no
// time. An oracle for the engine: what it makes of a generated workflow, through crashes, late answers and
// repeated ones, is what this makes of it. Shares with the engine the expressions, and nothing else.
//
// Knows what generate.h makes: every task kind that Hence runs, extensions and functions; calls, processes, people
// and events answer as outside.h says. A task with a timeout is over if it surely takes longer, and in time
// otherwise; branches do not race, the first one wins. Not known: schemas, compensation.

#include <map>
#include <optional>
#include <string>

#include "json/value.h"

namespace hence::sim {

/// Documents by "namespace/name:version".
using Documents = std::map<std::string, json::Value>;

/// How an instance ends, if nobody cancels it.
struct Outcome {
  json::Value output;                ///< of one that completes
  std::optional<json::Value> error;  ///< of one that faults: type, status and instance, and perhaps more
};

Outcome interpret(json::View document, const json::Value& input, const Documents& documents);

/// Whether two errors say the same: type, status and place.
bool same_error(json::View a, json::View b);

}  // namespace hence::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Workflow documents run as the specification reads, by plain recursion: no durability, no records, no
// time. An oracle for the engine: what it makes of a generated workflow, through crashes, late answers and
// repeated ones, is what this makes of it. Shares with the engine the expressions, and nothing else.
//
// Knows what generate.h makes: every task kind that Hence runs but shell, script and OpenAPI; calls are
// answered by a function of their body, events by one of their key. Not known: schemas, extensions,
// timeouts but around a wait, branches that race each other.

#include <map>
#include <optional>
#include <string>

#include "delivery/http_client.h"
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

/// What the world answers to a call of a generated workflow: a function of what it is asked.
delivery::HttpAnswer answer_generated(std::string_view body);
/// The data of the event that a generated workflow waits for.
json::Value event_data(std::string_view key);

/// Whether two errors say the same: type, status and place.
bool same_error(json::View a, json::View b);

}  // namespace hence::sim

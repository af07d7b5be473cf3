// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events as users name and see them.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/client.h"
#include "json/value.h"

namespace hence::cli {

/// The position of an event named by its position "07-42", by source and id (two words, or one with
/// a space between), or by an id only one event has. Errors: NotFound, Ambiguous, Unreachable.
Result<std::string> find_event(const Client& client, const std::vector<std::string>& words);

/// The API's {"position","accepted","event":{…}} as one flat row: position, the event's attributes
/// and data, then accepted, via, cause.
json::Value event_row(json::View item);

}  // namespace hence::cli

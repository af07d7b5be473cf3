// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events that the engine makes: of rules, of schedules; and those it keeps.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace hence::engine {

/// The structured text of an event with the given attributes, and of `fill` those they leave out
/// (empty ones are none). Errors: ExpressionFailed, the attributes are no object.
Result<std::string> complete_event(json::View attributes, const std::vector<std::pair<std::string_view, std::string>>& fill);

/// What the text of a kept event says.
json::Value kept_event_value(const json::Value& text);

/// jq's text of a value where a text is wanted: strings as they are, all else as JSON.
std::string text_of(json::View value);

}  // namespace hence::engine

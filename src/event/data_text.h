// SPDX-License-Identifier: Apache-2.0
#pragma once

// Data that came as a body of its own keeps the bytes it came in.

#include <string_view>

#include "event/event.h"

namespace hence::event {

/// The event of the given attributes (an object without data) with text, which is one JSON value,
/// as its data, byte for byte. Errors: EventInvalid; JsonInvalid where the whole is too deep.
Result<Event> event_with_data(const json::Value& attributes, std::string_view text);

}  // namespace hence::event

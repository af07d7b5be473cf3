// SPDX-License-Identifier: Apache-2.0
#pragma once

// The checks on single attributes of an event (CloudEvents 1.0, "Type System" and "Attribute
// Naming Convention").

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "json/value.h"

namespace hence::event {

/// Whether a name may name an attribute: a-z and 0-9 only.
bool is_attribute_name(std::string_view name);
/// Whether well-formed UTF-8 may be a String: no control characters, no noncharacters.
bool is_attribute_text(std::string_view text);

/// Checks an extension attribute's name and value. Errors: EventInvalid.
Status check_extension(std::string_view name, json::View value);

/// hencedepth as a number or, as headers bring it, as its text: 0..kDepthMax.
std::optional<int> read_depth(json::View value);

/// EventInvalid: `attribute "NAME": SENTENCE`.
Error attribute_error(std::string_view name, std::string_view sentence);
/// The text cut to what an error message can bear, in quotes.
std::string in_quotes(std::string_view text);

}  // namespace hence::event

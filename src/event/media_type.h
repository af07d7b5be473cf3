// SPDX-License-Identifier: Apache-2.0
#pragma once

// Media types (RFC 2046) as events and HTTP messages name them.

#include <string_view>

namespace hence::event {

/// Whether text is type/subtype with optional parameters.
bool is_media_type(std::string_view text);
/// The text before the first ';', without white space around it.
std::string_view without_parameters(std::string_view media_type);
/// The value of the parameter charset without quotes; empty where there is none.
std::string_view charset_of(std::string_view media_type);

/// */json or */*+json, whatever the parameters.
bool is_json_media_type(std::string_view media_type);
/// text/*, */xml or */*+xml, in UTF-8 (which US-ASCII is a part of).
bool is_utf8_text_media_type(std::string_view media_type);

/// ASCII letters compare without case.
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool begins_ignoring_case(std::string_view text, std::string_view prefix);

}  // namespace hence::event

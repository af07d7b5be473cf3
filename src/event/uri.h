// SPDX-License-Identifier: Apache-2.0
#pragma once

// The syntax of URIs (RFC 3986) as far as attributes need it: allowed characters, whole percent
// triplets, one fragment, and a scheme where a colon claims one.

#include <string_view>

namespace hence::event {

/// Absolute or relative; not empty.
bool is_uri_reference(std::string_view text);
/// With a scheme.
bool is_absolute_uri(std::string_view text);

}  // namespace hence::event

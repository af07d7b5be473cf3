// SPDX-License-Identifier: Apache-2.0
#pragma once

// URI references (RFC 3986): resolving them against a base, and whether a text is one.

#include <cstdint>
#include <string>
#include <string_view>

namespace hence::schema {

/// A reference divided at its delimiters; views into the text it was made from.
struct UriParts {
  std::string_view scheme, authority, path, query, fragment;
  bool has_scheme = false, has_authority = false, has_query = false, has_fragment = false;
};
UriParts split_uri(std::string_view text);

/// The URI that reference means where base is the base (RFC 3986, 5.2.2). An empty base is no base.
std::string resolve_uri(std::string_view base, std::string_view reference);

/// The text with %XX replaced by the byte; malformed escapes stay.
std::string percent_decoded(std::string_view text);

enum class UriKind : uint8_t { absolute, reference };
enum class UriCharacters : uint8_t { ascii, international };
bool is_uri(std::string_view text, UriKind kind, UriCharacters characters);

/// RFC 6570, all levels.
bool is_uri_template(std::string_view text);

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);

}  // namespace hence::schema

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The metaschemas of all drafts, as text: what a $ref to json-schema.org means without a network.

#include <span>
#include <string_view>

namespace hence::schema {

struct Metaschema {
  std::string_view uri;  ///< without fragment
  std::string_view text;
};

std::span<const Metaschema> metaschemas();

}  // namespace hence::schema

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether two subschemas read the same, with all that they refer to.

#include "schema/block.h"

namespace hence::schema {

/// True only where it is sure: references other than JSON pointers into the own document are not followed.
bool reads_same(const Program& a, const Block& in_a, const Program& b, const Block& in_b);

/// Whether all documents of two programs are equal.
bool same_documents(const Program& a, const Program& b);

}  // namespace hence::schema

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a store should know of the keys in rows.h to find fast who waits at a place.

#include <string_view>

#include "base/ids.h"

namespace hence::engine {

/// The tables that are scanned place by place, and how many bytes of a key name one.
inline constexpr std::string_view kPlaceTables = "wb";
inline constexpr size_t kPlaceBytes = 2 + 1 + 2 * sizeof(Hash128);

}  // namespace hence::engine

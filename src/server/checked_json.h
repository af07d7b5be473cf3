// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small JSON files that say so themselves when a byte of them has changed: the last member is the
// CRC-32C of all text before it.

#include <string>
#include <string_view>

#include "json/value.h"

namespace hence::server {

/// The object's text with the member "checksum" added, and a line's end.
std::string with_checksum(const json::Value& object);
/// Whether the checksum in the text, which was parsed to object, is that of the rest. An object of
/// so many members at most, without a checksum, fits: earlier versions wrote none.
bool checksum_fits(std::string_view text, json::View object, size_t members_without = 0);

}  // namespace hence::server

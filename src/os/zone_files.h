// SPDX-License-Identifier: Apache-2.0
#pragma once

// The system's time zone database, /usr/share/zoneinfo (Debian: tzdata). Any thread; nothing is kept.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::os {

/// The file of a zone (TZif). name: only letters, digits, `+-_` in parts divided by `/`.
/// Errors: NotFound (no such zone, or no database), FileUnreadable.
Result<std::string> load_zone(std::string_view name);
/// "2025b"; "unknown" where the database does not say.
std::string zone_database_version();
/// The names that can be loaded, as far as the database lists them.
std::vector<std::string> zone_names();

}  // namespace hence::os

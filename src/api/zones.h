// SPDX-License-Identifier: Apache-2.0
#pragma once

// Time zones of the system, for those who put an engine together, and the check that documents name
// none it does not have.

#include <string>
#include <vector>

#include "api/event_type_check.h"
#include "engine/definitions.h"

namespace hence::api {

/// Reads /usr/share/zoneinfo when asked for a zone; an unknown name's error has the nearest one.
engine::ZonesPtr system_zones();

/// Schedules in zones that cannot be read, by the resource's number.
std::vector<Unplaced> check_zones(const calendar::Zones& zones, const std::vector<resource::Resource>& resources);

}  // namespace hence::api

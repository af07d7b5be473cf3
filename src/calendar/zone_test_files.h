// SPDX-License-Identifier: Apache-2.0
#pragma once

// The system's time zones, read for tests.

#include <fstream>
#include <sstream>
#include <string>

#include "calendar/zone.h"

namespace hence::calendar {

inline std::shared_ptr<const Zone> test_zone(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  Result<std::shared_ptr<const Zone>> zone = Zone::parse(name, bytes.str());
  return zone.ok() ? *zone : nullptr;
}

}  // namespace hence::calendar

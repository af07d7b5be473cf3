// SPDX-License-Identifier: Apache-2.0
#include "os/zone_files.h"

#include <fstream>
#include <iterator>

namespace hence::os {
namespace {

const std::string kFolder = "/usr/share/zoneinfo/";
constexpr size_t kZoneFileBytesMax = 1 << 20;

}  // namespace

Result<std::string> load_zone(std::string_view name) {
  std::ifstream file(kFolder + std::string(name), std::ios::binary);
  std::string bytes(kZoneFileBytesMax, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  if (!bytes.empty()) return bytes;
  if (!std::ifstream(kFolder + "UTC", std::ios::binary)) {
    return Error(ErrorCode::NotFound, "there is no time zone database in " + kFolder + "; install tzdata");
  }
  return Error(ErrorCode::NotFound, "there is no time zone \"" + std::string(name) + "\"");
}

std::string zone_database_version() {
  std::ifstream file(kFolder + "tzdata.zi");
  std::string line;
  constexpr std::string_view kBegin = "# version ";
  if (!std::getline(file, line) || !line.starts_with(kBegin)) return "unknown";
  return line.substr(kBegin.size());
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  std::ifstream file(kFolder + "tzdata.zi");
  for (std::string line; std::getline(file, line);) {
    // "Z Europe/Berlin …" is a zone, "L Europe/Berlin Europe/Copenhagen" another name of one.
    const size_t space = line.starts_with("L ") ? line.find(' ', 2) + 1 : line.starts_with("Z ") ? 2 : 0;
    if (space > 0) names.push_back(line.substr(space, line.find(' ', space) - space));
  }
  return names;
}

}  // namespace hence::os

// SPDX-License-Identifier: Apache-2.0
#include "api/zones.h"

#include "os/zone_files.h"
#include "workflow/faults.h"

namespace hence::api {
namespace {

Result<std::string> load(std::string_view name) {
  Result<std::string> bytes = os::load_zone(name);
  if (bytes.ok() || bytes.error().code() != ErrorCode::NotFound) return bytes;
  const std::vector<std::string> names = os::zone_names();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view nearest = workflow::nearest_word(name, views);
  if (nearest.empty()) return bytes;
  return Error(ErrorCode::NotFound, bytes.error().message() + "; did you mean \"" + std::string(nearest) + "\"?");
}

}  // namespace

engine::ZonesPtr system_zones() {
  return std::make_shared<calendar::Zones>(load, os::zone_database_version());
}

std::vector<Unplaced> check_zones(const calendar::Zones& zones, const std::vector<resource::Resource>& resources) {
  std::vector<Unplaced> found;
  for (size_t i = 0; i < resources.size(); ++i) {
    const workflow::Timing* timing = nullptr;
    std::string pointer = "/spec/timeZone";
    if (const auto* schedule = std::get_if<resource::ScheduleSpec>(&resources[i].spec)) timing = &schedule->timing;
    if (const auto* workflow = std::get_if<resource::WorkflowSpec>(&resources[i].spec);
        workflow != nullptr && workflow->definition != nullptr && workflow->definition->schedule) {
      timing = &workflow->definition->schedule->timing;
      pointer = "/document/metadata/schedule/timeZone";
    }
    if (timing == nullptr) continue;
    const auto zone = zones.find(timing->time_zone);
    if (!zone.ok()) found.push_back({i, pointer, zone.error().message()});
  }
  return found;
}

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
// What begins by itself: active Schedules, and the highest versions of workflows with `schedule`.

#include "engine/definitions.h"

namespace hence::engine {

using workflow::Trigger;

ZonesPtr utc_only() {
  static const ZonesPtr zones = std::make_shared<calendar::Zones>();
  return zones;
}

const workflow::Timing& Definitions::ScheduleEntry::timing() const {
  if (const auto* spec = std::get_if<resource::ScheduleSpec>(&resource->spec)) return spec->timing;
  return std::get<resource::WorkflowSpec>(resource->spec).definition->schedule->timing;
}

std::string Definitions::ScheduleEntry::text() const {
  std::string all;
  for (const Trigger trigger : {Trigger::every, Trigger::cron, Trigger::after}) {
    const std::string one = timing().text(trigger);
    if (!one.empty()) all += (all.empty() ? "" : "; ") + one;
  }
  return all;
}

const Definitions::ScheduleEntry* Definitions::find_schedule(std::string_view name_space, const std::string& name) const {
  const Space* in = space(name_space);
  return in == nullptr ? nullptr : in->schedules.find(name);
}

Status Definitions::change_schedules(const std::vector<ResourceChange>& changes, bool strict) {
  std::map<std::string, std::set<std::string>> names;
  for (const ResourceChange& change : changes) {
    const std::optional<resource::Kind> kind = resource::find_kind(change.kind);
    if (kind == resource::Kind::schedule) names[change.name_space].insert(change.name);
    if (kind == resource::Kind::workflow) names[change.name_space].insert(change.name.substr(0, change.name.rfind(':')));
  }
  for (const auto& [name, changed] : names) {
    auto space = std::make_shared<Space>(*spaces_.at(name));
    HENCE_TRY_VOID(change_schedules(*space, changed, strict));
    spaces_[name] = std::move(space);
  }
  return {};
}

Status Definitions::change_schedules(Space& space, const std::set<std::string>& names, bool strict) const {
  SharedMap<std::string, ScheduleEntry>::Changes entries;
  std::map<std::string, std::shared_ptr<const calendar::Zone>> zones;
  for (const auto& [name, entry] : space.schedules) {
    if (entry.zone != nullptr) zones[entry.timing().time_zone] = entry.zone;
  }
  for (const std::string& name : names) {
    const Stored* stored = nullptr;
    bool begins = false;
    if (name.find('/') == std::string::npos) {
      stored = space.resources.find({resource::Kind::schedule, name});
      begins = stored != nullptr && std::get<resource::ScheduleSpec>(stored->resource->spec).mode == resource::ScheduleMode::active;
    } else if (const std::string* latest = space.latest.find(name)) {
      stored = space.resources.find({resource::Kind::workflow, *latest});
      begins = std::get<resource::WorkflowSpec>(stored->resource->spec).definition->schedule.has_value();
    }
    if (!begins) {
      if (space.schedules.find(name) != nullptr) entries[name] = std::nullopt;
      continue;
    }
    ScheduleEntry entry{name, stored->revision, stored->resource, nullptr, {}};
    // One value a zone, however many schedules are in it.
    std::shared_ptr<const calendar::Zone>& known = zones[entry.timing().time_zone];
    const auto zone = known ? Result<std::shared_ptr<const calendar::Zone>>(known) : zones_->find(entry.timing().time_zone);
    if (zone.ok()) {
      entry.zone = known = *zone;
    } else if (strict) {
      return Error(ErrorCode::ResourceInvalid, stored->resource->title() + ": " + zone.error().message());
    } else {
      entry.zone_error = zone.error().message();
    }
    entries[name] = std::move(entry);
  }
  if (!entries.empty()) space.schedules.change(std::move(entries));
  return {};
}

}  // namespace hence::engine

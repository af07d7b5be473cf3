// SPDX-License-Identifier: Apache-2.0
// `schedule` of a workflow, with our settings from document.metadata.schedule.

#include <algorithm>

#include "workflow/compiler.h"
#include "workflow/shapes.h"

namespace hence::workflow {

void Compiler::compile_schedule_settings(Timing& timing, const std::optional<Site>& schedule) {
  const auto head = Site{root_, "", kRootScope}.find("document");
  const auto metadata = head ? head->find("metadata") : std::nullopt;
  const auto settings = metadata ? metadata->find("schedule") : std::nullopt;
  if (!settings || (!schedule && stored_)) return;
  check_shape(kScheduleSettingsShape, settings->value, settings->pointer, faults_);
  if (!schedule) {
    return warnings_.add_at_key(settings->pointer, "these settings have no effect: the workflow has no `schedule`");
  }
  read_schedule_settings(settings->value, settings->pointer, timing, faults_);
  if (timing.timed() || !schedule->find("on")) return;
  for (const std::string_view key : {"catchUp", "catchUpWindow", "catchUpMax", "overlap", "jitter"}) {
    if (const auto setting = settings->find(key)) {
      warnings_.add_at_key(setting->pointer, "`" + std::string(key) + "` has no effect here: it is for what starts by "
                                             "time (every, cron, after), and there is only `on`");
    }
  }
}

void Compiler::compile_schedule(const std::optional<Site>& given) {
  ScheduleSpec spec;
  const bool empty = given && given->value.is_object() && given->value.size() == 0;
  if (empty) warnings_.add_at_key(given->pointer, "this is no schedule: it has neither `every`, `cron`, `after` nor `on`");
  if (!given || empty) return compile_schedule_settings(spec.timing, std::nullopt);
  const Site& schedule = *given;
  const auto interval = [&](std::string_view key) {
    const auto at = schedule.find(key);
    return at ? read_interval(at->value, at->pointer, faults_) : std::nullopt;
  };
  spec.timing.every = interval("every");
  spec.timing.after = interval("after");
  if (const auto cron = schedule.find("cron")) read_cron(cron->value, cron->pointer, spec.timing, faults_);
  compile_schedule_settings(spec.timing, given);
  const auto on = schedule.find("on");
  if (const auto read = schedule.find("read")) {
    if (!on) faults_.add(read->pointer, "`read` needs `on`: it says how the events of `on` are read");
    const std::string_view mode = read->value.is_string() ? read->value.as_string() : std::string_view("data");
    spec.read = mode == "envelope" ? ListenSpec::Read::envelope : mode == "raw" ? ListenSpec::Read::raw : ListenSpec::Read::data;
  }
  if (on) compile_triggers(*on, spec);
  definition_->schedule = std::move(spec);
}

void Compiler::compile_triggers(const Site& on, ScheduleSpec& spec) {
  spec.on = compile_strategy(on, kNone);
  if (const auto until = on.find("until")) {
    warnings_.add_at_key(until->pointer, "`until` has no effect here: a schedule takes events for as long as the workflow is applied");
  }
  if (spec.on.strategy != ListenSpec::Strategy::all) return;
  if (spec.on.count == 0) faults_.add(on.pointer, "`all` of nothing would never start anything; name at least one event");
  check_all_keys(on, spec);
}

/// Events of `all` find each other by their keys, so each filter has the same.
void Compiler::check_all_keys(const Site& on, const ScheduleSpec& spec) {
  const auto names = [&](uint32_t index) {
    std::vector<std::string> found;
    for (const ListenSite::Key& key : definition_->sites[index].keys) found.push_back(key.name);
    std::sort(found.begin(), found.end());
    return found;
  };
  for (uint32_t index = spec.on.first; index < spec.on.first + spec.on.count; ++index) {
    if (names(index) == names(spec.on.first)) continue;
    faults_.add(child_pointer(child_pointer(on.pointer, "all"), index - spec.on.first),
                "the events of `all` find each other by the keys of `correlate`: expected the same keys as in the first filter");
  }
}

}  // namespace hence::workflow

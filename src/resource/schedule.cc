// SPDX-License-Identifier: Apache-2.0
// Schedules: what starts or is emitted at times.

#include "resource/read.h"

namespace hence::resource {

using workflow::child_pointer;
using workflow::KeyChoice;
using workflow::Shape;
using workflow::ShapeKey;
using enum Shape::Kind;

namespace {

const Shape kIntervalText{.kind = string};
const Shape kInterval{.kind = by_type, .as_string = &kIntervalText, .as_object = &workflow::kDurationObjectShape};
constexpr std::string_view kModes[] = {"active", "disabled"};
const Shape kMode{.kind = word, .words = kModes};

/// Our own keys and those of the settings that workflows have too.
std::vector<ShapeKey> all_keys() {
  std::vector<ShapeKey> keys = {{"mode", &kMode}, {"cron", &workflow::kStringShape}, {"every", &kInterval},
                                {"start", &kStartShape}, {"emit", &kEmitShape}};
  const std::span<const ShapeKey> settings = workflow::schedule_settings_keys();
  keys.insert(keys.end(), settings.begin(), settings.end());
  return keys;
}

const std::vector<ShapeKey> kKeys = all_keys();  // the settings are constants: there before any of this
constexpr std::string_view kTimes[] = {"cron", "every"};
const KeyChoice kOneTime[] = {{kTimes}};

}  // namespace

const Shape kScheduleShape{.kind = object, .keys = kKeys, .choices = kOneTime};

ScheduleSpec read_schedule(const Site& spec, Faults& faults) {
  ScheduleSpec made;
  if (spec.text("mode") == "disabled") made.mode = ScheduleMode::disabled;
  if (const auto every = spec.find("every")) {
    const size_t before = faults.size();
    made.timing.every = workflow::read_interval(every->value, every->pointer, faults);
    const bool words = every->value.is_string() && !made.timing.every;
    if (words && faults.size() == before) faults.add(every->pointer, "expected a duration such as PT15M, 15m or P1M");
  }
  if (const auto cron = spec.find("cron")) workflow::read_cron(cron->value, cron->pointer, made.timing, faults);
  // A cron that does not fit was said; what is said of its zone then would only confuse.
  if (made.timing.cron || !spec.find("cron")) workflow::read_schedule_settings(spec.value, spec.pointer, made.timing, faults);
  if (const auto start = spec.find("start")) made.start = read_start(*start, faults);
  if (const auto emit = spec.find("emit")) made.emit = read_emit(*emit, faults);
  if (!made.start && !made.emit) faults.add(spec.pointer, "expected `start` or `emit`: what is to happen");
  if (made.timing.overlap == workflow::Overlap::allow) return made;
  const std::string overlap = child_pointer(spec.pointer, "overlap");
  if (!made.start) {
    faults.add(overlap, "`overlap` is about instances that still run, and nothing is started");
  } else if (made.start->key.present() || made.start->id.present()) {
    faults.add(overlap, "with `overlap` the instances lie with their schedule: leave out `key` and `id` of `start`");
  }
  return made;
}

}  // namespace hence::resource

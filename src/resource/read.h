// SPDX-License-Identifier: Apache-2.0
#pragma once

// One resource document while it is read. The shapes were checked first; what does not fit them is
// passed over here.

#include <optional>
#include <string>
#include <string_view>

#include "json/value.h"
#include "resource/resource.h"
#include "workflow/shapes.h"

namespace hence::resource {

/// A value of the document and where it stands.
struct Site {
  json::View value;
  std::string pointer;

  std::optional<Site> find(std::string_view key) const;
  /// The member's text; otherwise where it is absent or no text.
  std::string text(std::string_view key, std::string_view otherwise = {}) const;
};

/// A value with `${ … }` in its texts, over `.` = an event and no variables; absent → not present.
Formula read_template(const std::optional<Site>& site, Faults& faults);
/// ISO 8601, short form (10s) or {days, hours, minutes, seconds, milliseconds}.
std::optional<Duration> read_duration(const std::optional<Site>& site);

extern const workflow::Shape kFixedDuration, kNameShape, kSecretReference;
extern const workflow::Shape kRuleShape, kSourceShape, kSinkShape, kSecretShape, kEventTypeShape;
extern const workflow::Shape kScheduleShape, kStartShape, kEmitShape;

RuleSpec read_rule(const Site& spec, Faults& faults, Faults& unsupported);
SourceSpec read_source(const Site& spec);
SinkSpec read_sink(const Site& spec);
SecretSpec read_secret(const Site& spec);
EventTypeSpec read_event_type(const Site& spec, Faults& faults);
ScheduleSpec read_schedule(const Site& spec, Faults& faults);

// What a rule does, and a schedule too.
StartAction read_start(const Site& site, Faults& faults);
EmitAction read_emit(const Site& site, Faults& faults);

}  // namespace hence::resource

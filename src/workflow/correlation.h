// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values that tell which waiting instance an event is for.

#include <optional>
#include <string>

#include "base/time.h"
#include "json/value.h"
#include "workflow/definition.h"
#include "workflow/instance.h"

namespace hence::workflow {

/// A value's one text: equal texts, numbers and booleans give equal results, whatever way they were
/// written. Nothing for null, arrays and objects: they correlate nothing.
std::optional<std::string> canonical_value(json::View value);

/// The same, as what decides the partition: a text is itself, so that an event and the instance that
/// waits for it lie together where both are placed by the same text.
std::string placing_text(json::View value);

/// "event order.paid, order = \"o-7\"": what a wait is for, for people.
std::string describe_wait(const Definition& definition, const Wait& wait, const Frame& frame);

/// The value that an event must have for the i-th key of the site; nothing while the first event gives it.
std::optional<json::Value> expected_value(const ListenSite& site, const Wait& wait, const Frame& frame, size_t i);

/// The source of a key's `from` as the document has it, without "${ }"; empty for a key that `with` gives.
std::string_view key_source(const Definition& definition, const ListenSite& site, std::string_view key);

/// What an instance gets of an event: its data, all of it, or its data as the text it has.
json::Value read_event(ListenSpec::Read mode, json::View event);

/// What a key reads from an event. Errors: ExpressionFailed, BudgetExceeded.
Result<json::Value> read_key(const ListenSite::Key& key, json::View event, const expr::Environment& environment);

/// What a key of `schedule.on` wants there: no instance gives the value, so it is read of the event too. Errors: as
/// above.
Result<json::Value> read_expected(const ListenSite::Key& key, json::View event, const expr::Environment& environment);

}  // namespace hence::workflow

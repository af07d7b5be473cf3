// SPDX-License-Identifier: Apache-2.0
#pragma once

// Times that lie a length apart, counted from an anchor: anchor + n × length. Months move the date
// from the anchor (31 January + 1 month is 28 February, + 2 months 31 March), so nothing drifts.

#include "base/time.h"

namespace hence::calendar {

/// The first one after `after`, n from 1; length is not zero.
UtcTime next_of_interval(UtcTime anchor, const CalendarDuration& length, UtcTime after);
/// How many are after `after` and not after `until`.
uint64_t count_of_interval(UtcTime anchor, const CalendarDuration& length, UtcTime after, UtcTime until);

}  // namespace hence::calendar

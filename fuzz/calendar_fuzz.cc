// SPDX-License-Identifier: Apache-2.0
// Cron expressions and zone files: no text may crash or hang; what is read gives due times that go on.

#include "calendar/timetable.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("TZif")) {
    const auto zone = calendar::Zone::parse("fuzz", text);
    if (!zone.ok()) return 0;
    for (int64_t second = -4'000'000'000; second < 8'000'000'000;) {
      const calendar::Zone::Transition next = (*zone)->next_transition(second);
      if (next.at <= second) __builtin_trap();
      second = next.at;
    }
    return 0;
  }
  const auto cron = calendar::Cron::parse(text);
  if (!cron.ok()) return 0;
  const calendar::LocalCron schedule{*cron};
  UtcTime time{1'700'000'000'000'000};
  for (int i = 0; i < 5; ++i) {
    const std::optional<UtcTime> next = schedule.next(time);
    if (!next || *next <= time) __builtin_trap();
    time = *next;
  }
  return 0;
}

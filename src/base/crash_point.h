// SPDX-License-Identifier: Apache-2.0
#pragma once

// Places where a test may end the process as kill -9 does: between two steps that matter, where the
// outside rarely hits. Off unless a name is set at the start (`hence serve` takes it from the variable
// HENCE_CRASH_POINT); then each costs a branch that is predicted. docs/simulation.md lists them.
//
//   HENCE_CRASH_POINT("log-before-sync");

#include <string_view>

namespace hence {

/// "name" or "name:N" for the N-th time it is passed. Before any thread is started. False if the text has
/// neither form; a name that is nowhere in the program is simply never passed.
bool set_crash_point(std::string_view text);

namespace detail {
extern bool crash_point_is_set;
/// Whether it is time to end at this point.
bool is_crash_due(std::string_view name);
[[noreturn]] void crash_here(std::string_view name);
}  // namespace detail

/// Whether the process is to end at this point, for one that has something to do half before.
inline bool is_crash_due(std::string_view name) {
  return detail::crash_point_is_set && detail::is_crash_due(name);
}

}  // namespace hence

#define HENCE_CRASH_POINT(name)                                    \
  do {                                                             \
    if (::hence::is_crash_due(name)) ::hence::detail::crash_here(name); \
  } while (false)

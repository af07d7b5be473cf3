// SPDX-License-Identifier: Apache-2.0
#pragma once

// Marks in code that rarely runs: the simulator counts which of them its seeds reach, and names those
// that none does (docs/simulation.md). Without a simulator a mark is one store to its own byte, in a
// path that is rare by definition.
//
//   if (!footer_is_readable) {
//     SIM_REACHED("a sealed segment's footer is made again");
//     …
//
// The linker gathers the marks of a program, so the list is complete without anybody keeping it.

#include <string_view>
#include <vector>

namespace hence {

struct ReachedMark {
  const char* name;
  unsigned char reached;  ///< written by any thread, with one value; read when they are gone
};

struct ReachedName {
  std::string_view name;
  bool reached = false;
};

/// All marks linked into this program, sorted by name; marks of one name are one.
std::vector<ReachedName> reached_marks();

}  // namespace hence

/// Only in ordinary functions of source files: a template or inline function has no section of its own.
#define SIM_REACHED(text)                                                                            \
  do {                                                                                               \
    static ::hence::ReachedMark hence_mark = {text, 0};                                              \
    static ::hence::ReachedMark* hence_mark_entry __attribute__((section("hence_marks"), used)) =    \
        &hence_mark;                                                                                 \
    __atomic_store_n(&hence_mark.reached, 1, __ATOMIC_RELAXED);                                      \
  } while (false)

// SPDX-License-Identifier: Apache-2.0
#include "base/reached.h"

#include <map>

// The linker's names for the ends of a section that is named like an identifier; weak, because a
// program may have no mark.
extern "C" {
extern hence::ReachedMark* __start_hence_marks[] __attribute__((weak, visibility("hidden")));
extern hence::ReachedMark* __stop_hence_marks[] __attribute__((weak, visibility("hidden")));
}

namespace hence {

std::vector<ReachedName> reached_marks() {
  std::map<std::string_view, bool> by_name;
  for (ReachedMark** entry = __start_hence_marks; entry != __stop_hence_marks; ++entry) {
    by_name[(*entry)->name] |= __atomic_load_n(&(*entry)->reached, __ATOMIC_RELAXED) != 0;
  }
  std::vector<ReachedName> names;
  for (const auto& [name, reached] : by_name) names.push_back({name, reached});
  return names;
}

}  // namespace hence

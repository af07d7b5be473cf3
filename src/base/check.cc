// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace hence {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "hence: internal check failed: %s at %s:%d. This is a bug; nothing acknowledged is lost: "
               "start hence again and report this line.\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace hence

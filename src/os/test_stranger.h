// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of what permissions forbid: root, as which tests may run, may do everything.

#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace hence::os {

/// While it lives this thread, if it is root's, has the rights to files of one who owns nothing. Where that is not
/// possible nothing changes: look whether what is to be forbidden is, and skip the test.
class Stranger {
 public:
  Stranger() {
    if (geteuid() == 0) setfsuid(kNobody);
  }
  ~Stranger() {
    if (geteuid() != 0) return;
    setfsuid(0);
    prctl(PR_SET_DUMPABLE, 1);  // or the sanitizers cannot look at this process any more
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
};

}  // namespace hence::os

// SPDX-License-Identifier: Apache-2.0
#pragma once

// One thread's wait for sockets: the load generator and the sink of a benchmark share it, so that
// both run on one thread and its clock.

#include <cstdint>
#include <functional>

#include "base/result.h"

namespace hence::cli::bench {

/// Told when its socket can be read or written, or is broken.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_ready(uint64_t what, uint32_t events) = 0;
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// what comes back with each on_ready: which of the watcher's sockets it is. At most 2^16 watchers.
  void watch(int fd, uint32_t events, Watcher& watcher, uint64_t what);
  void change(int fd, uint32_t events, Watcher& watcher, uint64_t what);

  /// Serves sockets until seconds_now() is `until` or done says so. tick runs before every wait and
  /// says when it wants to run again, as seconds_now().
  void run(double until, const std::function<bool()>& done, const std::function<double()>& tick);

 private:
  struct Entry;
  void set(int operation, int fd, uint32_t events, Watcher& watcher, uint64_t what);
  int epoll_ = -1;
  int timer_ = -1;
};

}  // namespace hence::cli::bench

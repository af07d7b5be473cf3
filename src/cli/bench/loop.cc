// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "cli/bench/facts.h"

namespace hence::cli::bench {
namespace {

// A pointer has 48 bits; the 16 above it say which socket of the watcher.
constexpr int kWhatShift = 48;
constexpr uint64_t kPointerMask = (uint64_t{1} << kWhatShift) - 1;

}  // namespace

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  HENCE_CHECK(epoll_ >= 0 && timer_ >= 0);
  epoll_event event{EPOLLIN | EPOLLET, {.u64 = 0}};
  HENCE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event) == 0);
}

Loop::~Loop() {
  close(timer_);
  close(epoll_);
}

void Loop::set(int operation, int fd, uint32_t events, Watcher& watcher, uint64_t what) {
  HENCE_CHECK(what < (uint64_t{1} << (64 - kWhatShift)));
  epoll_event event{events, {.u64 = reinterpret_cast<uint64_t>(&watcher) | (what << kWhatShift)}};
  HENCE_CHECK(epoll_ctl(epoll_, operation, fd, &event) == 0);
}

void Loop::watch(int fd, uint32_t events, Watcher& watcher, uint64_t what) { set(EPOLL_CTL_ADD, fd, events, watcher, what); }
void Loop::change(int fd, uint32_t events, Watcher& watcher, uint64_t what) { set(EPOLL_CTL_MOD, fd, events, watcher, what); }

void Loop::run(double until, const std::function<bool()>& done, const std::function<double()>& tick) {
  std::array<epoll_event, 256> events;
  while (!done()) {
    const double wanted = std::min(until, tick());
    const double now = seconds_now();
    if (now >= until) return;
    const double seconds = std::floor(wanted);
    const itimerspec at{{}, {static_cast<time_t>(seconds), static_cast<long>((wanted - seconds) * 1e9) + 1}};
    if (wanted > now) timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr);
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wanted > now ? -1 : 0);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.u64 == 0) continue;  // the timer
      reinterpret_cast<Watcher*>(event.data.u64 & kPointerMask)->on_ready(event.data.u64 >> kWhatShift, event.events);
    }
  }
}

}  // namespace hence::cli::bench

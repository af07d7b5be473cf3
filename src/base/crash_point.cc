// SPDX-License-Identifier: Apache-2.0
#include "base/crash_point.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>

namespace hence {
namespace detail {

bool crash_point_is_set = false;

namespace {

std::string wanted;
std::atomic<uint64_t> times_left{0};

}  // namespace

bool is_crash_due(std::string_view name) { return name == wanted && times_left.fetch_sub(1) == 1; }

void crash_here(std::string_view name) {
  const std::string line = "crash point " + std::string(name) + "\n";
  (void)!write(STDERR_FILENO, line.data(), line.size());
  kill(getpid(), SIGKILL);
  while (true) pause();
}

}  // namespace detail

bool set_crash_point(std::string_view text) {
  const size_t colon = text.find(':');
  uint64_t times = 1;
  if (colon != std::string_view::npos) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, times);
    if (error != std::errc() || stop != end || times == 0) return false;
  }
  detail::wanted = text.substr(0, colon);
  detail::times_left = times;
  detail::crash_point_is_set = !detail::wanted.empty();
  return detail::crash_point_is_set;
}

}  // namespace hence

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a benchmark says beside its figure: the machine, the time a thread or a process used, and
// times put in order.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "json/builder.h"

namespace hence::cli::bench {

/// Of the calling thread: processor time, which neighbours on the machine lengthen less.
double thread_cpu_seconds();
/// A clock that only goes forward.
double seconds_now();

/// The member "machine": processor, cores, memory, system, compiler.
void write_machine(json::Builder& out);

/// What a process has used so far.
struct ProcessFacts {
  std::map<std::string, double> cpu_seconds;  ///< by name of thread
  uint64_t resident_bytes = 0;
  uint64_t peak_bytes = 0;
  double cpu_total() const;
};
/// Of a process that runs; empty for one that does not.
ProcessFacts process_facts(pid_t pid);

/// Counts times in buckets 1.6 % wide, so that any number of them takes the same memory.
class Latencies {
 public:
  void add(double seconds);
  void add(const Latencies& others);
  uint64_t count() const { return count_; }
  /// The time within which a share (0 to 1) of them lies, in milliseconds; 0 of none.
  double millis(double share) const;

 private:
  static constexpr int kSteps = 64;  // to each power of two
  std::array<uint64_t, kSteps * 40> buckets_{};
  uint64_t count_ = 0;
};

/// As many digits as a measurement has.
double rounded(double value, int digits);

}  // namespace hence::cli::bench

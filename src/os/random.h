// SPDX-License-Identifier: Apache-2.0
#pragma once

// Port: randomness. Nothing else in the program makes any, so a seed repeats a run.

#include <array>
#include <cstdint>

namespace hence::os {

class Random {
 public:
  virtual ~Random() = default;
  /// 64 bits, each equally likely.
  virtual uint64_t next() = 0;
};

/// The kernel's generator (getrandom): fit for keys. Any thread.
class SystemRandom final : public Random {
 public:
  uint64_t next() override;
};

/// xoshiro256** (Blackman, Vigna): equal seeds give equal sequences on every machine. One thread.
class SimulatedRandom final : public Random {
 public:
  explicit SimulatedRandom(uint64_t seed);
  uint64_t next() override;

 private:
  std::array<uint64_t, 4> state_;
};

/// A number in 0..n-1, each equally likely; n is not 0 (HENCE_CHECK).
uint64_t below(Random& random, uint64_t n);

}  // namespace hence::os

// SPDX-License-Identifier: Apache-2.0
#include "os/random.h"

#include <errno.h>
#include <sys/random.h>

#include <bit>

#include "base/check.h"

namespace hence::os {

uint64_t SystemRandom::next() {
  uint64_t value = 0;
  ssize_t got = 0;
  do {
    got = getrandom(&value, sizeof value, 0);
  } while (got < 0 && errno == EINTR);
  HENCE_CHECK(got == sizeof value);
  return value;
}

SimulatedRandom::SimulatedRandom(uint64_t seed) {
  // splitmix64, as the authors of xoshiro advise: a seed of few bits must not give a poor start.
  for (uint64_t& word : state_) {
    seed += 0x9E3779B97F4A7C15ull;
    uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
    word = mixed ^ (mixed >> 31);
  }
}

uint64_t SimulatedRandom::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t below(Random& random, uint64_t n) {
  HENCE_CHECK(n != 0);
  // The first 2^64 mod n values would favour small results: draw again.
  const uint64_t threshold = (0 - n) % n;
  uint64_t value = random.next();
  while (value < threshold) value = random.next();
  return value % n;
}

}  // namespace hence::os

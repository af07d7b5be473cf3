// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a log is read and its state written may change between versions of the program. The same
// records must come to the same state all the same, so a change of behaviour has a level, and a
// record (FeatureLevelRaised) says from where on a log is of it:
//
//   0   values of any size stand in their rows
//   1   large values are kept by their hash (large_values.h)
//   2   what is over is in an index by its end, so that it can be forgotten (ForgetEnded)
//   3   instances that run are counted by the version they run on; a faulted one keeps its frames
//   4   deliveries of one key wait for each other within their namespace; before, sinks of one name in two
//       namespaces shared a key's order
//
// A folder begins at the level of the program that made it. A newer program raises it at its first
// start; from then on older ones refuse the folder instead of misreading it.

#include <cstdint>

namespace hence::engine {

/// The newest level this program knows.
inline constexpr uint32_t kFeatureLevel = 4;
inline constexpr uint32_t kLevelLargeValues = 1;
inline constexpr uint32_t kLevelForgetting = 2;
inline constexpr uint32_t kLevelOperating = 3;
inline constexpr uint32_t kLevelOrderByNamespace = 4;

}  // namespace hence::engine

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the simulated users apply: rules and workflows of every kind, in variants that take turns.

#include "resource/resource.h"

namespace hence::sim {

inline constexpr int kVariants = 4;
/// Without schedules: what runs comes to rest.
inline constexpr int kQuietVariant = 4;

/// All resources of a variant, read once for all runs of a process. Every one holds what the others' rules refer to.
const resource::Parsed& resources(int variant);

}  // namespace hence::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The subflows of an instance, for those who show it.

#include <cstdint>
#include <map>
#include <utility>

#include "engine/rows.h"
#include "store/store.h"

namespace hence::engine {

/// Subflows of one instance that are looked up at once; more are in the list with its id as parent.
inline constexpr size_t kChildrenMax = 2'000;

/// Those that are still kept, by the call that started each.
struct Children {
  std::map<uint32_t, std::pair<Address, InstanceSummary>> by_call;
  bool more = false;
};

/// Errors: StoreFailed, LogDamaged.
Result<Children> load_children(const store::Snapshot& snapshot, Address parent);

}  // namespace hence::engine

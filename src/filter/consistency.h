// SPDX-License-Identifier: Apache-2.0
#pragma once

// Array consistency: whether every condition of a conjunction can be given a value such that no two
// of them lie in different elements of the same array. Below one scope a path enters at most one
// array, so the conditions fall into independent groups, one an array; each group tries the elements
// in turn. Time is near linear in the values that passed, whatever their number.

#include <cstdint>
#include <span>
#include <vector>

#include "filter/event_fields.h"

namespace hence::filter {

/// Scopes in ascending order without repetition.
using ScopeSpan = std::span<const ScopeId>;

/// What has to go together.
struct ScopeDemands {
  std::vector<ScopeSpan> required;  ///< of each, one scope must be chosen
  std::vector<ScopeSpan> optional;  ///< of each, one may be chosen, to narrow what `absent` sees
  std::vector<ScopeSpan> absent;    ///< of each, none may go together with what is chosen
};

/// Whether the demands can be met within the scope at (the event: kRootScope). work grows by the
/// demands looked at.
bool can_agree(const EventFields& fields, ScopeId at, ScopeDemands demands, uint64_t& work);

}  // namespace hence::filter

// SPDX-License-Identifier: Apache-2.0
#include "filter/consistency.h"

#include <algorithm>
#include <utility>

namespace hence::filter {

namespace {

/// Demands of one array below a scope.
struct Group {
  uint32_t array = 0;
  ScopeDemands demands;
};

ScopeSpan within(ScopeSpan scopes, ScopeId begin, ScopeId end) {
  const auto first = std::lower_bound(scopes.begin(), scopes.end(), begin);
  const auto last = std::lower_bound(first, scopes.end(), end);
  return scopes.subspan(static_cast<size_t>(first - scopes.begin()),
                        static_cast<size_t>(last - first));
}

class Grouping {
 public:
  Grouping(const EventFields& fields, ScopeId at) : fields_(fields), at_(at) {}

  ScopeDemands& of(ScopeSpan scopes) {
    const ScopeId child = fields_.child_towards(at_, scopes.front());
    const uint32_t array = fields_.scopes()[child].array;
    for (Group& group : groups_) {
      if (group.array == array) return group.demands;
    }
    groups_.push_back({array, {}});
    return groups_.back().demands;
  }
  std::vector<Group>& groups() { return groups_; }

 private:
  const EventFields& fields_;
  ScopeId at_;
  std::vector<Group> groups_;
};

/// The parts of demands inside one element; false if a required one has none there.
bool narrow(const ScopeDemands& all, ScopeId begin, ScopeId end, ScopeDemands& out) {
  out.required.clear();
  out.optional.clear();
  out.absent.clear();
  for (const ScopeSpan scopes : all.required) {
    const ScopeSpan inside = within(scopes, begin, end);
    if (inside.empty()) return false;
    out.required.push_back(inside);
  }
  for (const ScopeSpan scopes : all.optional) {
    const ScopeSpan inside = within(scopes, begin, end);
    if (!inside.empty()) out.optional.push_back(inside);
  }
  for (const ScopeSpan scopes : all.absent) {
    const ScopeSpan inside = within(scopes, begin, end);
    if (!inside.empty()) out.absent.push_back(inside);
  }
  return true;
}

/// Tries each element in which driver has a value.
bool some_element(const EventFields& fields, ScopeId at, const ScopeDemands& demands,
                  ScopeSpan driver, uint64_t& work) {
  ScopeDemands inside;
  while (!driver.empty()) {
    const ScopeId element = fields.child_towards(at, driver.front());
    const ScopeId end = fields.scopes()[element].end;
    work += demands.required.size() + demands.optional.size() + demands.absent.size();
    if (narrow(demands, element, end, inside) && can_agree(fields, element, inside, work)) return true;
    driver = within(driver, end, fields.scopes()[at].end);
  }
  return false;
}

bool group_agrees(const EventFields& fields, ScopeId at, const ScopeDemands& demands, uint64_t& work) {
  if (!demands.required.empty()) {
    return some_element(fields, at, demands, demands.required.front(), work);
  }
  if (demands.absent.empty()) return true;
  for (const ScopeSpan driver : demands.optional) {
    if (some_element(fields, at, demands, driver, work)) return true;
  }
  return false;
}

}  // namespace

// Recursion follows scopes inside each other: bounded by the nesting of paths and kArrayDepthMax.
bool can_agree(const EventFields& fields, ScopeId at, ScopeDemands demands, uint64_t& work) {
  Grouping grouping(fields, at);
  for (ScopeSpan scopes : demands.absent) {
    if (scopes.empty()) continue;
    if (scopes.front() == at) return false;
    grouping.of(scopes).absent.push_back(scopes);
  }
  for (ScopeSpan scopes : demands.required) {
    if (scopes.empty()) return false;
    if (scopes.front() == at) {
      demands.optional.push_back(scopes);
    } else {
      grouping.of(scopes).required.push_back(scopes);
    }
  }
  for (ScopeSpan scopes : demands.optional) {
    if (!scopes.empty() && scopes.front() == at) scopes = scopes.subspan(1);
    if (!scopes.empty()) grouping.of(scopes).optional.push_back(scopes);
  }
  return std::all_of(grouping.groups().begin(), grouping.groups().end(), [&](const Group& group) {
    return group_agrees(fields, at, group.demands, work);
  });
}

}  // namespace hence::filter

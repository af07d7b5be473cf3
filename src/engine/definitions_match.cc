// SPDX-License-Identifier: Apache-2.0
// The filters of `listen` tasks, and what an event meets of rules and filters.

#include <algorithm>
#include <tuple>

#include "engine/definitions.h"

namespace hence::engine {
namespace {

/// Which of a set an event meets, and what failed.
void match_set(const filter::RuleSet& set, json::View event, const expr::Environment& environment,
               filter::MatchScratch& scratch, std::vector<uint32_t>& ids, std::vector<Matched::Failure>& failures) {
  std::vector<filter::MatchError> errors;
  set.match(event, environment, scratch, ids, errors);
  for (const filter::MatchError& error : errors) {
    if (!error.deferred) {
      failures.push_back({error.rule, error.error.message()});
      continue;
    }
    // The budget all rules share is used up: never skipped, each of the rest has one of its own.
    const Result<bool> holds = set.match_when(error.rule, event, environment);
    if (!holds.ok()) failures.push_back({error.rule, holds.error().message()});
    else if (*holds) ids.push_back(error.rule);
  }
  std::sort(ids.begin(), ids.end());
}

}  // namespace

Status Definitions::add_sites(Space& space, const std::vector<Revision>& added) {
  std::vector<SiteEntry> more;
  for (const Revision& one : added) {
    for (uint32_t index = 0; index < one.definition->sites.size(); ++index) {
      more.push_back({one.workflow, one.revision, index, one.definition});
      space.lifecycle_sites.add(lifecycle_named_in(one.definition->sites[index].with));
    }
  }
  if (more.empty()) return {};
  auto sites = space.sites ? std::make_shared<std::vector<SiteEntry>>(*space.sites)
                           : std::make_shared<std::vector<SiteEntry>>();
  sites->insert(sites->end(), more.begin(), more.end());
  // Ids follow from what there is, not from when it came: a restart finds the same.
  std::sort(sites->begin(), sites->end(), [](const SiteEntry& a, const SiteEntry& b) {
    return std::tie(a.workflow, a.revision, a.index) < std::tie(b.workflow, b.revision, b.index);
  });
  space.sites = std::move(sites);
  HENCE_TRY(std::vector<filter::RuleInput> inputs, site_inputs(space));
  return change_set(space, std::move(inputs), {});
}

Result<std::vector<filter::RuleInput>> Definitions::site_inputs(const Space& space) {
  std::vector<filter::RuleInput> inputs;
  for (uint32_t index = 0; space.sites != nullptr && index < space.sites->size(); ++index) {
    const SiteEntry& entry = (*space.sites)[index];
    Result<filter::Conditions> conditions = filter::parse_conditions(entry.site().on);
    if (!conditions.ok()) return conditions.error().in("workflow " + entry.workflow);
    inputs.push_back({kSiteFlag | index, std::move(*conditions)});
  }
  return inputs;
}

Matched Definitions::match(std::string_view name_space, json::View event, UtcTime now,
                           filter::MatchScratch& scratch) const {
  Matched matched;
  matched.version = version_;
  const Space* in = space(name_space);
  if (in == nullptr || in->rule_set == nullptr) return matched;
  match_set(*in->rule_set, event, environment(now), scratch, matched.rules, matched.failures);
  // Sites have the higher ids, so they come last.
  const auto first_site = std::lower_bound(matched.rules.begin(), matched.rules.end(), kSiteFlag);
  for (auto at = first_site; at != matched.rules.end(); ++at) matched.sites.push_back(*at & ~kSiteFlag);
  matched.rules.erase(first_site, matched.rules.end());
  std::erase_if(matched.failures, [&](Matched::Failure& failure) {
    if ((failure.rule & kSiteFlag) == 0) return false;
    matched.site_failures.push_back({failure.rule & ~kSiteFlag, std::move(failure.error)});
    return true;
  });
  return matched;
}

}  // namespace hence::engine

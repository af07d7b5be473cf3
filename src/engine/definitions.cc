// SPDX-License-Identifier: Apache-2.0
#include "engine/definitions.h"

#include <algorithm>
#include <set>

namespace hence::engine {
namespace {

/// "ns/name" of a workflow resource named "ns/name:version".
std::string unversioned(const std::string& name) { return name.substr(0, name.rfind(':')); }

/// Rules changed in place before their set is built anew.
constexpr size_t kChangesMax = 500;

std::string_view version_of(std::string_view name) { return name.substr(name.rfind(':') + 1); }

}  // namespace

std::shared_ptr<const Definitions> Definitions::empty() { return std::make_shared<Definitions>(); }

const Definitions::Space* Definitions::space(std::string_view name_space) const {
  const auto found = spaces_.find(std::string(name_space));
  return found == spaces_.end() ? nullptr : &found->second;
}

const Stored* Definitions::find(std::string_view name_space, resource::Kind kind, std::string_view name) const {
  const Space* in = space(name_space);
  if (in == nullptr) return nullptr;
  const auto found = in->resources.find({kind, std::string(name)});
  return found == in->resources.end() ? nullptr : &found->second;
}

const Stored* Definitions::find_workflow(std::string_view name_space, std::string_view reference) const {
  if (reference.find(':') != std::string_view::npos) return find(name_space, resource::Kind::workflow, reference);
  const Space* in = space(name_space);
  if (in == nullptr) return nullptr;
  const auto latest = in->latest.find(std::string(reference));
  return latest == in->latest.end() ? nullptr : find(name_space, resource::Kind::workflow, latest->second);
}

Result<std::shared_ptr<const Definitions>> Definitions::build(const Definitions& base, uint64_t version,
                                                              const std::vector<ResourceChange>& changes,
                                                              UtcTime now) {
  auto made = std::make_shared<Definitions>(base);
  made->version_ = version;
  std::set<std::string> touched;
  for (const ResourceChange& change : changes) {
    const std::optional<resource::Kind> kind = resource::find_kind(change.kind);
    if (!kind) return Error(ErrorCode::ResourceInvalid, "unknown kind " + change.kind);
    Space& space = made->spaces_[change.name_space];
    touched.insert(change.name_space);
    if (change.value->is_null()) {
      space.resources.erase({*kind, change.name});
      continue;
    }
    HENCE_TRY(resource::Resource parsed, resource::parse_resource(change.value, change.name_space));
    space.resources[{*kind, change.name}] = {std::make_shared<resource::Resource>(std::move(parsed)), version, now};
  }
  for (const std::string& name : touched) HENCE_TRY_VOID(compile(made->spaces_[name]));
  return std::shared_ptr<const Definitions>(std::move(made));
}

Result<std::shared_ptr<const Definitions>> Definitions::restore(
    uint64_t version, const std::map<std::string, std::pair<keys::DefinitionKey, DefinitionRow>>& rows) {
  auto made = std::make_shared<Definitions>();
  made->version_ = version;
  for (const auto& [text, entry] : rows) {
    const auto& [key, row] = entry;
    if (row.value->is_null()) continue;
    const std::optional<resource::Kind> kind = resource::find_kind(key.kind);
    if (!kind) return Error(ErrorCode::LogVersionNewer, "the state holds a resource of kind " + key.kind + ", which this version does not know");
    Result<resource::Resource> parsed = resource::parse_resource(row.value, key.name_space);
    if (!parsed.ok()) return parsed.error().in(key.kind + " " + key.name_space + "/" + key.name);
    made->spaces_[key.name_space].resources[{*kind, key.name}] = {
        std::make_shared<resource::Resource>(std::move(*parsed)), key.version, row.changed};
  }
  for (auto& [name, space] : made->spaces_) HENCE_TRY_VOID(compile(space));
  return std::shared_ptr<const Definitions>(std::move(made));
}

Status Definitions::compile(Space& space) {
  std::vector<RuleEntry> before = std::move(space.rules);
  space.rules.clear();
  space.latest.clear();
  for (const auto& [key, stored] : space.resources) {
    if (key.first == resource::Kind::workflow) {
      std::string& latest = space.latest[unversioned(key.second)];
      if (latest.empty() || workflow::compare_versions(version_of(latest), version_of(key.second)) < 0) latest = key.second;
    }
    if (key.first != resource::Kind::rule) continue;
    const auto& spec = std::get<resource::RuleSpec>(stored.resource->spec);
    if (spec.mode == resource::RuleMode::active) space.rules.push_back({key.second, stored.revision, stored.resource});
  }
  const bool same_ids = space.rule_set != nullptr &&
                        std::equal(before.begin(), before.end(), space.rules.begin(), space.rules.end(),
                                   [](const RuleEntry& a, const RuleEntry& b) { return a.name == b.name; });
  std::vector<filter::RuleInput> inputs;
  for (uint32_t id = 0; id < space.rules.size(); ++id) {
    const RuleEntry& rule = space.rules[id];
    if (same_ids && before[id].resource == rule.resource) continue;
    Result<filter::Conditions> conditions = filter::parse_conditions(rule.spec().on);
    if (!conditions.ok()) return conditions.error().in(rule.resource->title());
    inputs.push_back({id, std::move(*conditions)});
  }
  if (same_ids && inputs.empty()) return {};
  // Few changes go beside the index of the others; many would slow every match down.
  if (same_ids && space.rule_set->changes() + inputs.size() <= kChangesMax) {
    HENCE_TRY(filter::RuleSet changed, space.rule_set->with_changes(std::move(inputs), {}));
    space.rule_set = std::make_shared<const filter::RuleSet>(std::move(changed));
    return {};
  }
  if (same_ids) {
    space.rule_set = nullptr;
    return compile(space);
  }
  HENCE_TRY(filter::RuleSet rule_set, filter::RuleSet::build(std::move(inputs)));
  space.rule_set = std::make_shared<const filter::RuleSet>(std::move(rule_set));
  return {};
}

Matched Definitions::match(std::string_view name_space, json::View event, UtcTime now,
                           filter::MatchScratch& scratch) const {
  Matched matched;
  matched.version = version_;
  const Space* in = space(name_space);
  if (in == nullptr || in->rules.empty()) return matched;
  std::vector<filter::MatchError> errors;
  in->rule_set->match(event, expr::Environment{now}, scratch, matched.rules, errors);
  for (const filter::MatchError& error : errors) {
    if (!error.deferred) {
      matched.failures.push_back({error.rule, error.error.message()});
      continue;
    }
    // The budget all rules share is used up: never skipped, each of the rest has one of its own.
    const Result<bool> holds = in->rule_set->match_when(error.rule, event, expr::Environment{now});
    if (!holds.ok()) matched.failures.push_back({error.rule, holds.error().message()});
    else if (*holds) matched.rules.push_back(error.rule);
  }
  std::sort(matched.rules.begin(), matched.rules.end());
  return matched;
}

}  // namespace hence::engine

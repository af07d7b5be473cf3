// SPDX-License-Identifier: Apache-2.0
#include "engine/definitions.h"

#include <algorithm>

#include "base/check.h"

namespace hence::engine {
namespace {

/// "ns/name" of a workflow resource named "ns/name:version".
std::string unversioned(const std::string& name) { return name.substr(0, name.rfind(':')); }

/// Changes beside the large index, as a share of the set, that are worth a merge in the background: every
/// match asks the smaller indexes too, but a merge compiles all rules.
constexpr size_t kChangesWorthMerging = 100;
constexpr size_t kMergedShare = 50;
/// A change of so many rules that they are half the set compiles all, which costs hardly more. Fewer never
/// pay for what changed before them, but there is a bound where nothing merges: twice the set.
constexpr size_t kChangesMax = 1'000;

std::string_view version_of(std::string_view name) { return name.substr(name.rfind(':') + 1); }

}  // namespace

const Definitions::RuleEntry& Definitions::Space::rule(uint32_t id) const {
  const RuleEntry* found = rules.find(id);
  HENCE_CHECK(found != nullptr);
  return *found;
}

std::vector<const Definitions::RuleEntry*> Definitions::Space::rules_by_name(const std::vector<uint32_t>& ids) const {
  std::vector<const RuleEntry*> out;
  out.reserve(ids.size());
  for (const uint32_t id : ids) out.push_back(&rule(id));
  std::sort(out.begin(), out.end(), [](const RuleEntry* a, const RuleEntry* b) { return a->name < b->name; });
  return out;
}

std::shared_ptr<const Definitions> Definitions::empty(const Budgets& budgets, ZonesPtr zones) {
  auto made = std::make_shared<Definitions>();
  made->budgets_ = budgets;
  made->zones_ = std::move(zones);
  return made;
}

const Definitions::Space* Definitions::space(std::string_view name_space) const {
  const auto found = spaces_.find(std::string(name_space));
  return found == spaces_.end() ? nullptr : found->second.get();
}

const Stored* Definitions::find(std::string_view name_space, resource::Kind kind, std::string_view name) const {
  const Space* in = space(name_space);
  if (in == nullptr) return nullptr;
  return in->resources.find({kind, std::string(name)});
}

const Stored* Definitions::find_workflow(std::string_view name_space, std::string_view reference) const {
  if (reference.find(':') != std::string_view::npos) return find(name_space, resource::Kind::workflow, reference);
  const Space* in = space(name_space);
  if (in == nullptr) return nullptr;
  const std::string* latest = in->latest.find(std::string(reference));
  return latest == nullptr ? nullptr : find(name_space, resource::Kind::workflow, *latest);
}

Result<std::shared_ptr<const Definitions>> Definitions::build(const Definitions& base, uint64_t version,
                                                              const std::vector<ResourceChange>& changes,
                                                              UtcTime now) {
  auto made = std::make_shared<Definitions>(base);
  made->version_ = version;
  std::map<std::string, ResourceChanges> by_space;
  for (const ResourceChange& change : changes) {
    const std::optional<resource::Kind> kind = resource::find_kind(change.kind);
    if (!kind) return Error(ErrorCode::ResourceInvalid, "unknown kind " + change.kind);
    std::optional<Stored>& next = by_space[change.name_space][{*kind, change.name}];
    next.reset();
    if (change.value->is_null()) continue;
    HENCE_TRY(resource::Resource parsed, resource::parse_resource(change.value, change.name_space));
    next = {std::make_shared<resource::Resource>(std::move(parsed)), version, now};
  }
  for (auto& [name, changed] : by_space) {
    std::shared_ptr<const Space>& space = made->spaces_[name];
    HENCE_TRY(space, change(space ? *space : Space(), std::move(changed)));
  }
  HENCE_TRY_VOID(made->change_schedules(changes, true));
  made->find_event_types();
  made->find_lifecycle();
  return std::shared_ptr<const Definitions>(std::move(made));
}

Result<std::shared_ptr<const Definitions>> Definitions::restore(
    uint64_t version, const std::map<std::string, std::pair<keys::DefinitionKey, DefinitionRow>>& rows,
    const Budgets& budgets, ZonesPtr zones, const std::vector<std::pair<keys::DefinitionKey, DefinitionRow>>& older) {
  auto made = std::make_shared<Definitions>();
  made->budgets_ = budgets;
  made->zones_ = std::move(zones);
  made->version_ = version;
  std::map<std::string, ResourceChanges> by_space;
  std::vector<ResourceChange> all;
  for (const auto& [text, entry] : rows) {
    const auto& [key, row] = entry;
    if (row.value->is_null()) continue;
    const std::optional<resource::Kind> kind = resource::find_kind(key.kind);
    if (!kind) return Error(ErrorCode::LogVersionNewer, "the state holds a resource of kind " + key.kind + ", which this version does not know");
    Result<resource::Resource> parsed = resource::parse_resource(row.value, key.name_space);
    if (!parsed.ok()) return parsed.error().in(key.kind + " " + key.name_space + "/" + key.name);
    all.push_back({key.name_space, key.kind, key.name, {}, {}});
    by_space[key.name_space][{*kind, key.name}] = {std::make_shared<resource::Resource>(std::move(*parsed)), key.version, row.changed};
  }
  for (auto& [name, changed] : by_space) {
    HENCE_TRY(made->spaces_[name], change(Space(), std::move(changed)));
  }
  std::map<std::string, std::vector<Revision>> earlier;
  for (const auto& [key, row] : older) {
    Result<resource::Resource> parsed = resource::parse_resource(row.value, key.name_space);
    if (!parsed.ok()) return parsed.error().in(key.kind + " " + key.name_space + "/" + key.name);
    earlier[key.name_space].push_back({key.name, key.version, std::get<resource::WorkflowSpec>(parsed->spec).definition});
  }
  for (const auto& [name, revisions] : earlier) {
    std::shared_ptr<const Space>& space = made->spaces_[name];
    auto next = space ? std::make_shared<Space>(*space) : std::make_shared<Space>();
    HENCE_TRY_VOID(add_sites(*next, revisions));
    next->lifecycle.add(next->lifecycle_sites);
    space = std::move(next);
  }
  HENCE_TRY_VOID(made->change_schedules(all, false));
  made->find_event_types();
  made->find_lifecycle();
  return std::shared_ptr<const Definitions>(std::move(made));
}

namespace {

Result<filter::RuleInput> compile_rule(uint32_t id, const resource::Resource& rule) {
  Result<filter::Conditions> conditions = filter::parse_conditions(std::get<resource::RuleSpec>(rule.spec).on);
  if (!conditions.ok()) return conditions.error().in(rule.title());
  return filter::RuleInput{id, std::move(*conditions)};
}

bool is_active(const Stored& stored) {
  return std::get<resource::RuleSpec>(stored.resource->spec).mode == resource::RuleMode::active;
}

}  // namespace

/// All active rules and sites in one index.
Result<std::shared_ptr<const filter::RuleSet>> Definitions::compile_all(const Space& space) {
  HENCE_TRY(std::vector<filter::RuleInput> inputs, site_inputs(space));
  inputs.reserve(inputs.size() + space.rules.size());
  for (const auto& [id, rule] : space.rules) {
    HENCE_TRY(filter::RuleInput input, compile_rule(id, *rule.resource));
    inputs.push_back(std::move(input));
  }
  HENCE_TRY(filter::RuleSet built, filter::RuleSet::build(std::move(inputs)));
  return std::make_shared<const filter::RuleSet>(std::move(built));
}

Result<std::shared_ptr<const Definitions::Space>> Definitions::change(const Space& base, ResourceChanges changes) {
  auto space = std::make_shared<Space>(base);
  HENCE_TRY_VOID(change_rules(*space, changes));
  std::vector<Revision> revisions;
  for (const auto& [key, next] : changes) {
    if (!next || key.first != resource::Kind::workflow) continue;
    revisions.push_back({key.second, next->revision, std::get<resource::WorkflowSpec>(next->resource->spec).definition});
  }
  HENCE_TRY_VOID(add_sites(*space, revisions));
  space->lifecycle = space->lifecycle_rules.wanted();
  space->lifecycle.add(space->lifecycle_sites);
  space->resources.change(changes);
  HENCE_TRY_VOID(change_event_types(*space, changes));
  find_latest(*space, changes);
  return std::shared_ptr<const Space>(std::move(space));
}

/// Gives new rules their ids and brings the rule set up to date.
Status Definitions::change_rules(Space& space, ResourceChanges& changes) {
  SharedMap<uint32_t, RuleEntry>::Changes entries;
  std::vector<uint32_t> removed;
  for (auto& [key, next] : changes) {
    if (key.first != resource::Kind::rule) continue;
    const Stored* before = space.resources.find(key);
    std::optional<uint32_t> id = before == nullptr ? std::nullopt : before->rule;
    if (next && is_active(*next)) {
      if (!id) id = space.next_rule++;
      next->rule = id;
      const auto& spec = std::get<resource::RuleSpec>(next->resource->spec);
      entries[*id] = RuleEntry{key.second, next->revision, next->resource, lifecycle_named_in(spec.on)};
    } else if (id) {
      entries[*id] = std::nullopt;
      removed.push_back(*id);
    }
  }
  if (entries.empty()) return {};
  for (const auto& [id, entry] : entries) {
    if (const RuleEntry* before = space.rules.find(id)) space.lifecycle_rules.remove(before->lifecycle);
    if (entry) space.lifecycle_rules.add(entry->lifecycle);
  }
  space.rules.change(entries);
  std::vector<filter::RuleInput> added;
  for (const auto& [id, entry] : entries) {
    if (!entry) continue;
    HENCE_TRY(filter::RuleInput input, compile_rule(id, *entry->resource));
    added.push_back(std::move(input));
  }
  return change_set(space, std::move(added), removed);
}

Status Definitions::change_set(Space& space, std::vector<filter::RuleInput> changed, const std::vector<uint32_t>& removed) {
  const size_t many = changed.size() + removed.size();
  const bool is_half = many >= kChangesMax && 2 * many >= space.rules.size();
  const size_t changes_max = std::max(kChangesMax, 2 * space.rules.size());
  if (space.rule_set == nullptr || is_half || space.rule_set->changes() + many > changes_max) {
    HENCE_TRY(space.rule_set, compile_all(space));
    return {};
  }
  HENCE_TRY(filter::RuleSet next, space.rule_set->with_changes(std::move(changed), removed));
  space.rule_set = std::make_shared<const filter::RuleSet>(std::move(next));
  return {};
}

/// After the resources changed: the highest version of each workflow that the changes name.
void Definitions::find_latest(Space& space, const ResourceChanges& changes) {
  SharedMap<std::string, std::string>::Changes found;
  for (const auto& [key, next] : changes) {
    if (key.first != resource::Kind::workflow) continue;
    const std::string name = unversioned(key.second);
    std::optional<std::string>& latest = found[name];
    latest.reset();
    for (auto at = space.resources.lower_bound({resource::Kind::workflow, name + ":"}); at != space.resources.end(); ++at) {
      if (at->first.first != resource::Kind::workflow || unversioned(at->first.second) != name) break;
      const std::string& version = at->first.second;
      if (!latest || workflow::compare_versions(version_of(*latest), version_of(version)) < 0) latest = version;
    }
  }
  space.latest.change(std::move(found));
}

std::string Definitions::needs_merge() const {
  for (const auto& [name, space] : spaces_) {
    const size_t worth = std::max(kChangesWorthMerging, space->rules.size() / kMergedShare);
    if (space->rule_set != nullptr && space->rule_set->changes() >= worth) return name;
  }
  return "";
}

Result<std::shared_ptr<const Definitions>> Definitions::merged(std::string_view name_space) const {
  auto made = std::make_shared<Definitions>(*this);
  std::shared_ptr<const Space>& space = made->spaces_.at(std::string(name_space));
  auto next = std::make_shared<Space>(*space);
  HENCE_TRY(next->rule_set, compile_all(*next));
  space = std::move(next);
  return std::shared_ptr<const Definitions>(std::move(made));
}

std::shared_ptr<const Definitions> Definitions::adopt(const Definitions& current, const Definitions& from,
                                                      const Definitions& merged, std::string_view name_space) {
  const Space* now = current.space(name_space);
  const Space* before = from.space(name_space);
  const Space* after = merged.space(name_space);
  if (now == nullptr || before == nullptr || after == nullptr) return nullptr;
  std::optional<filter::RuleSet> rebased = now->rule_set->rebased(*before->rule_set, *after->rule_set);
  if (!rebased) return nullptr;
  auto space = std::make_shared<Space>(*now);
  space->rule_set = std::make_shared<const filter::RuleSet>(std::move(*rebased));
  auto made = std::make_shared<Definitions>(current);
  made->spaces_[std::string(name_space)] = std::move(space);
  return made;
}

void Definitions::find_event_types() {
  has_event_types_ = std::any_of(spaces_.begin(), spaces_.end(),
                                 [](const auto& space) { return space.second->catalogue != nullptr; });
}

void Definitions::find_lifecycle() {
  wants_lifecycle_ = std::any_of(spaces_.begin(), spaces_.end(),
                                 [](const auto& space) { return !space.second->lifecycle.empty(); });
}

/// After the resources changed: the catalogue of all event types, if the changes name one.
Status Definitions::change_event_types(Space& space, const ResourceChanges& changes) {
  const bool touched = std::any_of(changes.begin(), changes.end(), [](const auto& change) {
    return change.first.first == resource::Kind::event_type;
  });
  if (!touched) return {};
  std::vector<resource::Catalogue::Member> members;
  for (auto at = space.resources.lower_bound({resource::Kind::event_type, ""}); at != space.resources.end(); ++at) {
    if (at->first.first != resource::Kind::event_type) break;
    members.push_back(at->second.resource);
  }
  space.catalogue = nullptr;
  if (members.empty()) return {};
  std::vector<resource::CatalogueFault> faults;
  space.catalogue = resource::Catalogue::build(std::move(members), faults);
  if (faults.empty()) return {};
  return Error(ErrorCode::ResourceInvalid, "EventType " + faults.front().name + ": " + faults.front().pointer + ": " +
                                               faults.front().message);
}

resource::VerdictPtr Definitions::check(std::string_view name_space, const event::Event& event) const {
  if (!has_event_types_) return nullptr;
  const Space* in = space(name_space);
  return in == nullptr || in->catalogue == nullptr ? nullptr : in->catalogue->check(event);
}

}  // namespace hence::engine

// SPDX-License-Identifier: Apache-2.0
#pragma once

// All that users applied, compiled: an immutable snapshot with a version, shared by the I/O threads
// that match events and the engine that decides. A version is the sequence of the control
// partition's record that made it.
//
// A change costs what changed, not what there is: maps share what stays (shared_map.h), changed rules
// lie in a small index beside the large one. A background thread merges the two (merged) and the
// engine takes the result on (adopt); version, ids and verdicts stay the same.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "calendar/zone.h"
#include "engine/command.h"
#include "engine/lifecycle.h"
#include "engine/rows.h"
#include "engine/shared_map.h"
#include "filter/rule_set.h"
#include "resource/catalogue.h"
#include "resource/resource.h"

namespace hence::engine {

/// What expressions may use, by the place where they stand.
struct Budgets {
  expr::Budget when = expr::kWhenBudget;
  expr::Budget workflow = expr::kWorkflowBudget;
};

/// Time zones as the process knows them.
using ZonesPtr = std::shared_ptr<const calendar::Zones>;
ZonesPtr utc_only();

/// One resource as it stands in a version.
struct Stored {
  std::shared_ptr<const resource::Resource> resource;
  uint64_t revision = 0;  ///< version in which it got this content
  UtcTime changed;
  std::optional<uint32_t> rule = std::nullopt;  ///< of an active rule: its id in the rule set
};

class Definitions {
 public:
  struct RuleEntry {
    std::string name;
    uint64_t revision = 0;
    std::shared_ptr<const resource::Resource> resource;
    LifecycleSet lifecycle = {};  ///< types its filter names
    const resource::RuleSpec& spec() const { return std::get<resource::RuleSpec>(resource->spec); }
  };
  /// One filter of a `listen`: of a revision that instances may still be on.
  struct SiteEntry {
    std::string workflow;  ///< "ns/name:version"
    uint64_t revision = 0;
    uint32_t index = 0;    ///< of the definition's sites
    std::shared_ptr<const workflow::Definition> definition;
    const workflow::ListenSite& site() const { return definition->sites[index]; }
  };
  /// What begins by itself: an active Schedule, or the highest version of a workflow with `schedule`.
  struct ScheduleEntry {
    std::string name;  ///< of the Schedule, or "ns/name" of the workflow
    uint64_t revision = 0;
    std::shared_ptr<const resource::Resource> resource;
    std::shared_ptr<const calendar::Zone> zone;  ///< of its cron; null where the system has it no more
    std::string zone_error;                      ///< why it is null
    bool is_workflow() const { return resource->kind == resource::Kind::workflow; }
    const workflow::Timing& timing() const;
    /// "cron 0 2 * * * in Europe/Berlin; every PT5M"
    std::string text() const;
  };
  /// Sets the sites of the rule set apart: a workflow's filters are rules of the same set, asked in the same pass.
  static constexpr uint32_t kSiteFlag = 0x80000000u;
  using ResourceKey = std::pair<resource::Kind, std::string>;
  /// One namespace: its resources by kind and name, and its active rules compiled together.
  struct Space {
    SharedMap<ResourceKey, Stored> resources;
    SharedMap<uint32_t, RuleEntry> rules;  ///< by id in the set; an id is kept as long as the rule is active
    uint32_t next_rule = 0;                ///< the id of the next new rule; none is used twice
    std::shared_ptr<const filter::RuleSet> rule_set;  ///< of rules and sites
    /// "ns/name" of the document → full name of the highest version
    SharedMap<std::string, std::string> latest;
    SharedMap<std::string, ScheduleEntry> schedules;  ///< by name; those of workflows have a "/"
    std::shared_ptr<const resource::Catalogue> catalogue;  ///< null: there are no event types
    /// Filters of all workflows that listen, older revisions too, in order of name and revision; an
    /// id in the set is an index with kSiteFlag. Null if there are none.
    std::shared_ptr<const std::vector<SiteEntry>> sites;
    LifecycleCounts lifecycle_rules;   ///< of active rules
    LifecycleSet lifecycle_sites;      ///< of sites
    LifecycleSet lifecycle;            ///< types that any filter in force names: only those become events

    /// The rule of an id that rule_set gave.
    const RuleEntry& rule(uint32_t id) const;
    /// The rules of ids, in order of name: ids tell when a rule came, which a restart forgets.
    std::vector<const RuleEntry*> rules_by_name(const std::vector<uint32_t>& ids) const;
  };

  /// Version 0: nothing applied yet.
  static std::shared_ptr<const Definitions> empty(const Budgets& budgets = {}, ZonesPtr zones = utc_only());
  /// base with changes made to it. Names of namespaces are in the changes' documents; a deletion
  /// says its own. Errors: ResourceInvalid and what compiling finds; the message names the resource.
  static Result<std::shared_ptr<const Definitions>> build(const Definitions& base, uint64_t version,
                                                          const std::vector<ResourceChange>& changes,
                                                          UtcTime now);

  /// The snapshot of a version from the rows of the state store, the newest of each name (deleted
  /// ones included); older: revisions of workflows before those, whose instances may still listen. Errors: as of build; they mean a row of another version of the program.
  static Result<std::shared_ptr<const Definitions>> restore(
      uint64_t version, const std::map<std::string, std::pair<keys::DefinitionKey, DefinitionRow>>& rows,
      const Budgets& budgets, ZonesPtr zones, const std::vector<std::pair<keys::DefinitionKey, DefinitionRow>>& older = {});

  /// A namespace whose changed rules are so many that merging them is worth it; empty if there is none.
  std::string needs_merge() const;
  /// The same version with all rules of a namespace in one index. Takes as long as compiling them.
  /// Errors: as of build.
  Result<std::shared_ptr<const Definitions>> merged(std::string_view name_space) const;
  /// The version current with the index that merged(name_space) made of an older one, from. Nothing
  /// if another large index has come meanwhile.
  static std::shared_ptr<const Definitions> adopt(const Definitions& current, const Definitions& from,
                                                  const Definitions& merged, std::string_view name_space);

  uint64_t version() const { return version_; }
  const Budgets& budgets() const { return budgets_; }
  const ZonesPtr& zones() const { return zones_; }
  /// What expressions of rules are given: the time and the budgets.
  expr::Environment environment(UtcTime now) const { return {now, budgets_.when, budgets_.workflow}; }
  const Space* space(std::string_view name_space) const;
  const Stored* find(std::string_view name_space, resource::Kind kind, std::string_view name) const;
  /// "ns/name" (the highest version) or "ns/name:version"; nullptr if there is none.
  const Stored* find_workflow(std::string_view name_space, std::string_view reference) const;

  /// Types of lifecycle events that are wanted in a namespace; asked at every turn of every instance.
  LifecycleSet lifecycle(std::string_view name_space) const {
    if (!wants_lifecycle_) return {};
    const Space* in = space(name_space);
    return in == nullptr ? LifecycleSet() : in->lifecycle;
  }
  /// By the name of a Schedule or "ns/name" of a workflow; nullptr if nothing begins by itself there.
  const ScheduleEntry* find_schedule(std::string_view name_space, const std::string& name) const;

  /// What of the event does not fit its type; null if it fits or no event type is about it.
  resource::VerdictPtr check(std::string_view name_space, const event::Event& event) const;
  /// The rules an event meets, by the namespace's rule set. scratch: the calling thread's own.
  Matched match(std::string_view name_space, json::View event, UtcTime now, filter::MatchScratch& scratch) const;

 private:
  using ResourceChanges = SharedMap<ResourceKey, Stored>::Changes;
  /// A namespace after changes to its resources.
  static Result<std::shared_ptr<const Space>> change(const Space& base, ResourceChanges changes);
  /// After the resources changed: what begins by itself (definitions_schedules.cc). strict: a zone the
  /// system does not have is an error.
  Status change_schedules(const std::vector<ResourceChange>& changes, bool strict);
  Status change_schedules(Space& space, const std::set<std::string>& names, bool strict) const;
  /// Adds the filters of revisions of workflows, by the revisions' names (definitions_match.cc).
  struct Revision {
    std::string workflow;
    uint64_t revision = 0;
    std::shared_ptr<const workflow::Definition> definition;
  };
  static Status add_sites(Space& space, const std::vector<Revision>& added);
  static Status change_rules(Space& space, ResourceChanges& changes);
  /// Brings the rule set up to date after rules and sites changed: changed are compiled beside it, or all anew.
  static Status change_set(Space& space, std::vector<filter::RuleInput> changed, const std::vector<uint32_t>& removed);
  static Result<std::vector<filter::RuleInput>> site_inputs(const Space& space);
  static Result<std::shared_ptr<const filter::RuleSet>> compile_all(const Space& space);
  static void find_latest(Space& space, const ResourceChanges& changes);
  static Status change_event_types(Space& space, const ResourceChanges& changes);
  void find_event_types();
  void find_lifecycle();

  uint64_t version_ = 0;
  Budgets budgets_;
  ZonesPtr zones_;
  bool has_event_types_ = false;
  bool wants_lifecycle_ = false;
  std::map<std::string, std::shared_ptr<const Space>> spaces_;
};

}  // namespace hence::engine

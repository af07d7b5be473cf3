// SPDX-License-Identifier: Apache-2.0
#include "api/apply.h"

#include <condition_variable>
#include <mutex>

#include "api/endpoint/references.h"
#include "json/yaml.h"

namespace hence::api {
namespace {

using resource::Kind;
using resource::Resource;
using Outcome = AppliedResource::Outcome;

/// How often a change is built anew because another one came first.
constexpr int kAttempts = 10;

/// A change against one version of the definitions.
struct Plan {
  std::vector<engine::ResourceChange> changes;
  std::vector<AppliedResource> results;
  size_t bytes = 0;
};

/// Waits for one reply. A sender that drops it unanswered counts as shut down.
class Waiter {
 public:
  Backend::Done done() {
    // The guard speaks up when the last copy of the callback goes.
    const std::shared_ptr<void> guard(
        nullptr, [state = state_](void*) { finish(*state, std::nullopt); });
    return [state = state_, guard](const engine::Reply& reply) { finish(*state, reply); };
  }
  Result<engine::Reply> wait() {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->finished; });
    if (!state_->reply) return Error(ErrorCode::ShuttingDown, "the server is shutting down");
    return *state_->reply;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool finished = false;
    std::optional<engine::Reply> reply;
  };
  static void finish(State& state, std::optional<engine::Reply> reply) {
    const std::lock_guard lock(state.mutex);
    if (std::exchange(state.finished, true)) return;
    state.reply = std::move(reply);
    state.changed.notify_all();
  }
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

Result<engine::Reply> submit_and_wait(Backend& backend, engine::Command command, size_t bytes) {
  Waiter waiter;
  HENCE_TRY_VOID(backend.submit(std::move(command), bytes, true, waiter.done()));
  return waiter.wait();
}

engine::ResourceChange change_of(const Resource& resource) {
  return {resource.resource_namespace, std::string(resource::kind_name(resource.kind)),
          resource.name, resource.document, resource.digest};
}

void add_deletion(Plan& plan, const std::string& name_space, Kind kind, const std::string& name) {
  const std::string kind_name(resource::kind_name(kind));
  plan.changes.push_back({name_space, kind_name, name, json::Value(), {}});
  plan.results.push_back({kind_name, name, Outcome::deleted});
}

Plan compare(const engine::Definitions& base, const ApplyInput& input,
             const std::vector<Resource>& resources) {
  Plan plan;
  NameSet given;
  for (const Resource& resource : resources) {
    given.add(resource.kind, resource.name);
    const engine::Stored* stored = base.find(input.name_space, resource.kind, resource.name);
    AppliedResource& result = plan.results.emplace_back();
    result.kind = resource::kind_name(resource.kind);
    result.name = resource.name;
    if (stored != nullptr && stored->resource->digest == resource.digest) continue;
    result.outcome = stored ? Outcome::changed : Outcome::created;
    plan.changes.push_back(change_of(resource));
  }
  const engine::Definitions::Space* space = base.space(input.name_space);
  if (input.prune && space != nullptr) {
    for (const auto& [key, stored] : space->resources) {
      if (given.has(key.first, key.second)) continue;
      add_deletion(plan, input.name_space, key.first, key.second);
    }
  }
  plan.bytes = input.text.size();
  return plan;
}

/// A fault of a document by its number, at a place by its pointer.
struct Unplaced {
  size_t document = 0;
  std::string pointer;
  std::string message;
};

/// The faults of documents that are each for themselves without fault. Reads the text once more
/// for the places, which only a refusal needs.
workflow::Faults place_faults(const std::string& text, const std::vector<Unplaced>& found) {
  workflow::Faults faults;
  const Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(text);
  for (const auto& [index, pointer, message] : found) {
    const bool placed = documents.ok() && index < documents->size();
    workflow::Faults one(placed ? &(*documents)[index] : nullptr, ErrorCode::ResourceInvalid);
    one.add(pointer, message);
    faults.add(*one.begin());
  }
  return faults;
}

/// What the documents say of each other and of what is there.
workflow::Faults check_together(const engine::Definitions& base, const ApplyInput& input,
                                const std::vector<Resource>& resources) {
  NameSet names = input.prune ? NameSet() : NameSet(base.space(input.name_space));
  for (const Resource& resource : resources) names.add(resource.kind, resource.name);
  std::vector<Unplaced> found;
  for (size_t i = 0; i < resources.size(); ++i) {
    if (resources[i].resource_namespace != input.name_space) {
      found.push_back({i, "/metadata/namespace",
                       "the document is of namespace " + resources[i].resource_namespace +
                           " and is applied to " + input.name_space +
                           "; apply it to its own namespace"});
    }
    for (const Reference& reference : references_of(resources[i])) {
      if (names.resolves(reference)) continue;
      found.push_back(
          {i, reference.pointer, names.describe_missing(reference, input.name_space)});
    }
  }
  return found.empty() ? workflow::Faults() : place_faults(input.text, found);
}

ApplyRefused refuse(workflow::Faults faults) {
  faults.sort();
  Error error = faults.to_error();
  const size_t count = faults.size();
  if (count > 1) error = error.in(std::to_string(count) + " faults");
  return {std::move(error), std::move(faults)};
}

/// One try to make the change. Nothing: the base was stale.
std::optional<ApplyOutcome> make_change(Backend& backend, const os::Clock& clock,
                                        const engine::Definitions& base, Plan plan,
                                        engine::Command command, bool dry_run) {
  if (plan.changes.empty()) return Applied{base.version(), false, std::move(plan.results)};
  engine::ApplyResources body;
  body.base = base.version();
  auto compiled = engine::Definitions::build(base, body.base + 1, plan.changes, clock.now());
  if (!compiled.ok()) return ApplyRefused{compiled.error(), {}};
  if (dry_run) return Applied{base.version(), false, std::move(plan.results)};
  body.compiled = std::move(*compiled);
  body.changes = std::move(plan.changes);
  command.body = std::move(body);
  const Result<engine::Reply> reply = submit_and_wait(backend, std::move(command), plan.bytes);
  if (!reply.ok()) return ApplyRefused{reply.error(), {}};
  if (reply->stale_base) return std::nullopt;
  if (reply->error) return ApplyRefused{*reply->error, {}};
  Applied applied{reply->version, reply->version <= base.version(), std::move(plan.results)};
  if (applied.repeated) {
    for (AppliedResource& result : applied.results) result.outcome = Outcome::unchanged;
  }
  return applied;
}

ApplyRefused too_contended() {
  return {Error(ErrorCode::Overloaded, "other changes came in between each time; try again"), {}};
}

engine::Command command_for(const std::string& name_space, const engine::Actor& actor,
                            const std::string& idempotency_key) {
  engine::Command command;
  command.name_space = name_space;
  command.actor = actor;
  command.idempotency_key = idempotency_key;
  return command;
}

/// The deletion of a resource, and of all versions of a workflow named without one.
Plan plan_deletion(const engine::Definitions& base, const DeleteInput& input) {
  Plan plan;
  const engine::Definitions::Space* space = base.space(input.name_space);
  if (space == nullptr) return plan;
  for (auto at = space->resources.lower_bound({input.kind, input.name}); at != space->resources.end(); ++at) {
    const auto& [kind, name] = at->first;
    if (kind != input.kind || !name.starts_with(input.name)) break;
    const bool named = name == input.name || (kind == Kind::workflow && without_version(name) == input.name);
    if (named) add_deletion(plan, input.name_space, kind, name);
  }
  return plan;
}

/// The first resource that would refer to nothing. Nothing refers to rules.
std::optional<Error> find_referrer(const engine::Definitions& base, const DeleteInput& input,
                                   const Plan& plan) {
  if (input.kind == Kind::rule) return std::nullopt;
  const engine::Definitions::Space* space = base.space(input.name_space);
  NameSet before(space), after(space);
  for (const engine::ResourceChange& change : plan.changes) after.remove(input.kind, change.name);
  for (const auto& [key, stored] : space->resources) {
    if (!after.has(key.first, key.second)) continue;
    for (const Reference& reference : references_of(*stored.resource)) {
      if (reference.kind != input.kind) continue;
      if (after.resolves(reference) || !before.resolves(reference)) continue;
      return Error(ErrorCode::Conflict, stored.resource->title() + " refers to " +
                                            std::string(resource::kind_name(input.kind)) + " " +
                                            reference.name + "; delete or change that first");
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::created: return "created";
    case Outcome::changed: return "changed";
    case Outcome::unchanged: return "unchanged";
    case Outcome::deleted: return "deleted";
  }
  return "unknown";
}

ApplyOutcome apply_documents(Backend& backend, const os::Clock& clock, const ApplyInput& input) {
  resource::Parsed parsed = resource::parse_resources(input.text, input.name_space);
  for (const workflow::Fault& fault : parsed.unsupported) parsed.faults.add(fault);
  if (!parsed.faults.empty()) return refuse(std::move(parsed.faults));
  if (parsed.resources.empty()) {
    return ApplyRefused{Error(ErrorCode::RequestInvalid, "the text holds no document"), {}};
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto base = backend.definitions();
    workflow::Faults faults = check_together(*base, input, parsed.resources);
    if (!faults.empty()) return refuse(std::move(faults));
    auto outcome = make_change(backend, clock, *base, compare(*base, input, parsed.resources),
                               command_for(input.name_space, input.actor, input.idempotency_key),
                               input.dry_run);
    if (outcome) return std::move(*outcome);
  }
  return too_contended();
}

ApplyOutcome delete_resource(Backend& backend, const os::Clock& clock, const DeleteInput& input) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto base = backend.definitions();
    Plan plan = plan_deletion(*base, input);
    if (plan.changes.empty()) {
      const std::string kind(resource::kind_name(input.kind));
      return ApplyRefused{Error(ErrorCode::NotFound, "there is no " + kind + " " + input.name +
                                                         " in namespace " + input.name_space),
                          {}};
    }
    if (const auto conflict = find_referrer(*base, input, plan)) return ApplyRefused{*conflict, {}};
    engine::Command command = command_for(input.name_space, input.actor, input.idempotency_key);
    auto outcome = make_change(backend, clock, *base, std::move(plan), std::move(command), false);
    if (outcome) return std::move(*outcome);
  }
  return too_contended();
}

}  // namespace hence::api

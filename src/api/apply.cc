// SPDX-License-Identifier: Apache-2.0
#include "api/apply.h"

#include <map>

#include "api/endpoint/references.h"
#include "api/event_type_check.h"
#include "api/zones.h"
#include "json/yaml.h"
#include "workflow/imports.h"
#include "workflow/subflows.h"

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
  std::optional<Error> absent = {};  ///< why there are no changes, where that is an error
};

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

/// What the documents say of each other and of what is there.
workflow::Faults check_together(const engine::Definitions& base, const ApplyInput& input,
                                const std::vector<Resource>& resources) {
  NameSet names = input.prune ? NameSet() : NameSet(base.space(input.name_space));
  for (const Resource& resource : resources) names.add(resource.kind, resource.name);
  std::vector<Unplaced> found = check_event_types(base.space(input.name_space), input.prune, resources);
  for (Unplaced& one : check_zones(*base.zones(), resources)) found.push_back(std::move(one));
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

/// The namespace's workflows as they would be.
workflow::WorkflowSet workflows_after(const engine::Definitions& base, const ApplyInput& input,
                                      const std::vector<Resource>& resources) {
  workflow::WorkflowSet set;
  const engine::Definitions::Space* space = input.prune ? nullptr : base.space(input.name_space);
  if (space != nullptr) {
    for (auto at = space->resources.lower_bound({Kind::workflow, ""}); at != space->resources.end(); ++at) {
      if (at->first.first != Kind::workflow) break;
      set.add(std::get<resource::WorkflowSpec>(at->second.resource->spec).definition);
    }
  }
  for (const Resource& resource : resources) {
    if (resource.kind == Kind::workflow) set.add(std::get<resource::WorkflowSpec>(resource.spec).definition);
  }
  return set;
}

/// Circles of subflows come back as faults, references to what is not there yet as warnings of results.
std::vector<Unplaced> check_subflows(const engine::Definitions& base, const ApplyInput& input,
                                     const std::vector<Resource>& resources, Plan& plan) {
  std::vector<Unplaced> faults;
  std::optional<workflow::WorkflowSet> set;
  for (size_t i = 0; i < resources.size(); ++i) {
    const auto* spec = std::get_if<resource::WorkflowSpec>(&resources[i].spec);
    if (spec == nullptr || !workflow::has_subflows(*spec->definition)) continue;
    if (!set) set = workflows_after(base, input, resources);
    for (const workflow::SubflowFinding& found : workflow::check_subflows(*set, *spec->definition)) {
      if (found.kind == workflow::SubflowFinding::Kind::circle) faults.push_back({i, found.pointer, found.message});
      else plan.results[i].warnings.push_back(found.pointer + ": " + found.message);
    }
  }
  return faults;
}

ApplyRefused refuse(workflow::Faults faults) {
  faults.sort();
  Error error = faults.to_error();
  const size_t count = faults.size();
  if (count > 1) error = error.in(std::to_string(count) + " faults");
  return {std::move(error), std::move(faults)};
}

ApplyRefused too_contended() {
  return {Error(ErrorCode::Overloaded, "other changes came in between each time; try again"), {}};
}

/// A change under way: planned against the definitions as they are, handed to the engine, and
/// planned anew where they changed meanwhile.
struct Change {
  using Planned = std::variant<Plan, ApplyRefused>;

  Backend& backend;
  const os::Clock& clock;
  std::function<Planned(const engine::Definitions& base)> plan;
  engine::Command command;  ///< all but its body
  std::string asked;        ///< as in ApplyResources; only where the command has an Idempotency-Key
  bool dry_run = false;
  RunAgain again;
  ApplyThen then;
  int attempts = 0;
};
using ChangePtr = std::shared_ptr<Change>;

void attempt(const ChangePtr& change);

/// What an answer lists, for who asks again under the same Idempotency-Key.
struct KeptAnswer {
  std::vector<AppliedResource> results;
  template <typename A> void fields(A& a) { a(results); }
};

ApplyOutcome outcome_of(const engine::Reply& reply, Plan plan) {
  if (reply.error) {
    const bool absent = plan.absent && reply.error->code() == ErrorCode::NotFound;
    return ApplyRefused{absent ? *plan.absent : *reply.error, {}};
  }
  Applied applied{reply.version, reply.repeated, std::move(plan.results)};
  if (applied.repeated) {
    Result<KeptAnswer> kept = decode<KeptAnswer>(reply.answer, "the answer kept under an Idempotency-Key");
    if (!kept.ok()) return ApplyRefused{kept.error(), {}};
    applied.results = std::move(kept->results);
  }
  return applied;
}

/// On the engine's thread.
void take_reply(const ChangePtr& change, const engine::Reply& reply, Plan plan) {
  if (!reply.stale_base) return change->then(outcome_of(reply, std::move(plan)));
  const bool goes_on = change->attempts < kAttempts && change->again([change] { attempt(change); });
  if (!goes_on) change->then(too_contended());
}

void attempt(const ChangePtr& change) {
  ++change->attempts;
  const auto base = change->backend.definitions();
  Change::Planned planned = change->plan(*base);
  if (const auto* refused = std::get_if<ApplyRefused>(&planned)) return change->then(*refused);
  Plan& plan = std::get<Plan>(planned);
  const bool keyed = !change->command.idempotency_key.empty() && !change->dry_run;
  engine::ApplyResources body;
  body.base = base->version();
  if (plan.changes.empty() && !keyed) {
    if (plan.absent) return change->then(ApplyRefused{*plan.absent, {}});
    return change->then(Applied{body.base, false, std::move(plan.results)});
  }
  if (!plan.changes.empty()) {
    auto compiled = engine::Definitions::build(*base, body.base + 1, plan.changes, change->clock.now());
    if (!compiled.ok()) return change->then(ApplyRefused{compiled.error(), {}});
    if (change->dry_run) return change->then(Applied{body.base, false, std::move(plan.results)});
    body.compiled = std::move(*compiled);
    body.changes = std::move(plan.changes);
  }
  if (keyed) {
    body.asked = change->asked;
    if (!plan.absent) body.answer = encode(KeptAnswer{plan.results});
  }
  engine::Command command = change->command;
  command.body = std::move(body);
  const size_t bytes = plan.bytes;
  const Status taken = change->backend.submit(
      std::move(command), bytes, true,
      [change, plan = std::move(plan)](const engine::Reply& reply) { take_reply(change, reply, plan); });
  if (!taken.ok()) change->then(ApplyRefused{taken.error(), {}});
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

/// The secrets of the namespace as they would be: those of the documents are there already.
Result<std::shared_ptr<const engine::Definitions>> secrets_after(const Backend& backend, UtcTime now,
                                                                 const std::vector<Resource>& resources) {
  std::vector<engine::ResourceChange> changes;
  for (const Resource& resource : resources) {
    if (resource.kind == Kind::secret) changes.push_back(change_of(resource));
  }
  std::shared_ptr<const engine::Definitions> base = backend.definitions();
  if (changes.empty()) return base;
  return engine::Definitions::build(*base, base->version() + 1, changes, now);
}

/// Reads secrets for imports; most applies ask for none. Borrows all.
SecretOf secret_reader(const Backend& backend, const os::Clock& clock, const ApplyInput& input,
                       const std::vector<Resource>& resources) {
  return [&, definitions = std::shared_ptr<const engine::Definitions>()](
             const std::string& name) mutable -> Result<std::string> {
    if (!input.secrets) return Error(ErrorCode::SecretUnavailable, "secrets are not read here");
    if (!definitions) {
      HENCE_TRY(definitions, secrets_after(backend, clock.now(), resources));
    }
    return input.secrets(*definitions, input.name_space, name);
  };
}

/// One document that a workflow needs, as a value.
Result<json::Value> read_import(const ImportReader& reader, const SecretOf& secret, const workflow::Import& import) {
  if (!reader) return Error(ErrorCode::NotSupported, "functions and schemas from elsewhere are not read here");
  HENCE_TRY(const std::string text, reader(import, secret));
  if (text.size() > workflow::kImportBytesMax) {
    return Error(ErrorCode::TooLarge, "it has " + std::to_string(text.size()) + " bytes; the limit is " +
                                          std::to_string(workflow::kImportBytesMax));
  }
  HENCE_TRY(const std::vector<json::YamlDocument> documents, json::parse_yaml(text));
  if (documents.size() != 1) return Error(ErrorCode::YamlInvalid, "expected one YAML or JSON document");
  return documents.front().value;
}

/// Reads what the workflow needs of elsewhere into its document. Nothing: it has all.
std::optional<Unplaced> complete_imports(const ImportReader& reader, const SecretOf& secret, size_t index,
                                         Resource& resource) {
  std::map<std::string, json::Value> imports;
  for (int round = 0; !resource.imports.empty(); ++round) {
    const workflow::Import first = resource.imports.front();
    for (const workflow::Import& import : resource.imports) {
      if (imports.contains(import.uri)) continue;
      auto value = read_import(reader, secret, import);
      if (!value.ok()) {
        return Unplaced{index, import.pointer, import.uri + " cannot be read: " + value.error().message()};
      }
      imports.emplace(import.uri, std::move(*value));
    }
    if (round == workflow::kImportRoundsMax || imports.size() > workflow::kImportsMax) {
      return Unplaced{index, first.pointer, "functions need functions more than " +
                                                std::to_string(workflow::kImportRoundsMax) +
                                                " deep, or more than " +
                                                std::to_string(workflow::kImportsMax) + " documents"};
    }
    auto whole = resource::parse_resource(workflow::embed_imports(resource.document, imports),
                                          resource.resource_namespace);
    if (!whole.ok()) return Unplaced{index, first.pointer, whole.error().message()};
    resource = std::move(*whole);
  }
  return std::nullopt;
}

/// A workflow that reads secrets outside of calls says so in its stored document; one that says so
/// without leave is refused.
std::optional<Unplaced> mark_secrets(bool anywhere, size_t index, Resource& resource) {
  const auto* spec = std::get_if<resource::WorkflowSpec>(&resource.spec);
  if (spec == nullptr || !spec->definition) return std::nullopt;
  const auto metadata = resource.document->find_path({"document", "metadata"});
  if (!anywhere && metadata && metadata->find(workflow::kSecretsKey)) {
    return Unplaced{index, "/document/metadata/hence.io~1secrets",
                    "secrets may not be read anywhere here; secrets.anywhere in hence.yaml would allow it"};
  }
  if (!spec->definition->secrets_anywhere) return std::nullopt;
  auto marked = resource::parse_resource(workflow::mark_secrets(resource.document), resource.resource_namespace);
  if (!marked.ok()) return Unplaced{index, "", marked.error().message()};
  resource = std::move(*marked);
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

void apply_documents(Backend& backend, const os::Clock& clock, ApplyInput input, RunAgain again, ApplyThen then) {
  resource::Parsed parsed = resource::parse_resources(input.text, input.name_space, {input.secrets_anywhere});
  for (const workflow::Fault& fault : parsed.unsupported) parsed.faults.add(fault);
  if (!parsed.faults.empty()) return then(refuse(std::move(parsed.faults)));
  if (parsed.resources.empty()) {
    return then(ApplyRefused{Error(ErrorCode::RequestInvalid, "the text holds no document"), {}});
  }
  const SecretOf secret = secret_reader(backend, clock, input, parsed.resources);
  std::vector<Unplaced> unread;
  for (size_t i = 0; i < parsed.resources.size(); ++i) {
    auto fault = mark_secrets(input.secrets_anywhere, i, parsed.resources[i]);
    if (!fault) fault = complete_imports(input.imports, secret, i, parsed.resources[i]);
    if (fault) unread.push_back(std::move(*fault));
  }
  if (!unread.empty()) return then(refuse(place_faults(input.text, unread)));
  const bool dry_run = input.dry_run;
  engine::Command command = command_for(input.name_space, input.actor, input.idempotency_key);
  std::string asked = input.idempotency_key.empty() ? std::string() : (input.prune ? "prune " : "apply ") + input.text;
  parsed.warnings.sort();
  then = [then = std::move(then), warnings = std::move(parsed.warnings)](const ApplyOutcome& outcome) {
    const auto* applied = std::get_if<Applied>(&outcome);
    if (applied == nullptr || warnings.empty()) return then(outcome);
    Applied told = *applied;
    told.warnings = warnings;
    then(told);
  };
  auto plan = [input = std::move(input), resources = std::move(parsed.resources)](
                  const engine::Definitions& base) -> Change::Planned {
    workflow::Faults faults = check_together(base, input, resources);
    if (!faults.empty()) return refuse(std::move(faults));
    Plan compared = compare(base, input, resources);
    const std::vector<Unplaced> circles = check_subflows(base, input, resources, compared);
    if (!circles.empty()) return refuse(place_faults(input.text, circles));
    return compared;
  };
  attempt(std::make_shared<Change>(Change{backend, clock, std::move(plan), std::move(command), std::move(asked),
                                          dry_run, std::move(again), std::move(then)}));
}

void delete_resource(Backend& backend, const os::Clock& clock, DeleteInput input, RunAgain again, ApplyThen then) {
  engine::Command command = command_for(input.name_space, input.actor, input.idempotency_key);
  std::string asked = "delete " + std::string(resource::kind_name(input.kind)) + " " + input.name;
  auto plan = [input = std::move(input)](const engine::Definitions& base) -> Change::Planned {
    Plan deletion = plan_deletion(base, input);
    if (deletion.changes.empty()) {
      const std::string kind(resource::kind_name(input.kind));
      deletion.results.push_back({kind, input.name, Outcome::deleted});
      deletion.absent = Error(ErrorCode::NotFound, "there is no " + kind + " " + input.name + " in namespace " +
                                                       input.name_space);
      return deletion;
    }
    if (const auto conflict = find_referrer(base, input, deletion)) return ApplyRefused{*conflict, {}};
    return deletion;
  };
  attempt(std::make_shared<Change>(Change{backend, clock, std::move(plan), std::move(command), std::move(asked),
                                          false, std::move(again), std::move(then)}));
}

}  // namespace hence::api

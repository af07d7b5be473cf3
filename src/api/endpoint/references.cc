// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/references.h"

#include "workflow/faults.h"

namespace hence::api {

using resource::Kind;

namespace {

void add_rule(const resource::RuleSpec& rule, std::vector<Reference>& found) {
  for (size_t i = 0; i < rule.actions.size(); ++i) {
    const std::string at = "/spec/do/" + std::to_string(i);
    if (const auto* start = std::get_if<resource::StartAction>(&rule.actions[i])) {
      found.push_back({Kind::workflow, start->workflow.to_string(), at + "/start/workflow"});
    } else if (const auto* deliver = std::get_if<resource::DeliverAction>(&rule.actions[i])) {
      found.push_back({Kind::sink, deliver->sink, at + "/deliver/sink"});
    }
  }
}

void add_sink(const resource::SinkSpec& sink, std::vector<Reference>& found) {
  if (!sink.auth.secret.empty()) {
    const bool bearer = sink.auth.scheme == resource::SinkAuth::Scheme::bearer;
    found.push_back({Kind::secret, sink.auth.secret,
                     std::string("/spec/http/auth/") + (bearer ? "bearer" : "basic") + "/secret"});
  }
  if (!sink.sign_secret.empty()) {
    found.push_back({Kind::secret, sink.sign_secret, "/spec/http/sign/secret"});
  }
}

void add_workflow(const resource::WorkflowSpec& workflow, std::vector<Reference>& found) {
  const std::vector<std::string>& secrets = workflow.definition->secrets;
  for (size_t i = 0; i < secrets.size(); ++i) {
    found.push_back({Kind::secret, secrets[i], "/use/secrets/" + std::to_string(i)});
  }
}

}  // namespace

std::string without_version(const std::string& workflow) {
  return workflow.substr(0, workflow.find(':'));
}

std::vector<Reference> references_of(const resource::Resource& resource) {
  std::vector<Reference> found;
  if (const auto* rule = std::get_if<resource::RuleSpec>(&resource.spec)) {
    add_rule(*rule, found);
  } else if (const auto* sink = std::get_if<resource::SinkSpec>(&resource.spec)) {
    add_sink(*sink, found);
  } else if (const auto* source = std::get_if<resource::SourceSpec>(&resource.spec)) {
    found.push_back({Kind::secret, source->secret, "/spec/webhook/secret"});
  } else if (const auto* workflow = std::get_if<resource::WorkflowSpec>(&resource.spec)) {
    add_workflow(*workflow, found);
  }
  return found;
}

NameSet::NameSet(const engine::Definitions::Space* space) {
  if (space == nullptr) return;
  for (const auto& [key, stored] : space->resources) names_.insert(key);
}

bool NameSet::resolves(const Reference& reference) const {
  if (has(reference.kind, reference.name)) return true;
  const bool has_version = reference.name.find(':') != std::string::npos;
  if (reference.kind != Kind::workflow || has_version) return false;
  const auto next = names_.lower_bound({Kind::workflow, reference.name + ":"});
  return next != names_.end() && next->first == Kind::workflow &&
         without_version(next->second) == reference.name;
}

std::string NameSet::describe_missing(const Reference& reference,
                                      const std::string& name_space) const {
  std::vector<std::string> candidates;
  const bool any_version = reference.name.find(':') == std::string::npos;
  for (const auto& [kind, name] : names_) {
    if (kind != reference.kind) continue;
    candidates.push_back(kind == Kind::workflow && any_version ? without_version(name) : name);
  }
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string_view nearest = workflow::nearest_word(reference.name, views);
  std::string text = "there is no " + std::string(resource::kind_name(reference.kind)) + " \"" +
                     reference.name + "\" in namespace " + name_space;
  if (nearest.empty()) return text + "; apply it before or with this";
  return text + "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace hence::api

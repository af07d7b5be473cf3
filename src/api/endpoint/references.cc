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
  } else if (const auto* schedule = std::get_if<resource::ScheduleSpec>(&resource.spec)) {
    if (schedule->start) found.push_back({Kind::workflow, schedule->start->workflow.to_string(), "/spec/start/workflow"});
  } else if (const auto* source = std::get_if<resource::SourceSpec>(&resource.spec)) {
    found.push_back({Kind::secret, source->secret, "/spec/webhook/secret"});
  } else if (const auto* workflow = std::get_if<resource::WorkflowSpec>(&resource.spec)) {
    add_workflow(*workflow, found);
  }
  return found;
}

bool NameSet::has(Kind kind, const std::string& name) const {
  const Key key(kind, name);
  if (added_.contains(key)) return true;
  return space_ != nullptr && space_->resources.find(key) != nullptr && !removed_.contains(key);
}

bool NameSet::resolves(const Reference& reference) const {
  if (has(reference.kind, reference.name)) return true;
  const bool has_version = reference.name.find(':') != std::string::npos;
  return reference.kind == Kind::workflow && !has_version && has_version_of(reference.name);
}

bool NameSet::has_version_of(const std::string& workflow) const {
  const auto is_version = [&](const Key& key) {
    return key.first == Kind::workflow && without_version(key.second) == workflow;
  };
  const Key first(Kind::workflow, workflow + ":");
  const auto next = added_.lower_bound(first);
  if (next != added_.end() && is_version(*next)) return true;
  if (space_ == nullptr) return false;
  for (auto at = space_->resources.lower_bound(first); at != space_->resources.end(); ++at) {
    if (!is_version(at->first)) return false;
    if (!removed_.contains(at->first)) return true;
  }
  return false;
}

std::string NameSet::describe_missing(const Reference& reference,
                                      const std::string& name_space) const {
  std::vector<std::string> candidates;
  const bool any_version = reference.name.find(':') == std::string::npos;
  const auto offer = [&](const Key& key) {
    if (key.first != reference.kind) return;
    candidates.push_back(key.first == Kind::workflow && any_version ? without_version(key.second) : key.second);
  };
  for (const Key& key : added_) offer(key);
  if (space_ != nullptr) {
    for (const auto& [key, stored] : space_->resources) {
      if (!removed_.contains(key)) offer(key);
    }
  }
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string_view nearest = workflow::nearest_word(reference.name, views);
  std::string text = "there is no " + std::string(resource::kind_name(reference.kind)) + " \"" +
                     reference.name + "\" in namespace " + name_space;
  if (nearest.empty()) return text + "; apply it before or with this";
  return text + "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace hence::api

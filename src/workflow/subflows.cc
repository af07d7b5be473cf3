// SPDX-License-Identifier: Apache-2.0
#include "workflow/subflows.h"

#include <algorithm>
#include <set>

namespace hence::workflow {
namespace {

std::string_view unversioned(std::string_view name) { return name.substr(0, name.find(':')); }
std::string_view version_of(std::string_view name) { return name.substr(name.find(':') + 1); }

/// Walks the tasks that surely run when a workflow does, and collects the subflows they wait for.
class SureWalk {
 public:
  explicit SureWalk(const Definition& definition) : definition_(definition) {
    walk(definition.scope(kRootScope).tasks.empty() ? kNone : definition.scope(kRootScope).tasks.front());
  }
  const std::vector<TaskIndex>& found() const { return found_; }

 private:
  /// False where what follows the list may not run. As deep as lists are nested in the document.
  bool walk(TaskIndex index) {
    std::set<TaskIndex> seen;
    while (index != kNone) {
      if (!seen.insert(index).second) return false;
      const Task& task = definition_.task(index);
      const bool sure = !task.if_.present() && task.extensions.empty();
      if (sure && !goes_on(index, task)) return false;
      if (task.then.kind != Then::Kind::continue_ && (!sure || task.then.kind != Then::Kind::task)) return false;
      index = task.then.kind == Then::Kind::task ? task.then.task : task.next;
    }
    return true;
  }
  bool walk_list(ScopeIndex scope) {
    const auto& tasks = definition_.scope(scope).tasks;
    return walk(tasks.empty() ? kNone : tasks.front());
  }
  bool goes_on(TaskIndex index, const Task& task) {
    if (const auto* subflow = std::get_if<SubflowSpec>(&task.spec)) {
      if (subflow->await) found_.push_back(index);
    } else if (const auto* list = std::get_if<DoSpec>(&task.spec)) {
      return walk_list(list->body);
    } else if (const auto* tried = std::get_if<TrySpec>(&task.spec)) {
      return walk_list(tried->body);
    } else if (const auto* function = std::get_if<FunctionSpec>(&task.spec)) {
      return function->body == kNone || walk_list(function->body);
    } else if (const auto* fork = std::get_if<ForkSpec>(&task.spec); fork != nullptr && !fork->compete) {
      bool all = true;
      for (const TaskIndex branch : definition_.scope(fork->branches).tasks) all = walk(branch) && all;
      return all;
    }
    return task.kind != TaskKind::switch_ && task.kind != TaskKind::raise;
  }

  const Definition& definition_;
  std::vector<TaskIndex> found_;
};

struct Link {
  std::string to;       ///< full name
  TaskIndex task = kNone;
};
std::vector<Link> sure_links(const WorkflowSet& set, const Definition& workflow) {
  std::vector<Link> links;
  const SureWalk walk(workflow);
  for (const TaskIndex task : walk.found()) {
    std::string to = set.find(workflow.task(task).as<SubflowSpec>().workflow);
    if (!to.empty()) links.push_back({std::move(to), task});
  }
  return links;
}

/// How one comes from a workflow back to another, by sure links: names, the last one the goal. Empty
/// if one does not.
std::vector<std::string> find_way(const WorkflowSet& set, const std::string& from, const std::string& goal) {
  std::map<std::string, std::string> before{{from, ""}};
  std::vector<std::string> open{from};
  while (!open.empty()) {
    const std::string at = std::move(open.back());
    open.pop_back();
    if (at == goal) {
      std::vector<std::string> way;
      for (std::string step = at; !step.empty(); step = before[step]) way.insert(way.begin(), step);
      return way;
    }
    const Definition* workflow = set.get(at);
    if (workflow == nullptr) continue;
    for (Link& link : sure_links(set, *workflow)) {
      if (before.emplace(link.to, at).second) open.push_back(std::move(link.to));
    }
  }
  return {};
}

}  // namespace

void WorkflowSet::add(std::shared_ptr<const Definition> definition) {
  const std::string name = definition->id();
  std::string& latest = latest_[std::string(unversioned(name))];
  if (latest.empty() || compare_versions(version_of(name), version_of(latest)) > 0) latest = name;
  all_[name] = std::move(definition);
}

std::string WorkflowSet::find(std::string_view reference) const {
  if (reference.find(':') != std::string_view::npos) {
    const std::string name(reference);
    return all_.contains(name) ? name : std::string();
  }
  const auto found = latest_.find(reference);
  return found == latest_.end() ? std::string() : found->second;
}

const Definition* WorkflowSet::get(const std::string& name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : found->second.get();
}

bool has_subflows(const Definition& workflow) {
  return std::any_of(workflow.tasks.begin(), workflow.tasks.end(), [](const Task& task) {
    return std::holds_alternative<SubflowSpec>(task.spec);
  });
}

std::vector<SubflowFinding> check_subflows(const WorkflowSet& set, const Definition& workflow) {
  std::vector<SubflowFinding> found;
  for (const Task& task : workflow.tasks) {
    const auto* subflow = std::get_if<SubflowSpec>(&task.spec);
    if (subflow == nullptr || !set.find(subflow->workflow).empty()) continue;
    found.push_back({SubflowFinding::Kind::unknown, task.reference + "/run/workflow",
                     "there is no workflow " + subflow->workflow +
                         " yet: the task will fault with a configuration error unless it is applied before it runs"});
  }
  for (const Link& link : sure_links(set, workflow)) {
    const std::vector<std::string> way = find_way(set, link.to, workflow.id());
    if (way.empty()) continue;
    std::string path = workflow.id();
    for (const std::string& step : way) path += " → " + step;
    found.push_back({SubflowFinding::Kind::circle, workflow.task(link.task).reference + "/run/workflow",
                     "the workflow comes to run itself and to wait for that, so it would never end: " + path});
  }
  return found;
}

}  // namespace hence::workflow

// SPDX-License-Identifier: Apache-2.0
#include "engine/lifecycle.h"

#include <algorithm>

#include "base/check.h"

namespace hence::engine {
namespace {

struct Entry {
  std::string_view type;
  std::string_view time;  ///< member of the data that says when
};
constexpr std::array<Entry, kLifecycleCount> kEntries = {{
    {"io.serverlessworkflow.workflow.started.v1", "startedAt"},
    {"io.serverlessworkflow.workflow.suspended.v1", "suspendedAt"},
    {"io.serverlessworkflow.workflow.resumed.v1", "resumedAt"},
    {"io.serverlessworkflow.workflow.correlation-started.v1", "startedAt"},
    {"io.serverlessworkflow.workflow.correlation-completed.v1", "completedAt"},
    {"io.serverlessworkflow.workflow.cancelled.v1", "cancelledAt"},
    {"io.serverlessworkflow.workflow.faulted.v1", "faultedAt"},
    {"io.serverlessworkflow.workflow.completed.v1", "completedAt"},
    {"io.serverlessworkflow.workflow.status-changed.v1", "updatedAt"},
    {"io.serverlessworkflow.task.created.v1", "createdAt"},
    {"io.serverlessworkflow.task.started.v1", "startedAt"},
    {"io.serverlessworkflow.task.suspended.v1", "suspendedAt"},
    {"io.serverlessworkflow.task.resumed.v1", "resumedAt"},
    {"io.serverlessworkflow.task.retried.v1", "retriedAt"},
    {"io.serverlessworkflow.task.cancelled.v1", "cancelledAt"},
    {"io.serverlessworkflow.task.faulted.v1", "faultedAt"},
    {"io.serverlessworkflow.task.completed.v1", "completedAt"},
    {"io.serverlessworkflow.task.status-changed.v1", "updatedAt"},
}};

const Entry& entry_of(Lifecycle which) { return kEntries.at(static_cast<size_t>(which)); }

bool is_type_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/// A regular expression's dots as dots.
std::string with_plain_dots(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("[.]")) {
      plain.push_back('.');
      i += 2;
    } else if (text[i] != '\\') {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

/// Whether the frame's task waits for an event, a time or a person, which is what the specification calls
/// waiting. A task whose call is out is in progress.
bool waits(const workflow::Frame& frame) {
  using State = workflow::FrameState;
  return frame.state == State::sleeping || frame.state == State::backing_off || frame.state == State::listening ||
         frame.state == State::deciding;
}

/// Waiting where nothing is in progress. The specification has no word for undoing what was done: that is running.
workflow::Phase told_phase(const workflow::Instance& instance) {
  using workflow::Phase;
  if (instance.phase != Phase::running) return instance.phase;
  const bool calls = std::any_of(instance.frames.begin(), instance.frames.end(), [](const workflow::Frame& frame) {
    return frame.state == workflow::FrameState::calling;
  });
  return !calls && instance.shown_phase() == Phase::waiting ? Phase::waiting : Phase::running;
}

template <typename... Kinds>
bool is_any_of(const workflow::Fact& fact) {
  return (std::holds_alternative<Kinds>(fact) || ...);
}

/// Whether a task begins, ends or fails by the fact.
bool moves_a_task(const workflow::Fact& fact) {
  return is_any_of<workflow::TaskStarted, workflow::TaskSkipped, workflow::TaskEnded, workflow::TaskFaulted,
                   workflow::TaskEndedByHand, workflow::ScopeEntered>(fact);
}

void add_named(std::string_view text, LifecycleSet& named) {
  const std::string plain = with_plain_dots(text);
  for (size_t at = plain.find(kLifecyclePrefix); at != std::string::npos; at = plain.find(kLifecyclePrefix, at + 1)) {
    size_t end = at;
    while (end < plain.size() && is_type_char(plain[end])) ++end;
    std::string_view stem = std::string_view(plain).substr(at, end - at);
    // What stands before a sign of a pattern may be repeated or left out.
    if (end < plain.size() && std::string_view("*+?{").find(plain[end]) != std::string_view::npos && stem.size() > kLifecyclePrefix.size()) {
      stem.remove_suffix(1);
    }
    for (size_t i = 0; i < kLifecycleCount; ++i) {
      if (kEntries[i].type.starts_with(stem)) named.add(static_cast<Lifecycle>(i));
    }
  }
}

}  // namespace

std::string_view lifecycle_type(Lifecycle which) { return entry_of(which).type; }

/// As deep as a document may be nested.
LifecycleSet lifecycle_named_in(json::View filter) {
  LifecycleSet named;
  if (filter.is_string()) {
    add_named(filter.as_string(), named);
  } else if (filter.is_array()) {
    for (const json::View element : filter.elements()) named.add(lifecycle_named_in(element));
  } else if (filter.is_object()) {
    for (const auto [key, member] : filter.members()) named.add(lifecycle_named_in(member));
  }
  return named;
}

void LifecycleCounts::change(LifecycleSet set, int32_t by) {
  for (size_t i = 0; i < kLifecycleCount; ++i) {
    if (set.has(static_cast<Lifecycle>(i))) counts_[i] += by;
    HENCE_CHECK(counts_[i] >= 0);
  }
}

LifecycleSet LifecycleCounts::wanted() const {
  LifecycleSet set;
  for (size_t i = 0; i < kLifecycleCount; ++i) {
    if (counts_[i] > 0) set.add(static_cast<Lifecycle>(i));
  }
  return set;
}

LifecycleView::LifecycleView(const workflow::Definition& definition, const workflow::Instance& before, Subject subject,
                             LifecycleSet wanted)
    : definition_(definition), subject_(std::move(subject)), wanted_(wanted),
      qualified_(definition.name + "-" + subject_.instance.to_string() + "." + definition.workflow_namespace),
      told_(told_phase(before)) {
  for (const workflow::Frame& frame : before.ended() && before.fallen ? before.fallen->frames : before.frames) {
    Task& task = tasks_[frame.id];
    task.parent = frame.parent;
    task.task = frame.task;
    task.active = frame.started_at.micros != 0;
    task.waits = before.phase == workflow::Phase::running && waits(frame);
    if (!frame.listen) continue;
    task.correlates = !frame.listen->closed;
    for (const workflow::Variable& bound : frame.listen->bound) task.keys[bound.name] = bound.value;
  }
  for (const workflow::Wait& wait : before.waits) {
    if (const auto task = tasks_.find(wait.frame); task != tasks_.end()) add_expected(task->second, wait.site, wait.value, wait.expected);
  }
  for (const workflow::Timer& timer : before.timers) {
    if (timer.purpose == workflow::TimerPurpose::retry && tasks_.contains(timer.frame)) retries_[timer.id] = timer.frame;
  }
}

void LifecycleView::take(const workflow::Fact& fact) {
  if (told_ == workflow::Phase::waiting && moves_a_task(fact)) tell_status(workflow::Phase::running);
  std::visit([&](const auto& one) { on(one); }, fact);
}

void LifecycleView::end(const workflow::Instance& after) {
  for (const workflow::Frame& frame : after.frames) {
    if (after.phase != workflow::Phase::running || !waits(frame)) continue;
    Task& task = tasks_[frame.id];
    if (!std::exchange(task.waits, true)) tell_task_status(frame.task, "waiting");
  }
  tell_status(told_phase(after));
}

void LifecycleView::tell_status(workflow::Phase phase) {
  if (std::exchange(told_, phase) == phase) return;
  tell_workflow(Lifecycle::workflow_status_changed,
                [&](json::Builder& data) { data.member("status", workflow::phase_name(phase)); });
}

void LifecycleView::on(const workflow::InstanceStarted& fact) {
  tasks_[fact.frame].task = fact.task;
  tell_workflow(Lifecycle::workflow_started, [&](json::Builder& data) {
    data.key("definition").begin_object().member("name", definition_.name);
    data.member("namespace", definition_.workflow_namespace).member("version", definition_.version).end_object();
  });
  tell_status(workflow::Phase::running);
}

void LifecycleView::on(const workflow::TaskStarted& fact) {
  Task& task = tasks_[fact.frame];
  task.task = fact.task;
  task.active = true;
  task.correlates = task.waits = false;
  task.keys.clear();
  tell_task(Lifecycle::task_created, fact.task, {});
  tell_task(Lifecycle::task_started, fact.task, "running");
}

void LifecycleView::on(const workflow::TaskEnded& fact) {
  end_task(fact.frame);
  tell_task(Lifecycle::task_completed, fact.task, "completed");
}

void LifecycleView::on(const workflow::TaskFaulted& fact) {
  end_task(fact.frame);
  tell_task(Lifecycle::task_faulted, fact.task, "faulted", [&](json::Builder& data) { data.member("error", fact.error); });
}

/// Before its time, by a person.
void LifecycleView::on(const workflow::TaskEndedByHand& fact) {
  end_task(fact.frame);
  tell_task(Lifecycle::task_cancelled, fact.task, "cancelled");
}

void LifecycleView::on(const workflow::ScopeEntered& fact) {
  if (fact.extension != 0) cancel_below(fact.parent);
  tell_running(tasks_[fact.parent]);
  tasks_[fact.frame].parent = fact.parent;
  tasks_[fact.frame].task = fact.task;
}

void LifecycleView::on(const workflow::TimerFired& fact) {
  const auto retry = retries_.find(fact.timer);
  if (retry == retries_.end()) return;
  Task& task = tasks_[retry->second];
  tell_task(Lifecycle::task_retried, task.task, {});
  tell_running(task);
}

void LifecycleView::on(const workflow::WaitOpened& fact) {
  Task& task = tasks_[fact.frame];
  add_expected(task, fact.site, fact.value, fact.expected);
  if (!std::exchange(task.correlates, true)) tell_workflow(Lifecycle::workflow_correlation_started);
}

void LifecycleView::on(const workflow::EventConsumed& fact) {
  Task& task = tasks_[fact.frame];
  for (const workflow::Variable& bound : fact.bound) task.keys[bound.name] = bound.value;
  if (fact.closes) end_correlation(task);
}

void LifecycleView::on(const workflow::ItemDone& fact) {
  if (fact.closes) end_correlation(tasks_[fact.frame]);
}

void LifecycleView::end_correlation(Task& task) {
  if (!std::exchange(task.correlates, false)) return;
  tell_workflow(Lifecycle::workflow_correlation_completed, [&](json::Builder& data) {
    if (task.keys.empty()) return;
    data.key("correlationKeys").begin_object();
    for (const auto& [name, value] : task.keys) data.member(name, value);
    data.end_object();
  });
}

/// What ran is over; the tasks that undo it come as tasks of their own.
void LifecycleView::on(const workflow::CompensationStarted&) {
  tell_all(Lifecycle::task_cancelled, "cancelled");
  tasks_.clear();
  tell_status(workflow::Phase::running);
}

void LifecycleView::on(const workflow::InstanceSuspended&) {
  if (told_ == workflow::Phase::suspended) return;  // with its parent, and now by a person too
  tell_workflow(Lifecycle::workflow_suspended);
  tell_status(workflow::Phase::suspended);
  tell_all(Lifecycle::task_suspended, "suspended");
}

void LifecycleView::on(const workflow::InstanceResumed&) {
  tell_workflow(Lifecycle::workflow_resumed);
  tell_status(workflow::Phase::running);
  tell_all(Lifecycle::task_resumed, "running");
}

void LifecycleView::on(const workflow::InstanceEnded& fact) {
  const bool completed = fact.phase == workflow::Phase::completed;  // by `end` in a list inside
  tell_all(completed ? Lifecycle::task_completed : Lifecycle::task_cancelled, completed ? "completed" : "cancelled");
  tasks_.clear();
  if (completed) {
    tell_workflow(Lifecycle::workflow_completed, [&](json::Builder& data) {
      data.member("outputUri", "/api/v1/namespaces/" + subject_.name_space + "/instances/" + subject_.instance.to_string());
    });
  } else if (fact.phase == workflow::Phase::faulted) {
    tell_workflow(Lifecycle::workflow_faulted, [&](json::Builder& data) {
      if (fact.error) data.member("error", *fact.error);
    });
  } else {
    tell_workflow(Lifecycle::workflow_cancelled);
  }
}

/// Innermost first.
void LifecycleView::tell_all(Lifecycle which, std::string_view status) {
  for (auto task = tasks_.rbegin(); task != tasks_.rend(); ++task) {
    task->second.waits = false;
    if (task->second.active) tell_task(which, task->second.task, status);
  }
}

void LifecycleView::tell_running(Task& task) {
  if (std::exchange(task.waits, false)) tell_task_status(task.task, "running");
}

void LifecycleView::end_task(workflow::FrameId frame) {
  cancel_below(frame);
  Task& task = tasks_[frame];
  task.active = task.waits = false;
}

/// Frames inside have greater ids than those around them.
void LifecycleView::cancel_below(workflow::FrameId frame) {
  std::vector<workflow::FrameId> gone;
  for (auto at = tasks_.upper_bound(frame); at != tasks_.end(); ++at) {
    const workflow::FrameId parent = at->second.parent;
    if (parent == frame || std::binary_search(gone.begin(), gone.end(), parent)) gone.push_back(at->first);
  }
  for (auto id = gone.rbegin(); id != gone.rend(); ++id) {
    if (tasks_[*id].active) tell_task(Lifecycle::task_cancelled, tasks_[*id].task, "cancelled");
    tasks_.erase(*id);
  }
}

/// value: of the key by which the wait is found; the others' are in expected.
void LifecycleView::add_expected(Task& task, uint32_t site, const std::optional<json::Value>& value,
                                 const std::vector<json::Value>& expected) {
  const workflow::ListenSite& wanted = definition_.sites.at(site);
  const auto& keys = wanted.keys;
  if (value && wanted.first_expected != workflow::ListenSite::kNoKey) task.keys[keys[wanted.first_expected].name] = *value;
  for (size_t i = 0; i < keys.size() && i < expected.size(); ++i) {
    if (!expected[i]->is_null()) task.keys[keys[i].name] = expected[i];
  }
}

void LifecycleView::tell_workflow(Lifecycle which, const Fill& fill) {
  add_event(which, [&](json::Builder& data) {
    data.member("name", qualified_);
    data.member(entry_of(which).time, format_rfc3339(subject_.now));
    if (fill) fill(data);
  });
}

void LifecycleView::tell_task(Lifecycle which, workflow::TaskIndex task, std::string_view status, const Fill& fill) {
  add_event(which, [&](json::Builder& data) {
    data.member("workflow", qualified_).member("task", definition_.task(task).reference);
    data.member(entry_of(which).time, format_rfc3339(subject_.now));
    if (fill) fill(data);
  });
  if (!status.empty()) tell_task_status(task, status);
}

void LifecycleView::tell_task_status(workflow::TaskIndex task, std::string_view status) {
  tell_task(Lifecycle::task_status_changed, task, {}, [&](json::Builder& data) { data.member("status", status); });
}

void LifecycleView::add_event(Lifecycle which, const Fill& fill_data) {
  if (!wanted_.has(which)) return;
  json::Builder event;
  event.begin_object().member("specversion", "1.0").member("id", subject_.next_id());
  event.member("source", "/" + definition_.workflow_namespace + "/" + definition_.name + "/" + definition_.version);
  event.member("type", entry_of(which).type).member("subject", subject_.instance.to_string());
  event.member("time", format_rfc3339(subject_.now)).member("datacontenttype", "application/json");
  if (!subject_.traceparent.empty()) event.member("traceparent", subject_.traceparent);
  event.key("data").begin_object();
  fill_data(event);
  event.end_object().end_object();
  events_.push_back(std::move(event).finish());
}

}  // namespace hence::engine

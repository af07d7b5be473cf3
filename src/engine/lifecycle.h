// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lifecycle events: what the Open Workflow Specification has told of workflows and tasks, as
// CloudEvents (DSL reference, "Lifecycle Events"). They are views of an instance's facts. A fact
// becomes an event of its own only where a filter in force names the type; where none does, nothing
// is built at all.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "json/builder.h"
#include "json/value.h"
#include "workflow/instance.h"

namespace hence::engine {

enum class Lifecycle : uint8_t {
  workflow_started, workflow_suspended, workflow_resumed, workflow_correlation_started,
  workflow_correlation_completed, workflow_cancelled, workflow_faulted, workflow_completed,
  workflow_status_changed,
  task_created, task_started, task_suspended, task_resumed, task_retried, task_cancelled,
  task_faulted, task_completed, task_status_changed,
};
inline constexpr size_t kLifecycleCount = 18;
/// "io.serverlessworkflow.task.started.v1"
std::string_view lifecycle_type(Lifecycle which);
inline constexpr std::string_view kLifecyclePrefix = "io.serverlessworkflow.";

/// A set of types.
struct LifecycleSet {
  uint32_t bits = 0;
  bool has(Lifecycle which) const { return (bits >> static_cast<unsigned>(which)) & 1u; }
  void add(Lifecycle which) { bits |= 1u << static_cast<unsigned>(which); }
  void add(LifecycleSet other) { bits |= other.bits; }
  bool empty() const { return bits == 0; }
  bool operator==(const LifecycleSet&) const = default;
};

/// The types that a filter (a rule's `on`, the `with` of a `listen`) names: by a text that holds the
/// type or a beginning of it from kLifecyclePrefix on, as a pattern does. A filter that says nothing of
/// the type names none, so that a rule for everything does not make events of its own.
LifecycleSet lifecycle_named_in(json::View filter);

/// How many filters name each type.
class LifecycleCounts {
 public:
  void add(LifecycleSet set) { change(set, 1); }
  void remove(LifecycleSet set) { change(set, -1); }
  LifecycleSet wanted() const;

 private:
  void change(LifecycleSet set, int32_t by);
  std::array<int32_t, kLifecycleCount> counts_{};
};

/// The events of one turn of an instance's machine.
class LifecycleView {
 public:
  struct Subject {
    std::string name_space;
    Address instance;
    UtcTime now;
    std::function<std::string()> next_id;  ///< of events: each once in the log
    std::string traceparent = {};          ///< of what started it; empty if none
  };
  /// before: the instance as it is before the turn. Borrows the definition.
  LifecycleView(const workflow::Definition& definition, const workflow::Instance& before, Subject subject,
                LifecycleSet wanted);
  void take(const workflow::Fact& fact);
  /// After the last fact.
  void end(const workflow::Instance& after);
  /// In CloudEvents JSON format, in the order of the facts.
  std::vector<json::Value> take_events() { return std::exchange(events_, {}); }

 private:
  struct Task {
    workflow::FrameId parent = workflow::kNoFrame;
    workflow::TaskIndex task = workflow::kNone;
    bool active = false;       ///< begun and not ended
    bool correlates = false;   ///< waits for events
    bool waits = false;        ///< the status told last is `waiting`
    std::map<std::string, json::Value> keys;  ///< of the correlation, as far as known
  };

  void on(const workflow::InstanceStarted& fact);
  void on(const workflow::TaskStarted& fact);
  void on(const workflow::TaskEnded& fact);
  void on(const workflow::TaskFaulted& fact);
  void on(const workflow::TaskEndedByHand& fact);
  void on(const workflow::ScopeEntered& fact);
  void on(const workflow::ScopeLeft& fact) { tasks_.erase(fact.frame); }
  void on(const workflow::ErrorCaught& fact) { cancel_below(fact.frame); }
  void on(const workflow::RetryScheduled& fact) { retries_[fact.timer] = fact.frame; }
  void on(const workflow::TimerFired& fact);
  void on(const workflow::WaitOpened& fact);
  void on(const workflow::EventConsumed& fact);
  void on(const workflow::ItemDone& fact);
  void on(const workflow::CompensationStarted& fact);
  void on(const workflow::CompensationEntered& fact) { tasks_[fact.frame].task = fact.task; }
  void on(const workflow::CompensationDone&) { tasks_.clear(); }
  void on(const workflow::CompensationParked&) { tasks_.clear(); }
  void on(const workflow::InstanceSuspended& fact);
  void on(const workflow::InstanceResumed& fact);
  void on(const workflow::InstanceRetried&) { tell_status(workflow::Phase::running); }
  void on(const workflow::InstanceEnded& fact);
  template <typename Fact>
  void on(const Fact&) {}

  void cancel_below(workflow::FrameId frame);
  void end_task(workflow::FrameId frame);
  /// A task that waited is in progress again.
  void tell_running(Task& task);
  /// The workflow's, if it is another one than the last told.
  void tell_status(workflow::Phase phase);
  void tell_all(Lifecycle which, std::string_view status);
  void end_correlation(Task& task);
  void add_expected(Task& task, uint32_t site, const std::optional<json::Value>& value,
                    const std::vector<json::Value>& expected);
  using Fill = std::function<void(json::Builder&)>;
  void tell_workflow(Lifecycle which, const Fill& fill = nullptr);
  /// Also as a change of the task's status, where that is wanted.
  void tell_task(Lifecycle which, workflow::TaskIndex task, std::string_view status, const Fill& fill = nullptr);
  void tell_task_status(workflow::TaskIndex task, std::string_view status);
  void add_event(Lifecycle which, const Fill& fill_data);

  const workflow::Definition& definition_;
  Subject subject_;
  LifecycleSet wanted_;
  std::string qualified_;  ///< "order-07-43.shop"
  workflow::Phase told_;  ///< the workflow's last status
  std::map<workflow::FrameId, Task> tasks_;
  std::map<workflow::TimerId, workflow::FrameId> retries_;
  std::vector<json::Value> events_;
};

}  // namespace hence::engine

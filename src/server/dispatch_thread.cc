// SPDX-License-Identifier: Apache-2.0
#include "server/dispatch_thread.h"

#include <pthread.h>

#include <algorithm>

#include "base/crash_point.h"
#include "base/log_line.h"
#include "engine/query.h"

namespace hence::server {
namespace {

constexpr Duration kReportInterval = Duration::seconds(1);

/// What is full, as people know it.
std::string limit_name(const std::string& destination) {
  if (destination.empty()) return "calls at once";
  if (destination == "shell") return "limits.processes";
  constexpr std::string_view kCall = "call ";
  return destination.starts_with(kCall) ? "calls to " + destination.substr(kCall.size()) : destination;
}

api::CallState state_of(const delivery::EffectReport& report) {
  api::CallState state;
  state.under_way = report.under_way;
  state.since = report.since;
  state.limit = limit_name(report.full);
  state.limit_max = report.at_once;
  state.held_by = report.held_by;
  return state;
}

}  // namespace

const resource::SinkSpec* LiveDirectory::find_sink(std::string_view name_space, std::string_view name) {
  definitions_ = backend_.definitions();
  const engine::Stored* stored = definitions_->find(name_space, resource::Kind::sink, name);
  return stored == nullptr ? nullptr : &std::get<resource::SinkSpec>(stored->resource->spec);
}

Result<std::string> LiveDirectory::read_secret(std::string_view name_space, std::string_view name) {
  return secrets_.read(*backend_.definitions(), name_space, name);
}

Result<std::shared_ptr<const workflow::Definition>> LiveDirectory::find_workflow(const engine::Effect& effect) {
  const api::ReadView view = backend_.read_view();
  return engine::load_workflow(*view.snapshot, effect.name_space, effect.workflow, effect.revision);
}

DispatchThread::DispatchThread(delivery::DispatcherOptions options, api::Backend& backend, const SwitchableSecrets& secrets,
                               const SwitchableDocuments& documents,
                               delivery::HttpClient& http, delivery::ProcessRunner& processes,
                               const os::Clock& clock, uint16_t partitions)
    : backend_(backend), clock_(clock), partitions_(partitions), directory_(backend, secrets, documents),
      dispatcher_(options, directory_, http, processes, [this] {
        {
          const std::lock_guard lock(mutex_);
          woken_ = true;
        }
        wakes_.notify_one();
      }) {}

DispatchThread::~DispatchThread() { stop({0}); }

void DispatchThread::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "hence-dispatch");
}

void DispatchThread::stop(Duration grace) {
  {
    std::unique_lock lock(mutex_);
    if (stopping_ || !thread_.joinable()) return;
    draining_ = true;
    woken_ = true;
    wakes_.notify_all();
    wakes_.wait_for(lock, std::chrono::microseconds(grace.micros), [&] { return drained_; });
    stopping_ = true;
  }
  wakes_.notify_all();
  thread_.join();
  std::vector<Question> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(questions_);
  }
  for (const Question& question : left) question.then({});
}

void DispatchThread::take(std::vector<engine::Effect> effects, std::vector<engine::EffectId> cancelled) {
  {
    const std::lock_guard lock(mutex_);
    std::move(effects.begin(), effects.end(), std::back_inserter(offered_));
    cancelled_.insert(cancelled_.end(), cancelled.begin(), cancelled.end());
    woken_ = true;
  }
  wakes_.notify_one();
}

std::vector<delivery::DestinationReport> DispatchThread::destinations() const {
  const std::lock_guard lock(mutex_);
  return destinations_;
}

void DispatchThread::ask(std::vector<engine::EffectId> ids, std::function<void(const api::CallStates&)> then) {
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    taken = !stopping_;
    if (taken) questions_.push_back({std::move(ids), std::move(then)});
    woken_ = true;
  }
  if (!taken) return then({});
  wakes_.notify_one();
}

void DispatchThread::answer(const Question& question) const {
  api::CallStates states;
  for (const engine::EffectId& id : question.ids) {
    if (const auto report = dispatcher_.find_effect(id)) states.emplace(id, state_of(*report));
  }
  question.then(states);
}

void DispatchThread::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      Duration patience = Duration::seconds(1);
      if (const auto due = dispatcher_.next_due()) patience = std::clamp(*due - clock_.monotonic(), Duration{0}, patience);
      wakes_.wait_for(lock, std::chrono::microseconds(patience.micros), [&] { return woken_ || stopping_; });
      if (stopping_) return;
      woken_ = false;
    }
    step();
  }
}

void DispatchThread::step() {
  std::vector<engine::Effect> offered;
  std::vector<engine::EffectId> cancelled;
  std::vector<std::pair<engine::EffectId, uint32_t>> settled;
  std::vector<Question> questions;
  bool draining = false;
  {
    const std::lock_guard lock(mutex_);
    offered.swap(offered_);
    cancelled.swap(cancelled_);
    settled.swap(settled_);
    questions.swap(questions_);
    draining = draining_;
    if (draining) dispatcher_.stop();
  }
  const os::MonotonicTime now = clock_.monotonic();
  for (const auto& [id, attempt] : settled) dispatcher_.settled(id, attempt);
  if (!offered.empty()) HENCE_CRASH_POINT("dispatch-effects-taken");
  for (engine::Effect& effect : offered) dispatcher_.offer(std::move(effect), now);
  for (const engine::EffectId& id : cancelled) dispatcher_.cancel(id);
  if (dispatcher_.wants_pull()) {
    const api::ReadView view = backend_.read_view();
    const Status status = dispatcher_.pull(
        [&](std::optional<engine::EffectId> after, size_t limit, const engine::SinkWanted& wanted) {
          return engine::ready_effects(*view.snapshot, partitions_, after, limit, wanted);
        }, now);
    if (!status.ok()) log_line(LogLevel::error, "ready effects cannot be read: " + status.error().message());
    const std::lock_guard lock(mutex_);
    woken_ = woken_ || dispatcher_.wants_pull();
  }
  std::vector<engine::AttemptEnded> ended_attempts = dispatcher_.poll(now, clock_.now());
  for (const Question& question : questions) answer(question);
  if (dispatcher_.in_flight() > 0) HENCE_CRASH_POINT("dispatch-attempts-begun");
  for (engine::AttemptEnded& ended : ended_attempts) {
    HENCE_CRASH_POINT("dispatch-attempt-ended");
    const engine::EffectId id = ended.effect;
    const uint32_t attempt = ended.attempt;
    engine::Command command;
    command.body = std::move(ended);
    const Status status = backend_.submit(std::move(command), 1024, false, [this, id, attempt](const engine::Reply&) {
      const std::lock_guard lock(mutex_);
      settled_.emplace_back(id, attempt);
      woken_ = true;
      wakes_.notify_one();
    });
    // Shutting down: the attempt is made again after the restart, under the same key.
    if (!status.ok()) log_line(LogLevel::debug, "an outcome came too late: " + status.error().message());
  }
  const std::lock_guard lock(mutex_);
  if (draining && dispatcher_.in_flight() == 0) {
    drained_ = true;
    wakes_.notify_all();
  }
  if (now < next_report_) return;
  next_report_ = now + kReportInterval;
  destinations_ = dispatcher_.destinations();
}

}  // namespace hence::server

// SPDX-License-Identifier: Apache-2.0
#include "server/rule_merger.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log_line.h"

namespace hence::server {
namespace {

/// Below the threads that answer, above those that only tidy up: a merge makes every event cheaper.
constexpr int kLowPriority = 10;
/// What it may run before a thread that wakes takes its place, in ns. With the system's own slices (some
/// milliseconds; Linux 6.12 and later take this one) every change of one rule waited for the end of one.
constexpr uint64_t kShortSlice = 100'000;

/// As sched_setattr(2) takes it; not every C library declares it.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

/// For the calling thread. Best effort: without it the thread is only less polite.
void step_back() {
  SchedulingAttributes attributes;
  attributes.nice = kLowPriority;
  attributes.runtime = kShortSlice;
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) {
    log_line(LogLevel::debug, "the thread that merges rules keeps its priority");
  }
}

}  // namespace

void RuleMerger::start() {
  thread_ = std::thread([this] { run(); });
}

void RuleMerger::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RuleMerger::offer(const std::shared_ptr<const engine::Definitions>& definitions) {
  if (definitions->needs_merge().empty()) return;
  {
    const std::lock_guard lock(mutex_);
    offered_ = definitions;
  }
  wakes_.notify_one();
}

void RuleMerger::run() {
  step_back();
  while (true) {
    std::shared_ptr<const engine::Definitions> from;
    {
      std::unique_lock lock(mutex_);
      wakes_.wait(lock, [this] { return stopping_ || offered_ != nullptr; });
      if (stopping_) return;
      from = std::move(offered_);
      offered_ = nullptr;
    }
    merge(from, from->needs_merge());
  }
}

/// What came meanwhile, and other namespaces, are offered again with the snapshot that follows. A
/// refusal (a full queue, an end) is no loss: the next change offers anew.
void RuleMerger::merge(const std::shared_ptr<const engine::Definitions>& from, const std::string& name_space) {
  Result<std::shared_ptr<const engine::Definitions>> merged = from->merged(name_space);
  if (!merged.ok()) {
    log_line(LogLevel::error, "the rules of namespace " + name_space + " cannot be compiled together: " + merged.error().message());
    return;
  }
  engine::Command command;
  command.name_space = name_space;
  command.body = engine::AdoptIndex{from, std::move(*merged)};
  const Status sent = backend_.submit(std::move(command), 0, false, [](const engine::Reply&) {});
  if (!sent.ok()) log_line(LogLevel::debug, "merged rules are not taken on: " + sent.error().message());
}

}  // namespace hence::server

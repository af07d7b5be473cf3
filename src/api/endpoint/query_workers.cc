// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/query_workers.h"

namespace hence::api {

QueryWorkers::QueryWorkers(const EndpointOptions& options) : options_(options) {
  for (size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
}

QueryWorkers::~QueryWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool QueryWorkers::run(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || ready_.size() >= kReadyMax) return false;
    ready_.push_back(std::move(task));
  }
  wakes_.notify_one();
  return true;
}

bool QueryWorkers::run_after(Duration pause, Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || delayed_.size() >= kDelayedMax) return false;
    const Moment due = std::chrono::steady_clock::now() + std::chrono::microseconds(pause.micros);
    delayed_.emplace(due, std::move(task));
  }
  wakes_.notify_one();
  return true;
}

std::optional<QueryWorkers::Task> QueryWorkers::next_task() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Moment now = std::chrono::steady_clock::now();
    if (!delayed_.empty() && delayed_.begin()->first <= now) {
      auto node = delayed_.extract(delayed_.begin());
      return std::move(node.mapped());
    }
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      return task;
    }
    if (delayed_.empty()) {
      wakes_.wait(lock);
    } else {
      wakes_.wait_until(lock, Moment(delayed_.begin()->first));
    }
  }
  return std::nullopt;
}

void QueryWorkers::work() {
  std::optional<log::LogReader> reader;
  while (std::optional<Task> task = next_task()) {
    const ReadView view = options_.backend.read_view();
    if (reader) {
      reader->refresh(view.log);
    } else {
      reader.emplace(options_.log_disk, view.log);
    }
    engine::Query query(
        {*view.snapshot, *reader, view.definitions, options_.hash_key, options_.partitions});
    (*task)(query);
  }
}

}  // namespace hence::api

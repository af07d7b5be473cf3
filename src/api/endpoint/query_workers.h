// SPDX-License-Identifier: Apache-2.0
#pragma once

// A few threads for what would block an I/O thread: questions to the state and the log, compiling
// resources. Each task looks at what is durable when it begins.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "api/endpoints.h"
#include "engine/query.h"

namespace hence::api {

class QueryWorkers {
 public:
  using Task = std::function<void(engine::Query& query)>;
  static constexpr size_t kThreads = 2;
  static constexpr size_t kReadyMax = 256;
  static constexpr size_t kDelayedMax = 1'000;

  /// Borrows what the options refer to.
  explicit QueryWorkers(const EndpointOptions& options);
  /// Finishes the tasks under way; drops the others.
  ~QueryWorkers();
  QueryWorkers(const QueryWorkers&) = delete;
  QueryWorkers& operator=(const QueryWorkers&) = delete;

  /// False, and nothing is done, where too many wait already. Any thread.
  bool run(Task task);
  bool run_after(Duration pause, Task task);

 private:
  using Moment = std::chrono::steady_clock::time_point;

  void work();
  std::optional<Task> next_task();

  const EndpointOptions& options_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::deque<Task> ready_;
  std::multimap<Moment, Task> delayed_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hence::api

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keeps the rules' indexes in shape while everything runs: when many rules lie beside a namespace's
// large index, all are compiled into a new one on a thread of its own, and the engine takes it on.
//
//   new snapshot ─► offer ─► [thread] merged: 0.7 s for 100,000 rules ─► AdoptIndex ─► new snapshot

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "api/backend.h"

namespace hence::server {

class RuleMerger {
 public:
  /// Borrows the backend.
  explicit RuleMerger(api::Backend& backend) : backend_(backend) {}
  ~RuleMerger() { stop(); }
  RuleMerger(const RuleMerger&) = delete;
  RuleMerger& operator=(const RuleMerger&) = delete;

  void start();
  /// Waits for a merge under way.
  void stop();

  /// Looks at a snapshot; the newest wins. Any thread; does not block.
  void offer(const std::shared_ptr<const engine::Definitions>& definitions);

 private:
  void run();
  void merge(const std::shared_ptr<const engine::Definitions>& from, const std::string& name_space);

  api::Backend& backend_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::shared_ptr<const engine::Definitions> offered_;  ///< nothing: there is no work
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hence::server

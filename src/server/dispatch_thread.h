// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gives the dispatcher a thread: effects come from the engine's thread, outcomes go back to it as
// commands. What does not fit its window stays in the store and is pulled when there is room.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api/backend.h"
#include "api/endpoints.h"
#include "delivery/dispatcher.h"
#include "os/clock.h"
#include "server/switchable.h"

namespace hence::server {

/// Sinks, secrets and definitions as they are when an attempt leaves. For the dispatcher's thread.
class LiveDirectory : public delivery::Directory {
 public:
  LiveDirectory(const api::Backend& backend, const SwitchableSecrets& secrets, const SwitchableDocuments& documents)
      : backend_(backend), secrets_(secrets), documents_(documents) {}
  const resource::SinkSpec* find_sink(std::string_view name_space, std::string_view name) override;
  Result<std::string> read_secret(std::string_view name_space, std::string_view name) override;
  Result<std::shared_ptr<const workflow::Definition>> find_workflow(const engine::Effect& effect) override;
  Result<std::string> read_file(const std::string& uri) override { return documents_.read_file(uri); }

 private:
  const api::Backend& backend_;
  const SwitchableSecrets& secrets_;
  const SwitchableDocuments& documents_;
  std::shared_ptr<const engine::Definitions> definitions_;  ///< keeps what find_sink gave
};

class DispatchThread {
 public:
  DispatchThread(delivery::DispatcherOptions options, api::Backend& backend, const SwitchableSecrets& secrets,
                 const SwitchableDocuments& documents,
                 delivery::HttpClient& http, delivery::ProcessRunner& processes, const os::Clock& clock,
                 uint16_t partitions);
  ~DispatchThread();
  void start();
  /// Nothing more leaves; waits for what runs, at most for the grace.
  void stop(Duration grace);

  /// From the engine's thread, for a batch that is durable.
  void take(std::vector<engine::Effect> effects, std::vector<engine::EffectId> cancelled);

  std::vector<delivery::DestinationReport> destinations() const;
  /// As api::AskCallStates; then runs on the dispatcher's thread.
  void ask(std::vector<engine::EffectId> ids, std::function<void(const api::CallStates&)> then);

 private:
  struct Question {
    std::vector<engine::EffectId> ids;
    std::function<void(const api::CallStates&)> then;
  };
  void run();
  void step();
  void answer(const Question& question) const;

  api::Backend& backend_;
  const os::Clock& clock_;
  const uint16_t partitions_;
  LiveDirectory directory_;
  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  // under mutex_
  std::vector<engine::Effect> offered_;
  std::vector<engine::EffectId> cancelled_;
  std::vector<std::pair<engine::EffectId, uint32_t>> settled_;
  std::vector<Question> questions_;
  std::vector<delivery::DestinationReport> destinations_;
  bool woken_ = true;
  bool draining_ = false;
  bool drained_ = false;  ///< nothing runs, seen after draining began
  bool stopping_ = false;
  // the thread's own
  delivery::Dispatcher dispatcher_;
  os::MonotonicTime next_report_;
  std::thread thread_;
};

}  // namespace hence::server

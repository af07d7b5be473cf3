// SPDX-License-Identifier: Apache-2.0
#pragma once

// Parts that a reload replaces while others hold on to them: the new one takes what comes, the old
// one finishes what it has.

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "delivery/http_client.h"
#include "delivery/process_runner.h"
#include "server/documents.h"
#include "server/secrets.h"

namespace hence::server {

template <typename T>
class Switch {
 public:
  void set(std::shared_ptr<T> next) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
  }
  std::shared_ptr<T> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<T> current_;
};

class SwitchableSecrets {
 public:
  void set(SecretReader reader) { current_.set(std::make_shared<SecretReader>(std::move(reader))); }
  Result<std::string> read(const engine::Definitions& definitions, std::string_view name_space,
                           std::string_view name) const {
    return current_.get()->read(definitions, name_space, name);
  }

 private:
  Switch<SecretReader> current_;
};

class SwitchableDocuments {
 public:
  void set(DocumentReader reader) { current_.set(std::make_shared<DocumentReader>(std::move(reader))); }
  Result<std::string> read(const workflow::Import& import, const api::SecretOf& secret, delivery::Tokens& tokens,
                           UtcTime now) const {
    return current_.get()->read(import, secret, tokens, now);
  }
  Result<std::string> read_file(const std::string& uri) const { return current_.get()->read_file(uri); }

 private:
  Switch<DocumentReader> current_;
};

/// Old clients are kept until close, so that calls under way get their answers; an idle one costs a
/// sleeping thread.
class SwitchableHttpClient : public delivery::HttpClient {
 public:
  void set(std::shared_ptr<delivery::HttpClient> next) {
    const std::lock_guard lock(mutex_);
    clients_.push_back(std::move(next));
  }
  void start(uint64_t call_id, delivery::HttpCall call,
             std::function<void(Result<delivery::HttpAnswer>)> done) override {
    const auto clients = all();
    if (clients.empty()) return done(Error(ErrorCode::ShuttingDown, "the server is shutting down"));
    clients.back()->start(call_id, std::move(call), std::move(done));
  }
  void cancel(uint64_t call_id) override {
    for (const auto& client : all()) client->cancel(call_id);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    clients_.clear();
  }

 private:
  std::vector<std::shared_ptr<delivery::HttpClient>> all() const {
    const std::lock_guard lock(mutex_);
    return clients_;
  }
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<delivery::HttpClient>> clients_;
};

/// Whether commands and scripts are allowed at all may change; the supervisor stays.
class GatedProcessRunner : public delivery::ProcessRunner {
 public:
  void set(std::unique_ptr<delivery::ProcessRunner> runner) { runner_ = std::move(runner); }
  void allow(bool commands, bool scripts) {
    commands_ = commands;
    scripts_ = scripts;
  }
  void start(uint64_t call_id, delivery::ProcessCall call,
             std::function<void(Result<delivery::ProcessAnswer>)> done) override {
    if (call.script ? scripts_ : commands_) return runner_->start(call_id, std::move(call), std::move(done));
    done(Error(ErrorCode::RunRefused,
               call.script ? "running scripts is not allowed here; set run.script to allow in hence.yaml"
                           : "running shell commands is not allowed here; set run.shell to allow in hence.yaml"));
  }
  void cancel(uint64_t call_id) override { runner_->cancel(call_id); }
  void close() { runner_.reset(); }

 private:
  std::unique_ptr<delivery::ProcessRunner> runner_;
  std::atomic<bool> commands_{false};
  std::atomic<bool> scripts_{false};
};

}  // namespace hence::server

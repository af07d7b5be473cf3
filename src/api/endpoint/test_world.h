// SPDX-License-Identifier: Apache-2.0
#pragma once

// The endpoints over a real engine that decides and commits while a request is handed over: the
// fixture of their tests. Requests go to handle() as a client's would after framing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>

#include "api/endpoints.h"
#include "api/zones.h"
#include "engine/engine.h"
#include "json/parse.h"
#include "os/simulated_disk.h"
#include "store/memory_store.h"

namespace hence::api {

/// A simulated disk for several threads.
class SharedDisk final : public os::Disk {
  class SharedFile final : public os::File {
   public:
    SharedFile(std::mutex& mutex, std::unique_ptr<os::File> file) : mutex_(mutex), file_(std::move(file)) {}
    ~SharedFile() override {
      const std::lock_guard lock(mutex_);
      file_.reset();
    }
    Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
      const std::lock_guard lock(mutex_);
      return file_->read_at(offset, out);
    }
    Status write_at(uint64_t offset, std::string_view bytes) override {
      const std::lock_guard lock(mutex_);
      return file_->write_at(offset, bytes);
    }
    Result<uint64_t> size() override {
      const std::lock_guard lock(mutex_);
      return file_->size();
    }
    Status preallocate_written(uint64_t size) override {
      const std::lock_guard lock(mutex_);
      return file_->preallocate_written(size);
    }
    Status sync_data() override {
      const std::lock_guard lock(mutex_);
      return file_->sync_data();
    }
    Status truncate(uint64_t size) override {
      const std::lock_guard lock(mutex_);
      return file_->truncate(size);
    }

   private:
    std::mutex& mutex_;
    std::unique_ptr<os::File> file_;
  };

  template <typename Act>
  auto locked(Act act) {
    const std::lock_guard lock(mutex_);
    return act();
  }

 public:
  Result<std::unique_ptr<os::File>> open(std::string_view name, os::OpenMode mode) override {
    const std::lock_guard lock(mutex_);
    HENCE_TRY(auto file, disk_.open(name, mode));
    return std::unique_ptr<os::File>(std::make_unique<SharedFile>(mutex_, std::move(file)));
  }
  Result<std::vector<std::string>> list() override { return locked([&] { return disk_.list(); }); }
  Status rename(std::string_view from, std::string_view to) override {
    return locked([&] { return disk_.rename(from, to); });
  }
  Status remove(std::string_view name) override { return locked([&] { return disk_.remove(name); }); }
  Status sync_folder() override { return locked([&] { return disk_.sync_folder(); }); }
  Result<uint64_t> free_bytes() override { return locked([&] { return disk_.free_bytes(); }); }

 private:
  std::mutex mutex_;
  os::SimulatedDisk disk_;
};

/// Decides, commits and answers inside submit().
class TestBackend final : public Backend {
 public:
  explicit TestBackend(UtcTime the_now) : now(the_now) {
    log::LogOptions log_options;
    log_options.segment_bytes = 1 << 20;
    log_options.zero_ahead_bytes = 1 << 16;
    log::OpenReport report;
    log_ = std::move(log::Log::open(disk, log_options, report).value());
    engine::EngineOptions options;
    options.hash_key = {1, 2};
    options.zones = system_zones();
    engine_ = std::move(engine::Engine::open(store_, *log_, options).value());
  }

  Status submit(engine::Command command, size_t, bool, Done done) override {
    engine::Reply reply;
    {
      const std::lock_guard lock(mutex_);
      if (refuse_with) return Error(*refuse_with, "the test says no");
      if (stale_replies > 0 && std::holds_alternative<engine::ApplyResources>(command.body)) {
        --stale_replies;
        std::get<engine::ApplyResources>(command.body).base += 1'000;
      }
      command.ticket = 1;
      command.now = now;
      command.random = ++random_;
      principals.push_back(command.actor.principal);
      traceparents.push_back(command.actor.traceparent);
      reply = run(std::move(command));
      if (holding) {
        held_.push_back([done = std::move(done), reply] { done(reply); });
        held_changed_.notify_all();
        return {};
      }
    }
    done(reply);
    return {};
  }
  /// Whether so many replies come to be held, soon.
  bool wait_for_held(size_t count) {
    std::unique_lock lock(mutex_);
    return held_changed_.wait_for(lock, std::chrono::seconds(20), [&] { return held_.size() >= count; });
  }
  void release_held() {
    std::vector<std::function<void()>> released;
    {
      const std::lock_guard lock(mutex_);
      holding = false;
      released.swap(held_);
    }
    for (const std::function<void()>& answer : released) answer();
  }
  ReadView read_view() const override {
    const std::lock_guard lock(mutex_);
    return {store_.snapshot(), log_->view(), engine_->definitions()};
  }
  std::shared_ptr<const engine::Definitions> definitions() const override {
    const std::lock_guard lock(mutex_);
    return engine_->definitions();
  }
  EngineCounters counters() const override {
    const std::lock_guard lock(mutex_);
    EngineCounters counters = counters_;
    counters.commands = random_;
    counters.disk_low = disk_low;
    return counters;
  }
  void when_applied(Address address, Duration, std::function<void(bool)> then) override {
    bool applied = false;
    {
      const std::lock_guard lock(mutex_);
      applied = log_->last_sequence(address.partition) >= address.sequence;
    }
    then(applied);  // the test's patience is short
  }

  SharedDisk disk;
  UtcTime now;
  std::vector<engine::Effect> effects;
  std::vector<std::string> principals, traceparents;
  std::optional<ErrorCode> refuse_with;
  int stale_replies = 0;
  bool holding = false;  ///< replies wait for release_held(), as if the disk took its time
  bool disk_low = false;

  /// An attempt of an effect ends so that it is parked.
  void park(const engine::Effect& effect) {
    engine::Outcome outcome;
    outcome.kind = engine::Outcome::Kind::permanent;
    outcome.status = 400;
    outcome.error = "answered 400";
    engine::Command command;
    command.now = now;
    command.body = engine::AttemptEnded{effect.id, effect.attempt,
                                        std::move(outcome)};
    const std::lock_guard lock(mutex_);
    run(std::move(command));
  }

 private:
  engine::Reply run(engine::Command command) {
    std::vector<engine::Command> commands;
    commands.push_back(std::move(command));
    engine::Batch batch = std::move(engine_->decide(std::move(commands)).value());
    if (!batch.records.empty()) {
      const log::CommitResult result = log_->append_commit(batch.views()).value();
      HENCE_CHECK(engine_->durable(result.end).ok());
    }
    count_batch(batch, counters_);
    for (const engine::Effect& effect : batch.effects) effects.push_back(effect);
    return batch.replies.empty() ? engine::Reply() : batch.replies.front();
  }

  mutable std::mutex mutex_;
  std::condition_variable held_changed_;
  std::vector<std::function<void()>> held_;
  EngineCounters counters_;
  store::MemoryStore store_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<engine::Engine> engine_;
  uint64_t random_ = 0;
};

/// What a client got.
struct Answer {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
  json::Value json() const {
    const Result<json::Value> value = json::parse(body);
    EXPECT_TRUE(value.ok()) << body;
    return value.ok() ? *value : json::Value();
  }
  std::string text(std::string_view member) const { return std::string(json()->string_or(member, "")); }
  std::string code() const { return text("code"); }
};

class EndpointsTest : public testing::Test {
 protected:
  EndpointsTest() { open(); }

  void open(std::string token = {}) {
    endpoints.reset();
    EndpointOptions options{backend, backend.disk};
    options.hash_key = {1, 2};
    options.token = std::move(token);
    options.version = "1.2.3";
    options.clock = &clock;
    options.secrets = [this](const engine::Definitions& definitions, std::string_view name_space,
                             std::string_view name) -> Result<std::string> {
      if (definitions.find(name_space, resource::Kind::secret, name) == nullptr) {
        return Error(ErrorCode::SecretUnavailable, "secret " + std::string(name) + " does not exist");
      }
      const auto found = secrets.find(name);
      if (found != secrets.end()) return found->second;
      return Error(ErrorCode::SecretUnavailable, "secret " + std::string(name) + " is not in the environment");
    };
    options.imports = [this] { return imports; };
    options.call_states = [this](const std::vector<engine::EffectId>&, const std::function<void(const CallStates&)>& then) {
      then(call_states);
    };
    options.extra_metrics = [] { return std::string("# TYPE extra gauge\nextra 1\n"); };
    endpoints = std::make_unique<Endpoints>(std::move(options));
  }

  /// Headers: lines of "name: value", each ended by \n.
  static HttpRequest make(const std::string& line, const std::string& headers, std::string body) {
    std::string text = line + " HTTP/1.1\r\n";
    if (headers.find("host:") == std::string::npos) text += "host: localhost:4362\r\n";
    for (size_t at = 0; at < headers.size();) {
      const size_t end = headers.find('\n', at);
      text += headers.substr(at, end - at) + "\r\n";
      at = end + 1;
    }
    Result<HttpRequest> request = request_from_text(text + "\r\n", std::move(body));
    EXPECT_TRUE(request.ok()) << request.error().message();
    return std::move(*request);
  }

  /// As the server does: the head is judged, the body measured, the request handled.
  Answer send(const std::string& line, std::string body = {}, const std::string& headers = {}) {
    HttpRequest request = make(line, headers, std::move(body));
    BodyLimit limit = endpoints->body_limit(request);
    if (limit.refusal) return {limit.refusal->status, limit.refusal->body, limit.refusal->headers};
    if (request.body.size() > limit.bytes) return {413, "", {}};
    struct Shared {
      std::mutex mutex;
      std::condition_variable changed;
      std::optional<Answer> answer;
    };
    const auto shared = std::make_shared<Shared>();
    endpoints->handle(std::move(request), capture_answer([shared](HttpResponse response) {
      const std::lock_guard lock(shared->mutex);
      shared->answer = Answer{response.status, std::move(response.body), std::move(response.headers)};
      shared->changed.notify_all();
    }));
    std::unique_lock lock(shared->mutex);
    const bool answered = shared->changed.wait_for(lock, std::chrono::seconds(20), [&] { return shared->answer.has_value(); });
    EXPECT_TRUE(answered) << line << " was not answered";
    return answered ? *shared->answer : Answer();
  }

  Answer apply(std::string documents, const std::string& query = {}) {
    return send("POST /api/v1/apply" + query, std::move(documents), "content-type: application/yaml\n");
  }
  /// Sends a structured event of a type.
  Answer send_event(const std::string& id, const std::string& type = "a.b", const std::string& data = "{}") {
    return send("POST /events",
                R"({"specversion":"1.0","id":")" + id + R"(","source":"/s","type":")" + type +
                    R"(","data":)" + data + "}",
                "content-type: application/cloudevents+json\n");
  }

  os::SimulatedClock clock{UtcTime{1'800'000'000'000'000}};
  TestBackend backend{UtcTime{1'800'000'000'000'000}};
  std::map<std::string, std::string, std::less<>> secrets;
  ImportReader imports;
  CallStates call_states;  ///< what a dispatcher would say
  std::unique_ptr<Endpoints> endpoints;
};

inline constexpr const char* kTestResources = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: chat}
spec: {http: {url: "https://example.com/hook"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell}
spec:
  on: {type: a.b}
  do: [{deliver: {sink: chat}}]
---
apiVersion: hence/v1
kind: Rule
metadata: {name: begin}
spec:
  on: {type: start.me}
  do: [{start: {workflow: t/greet}}]
---
document: {dsl: '1.0.0', namespace: t, name: greet, version: '0.1.0'}
do: [{hello: {set: {hi: '${ .name }'}}}]
---
document: {dsl: '1.0.0', namespace: t, name: sleep, version: '0.1.0'}
do: [{nap: {wait: PT1H}}]
)";

}  // namespace hence::api

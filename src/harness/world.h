// SPDX-License-Identifier: Apache-2.0
#pragma once

// A whole Hence in one thread and virtual time: the production engine, log and deliveries (node.h)
// on a simulated disk, clock and outside. Each verb runs until nothing more is due at its moment.
//
//   World world({});
//   world.apply(yaml);  world.send(event);  world.advance(Duration::days(30));
//   world.query([](engine::Query& q) { return q.instances("default", {}); });

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/apply.h"
#include "delivery/simulated_http_client.h"
#include "delivery/simulated_process_runner.h"
#include "engine/query.h"
#include "harness/node.h"
#include "harness/script.h"
#include "os/simulated_disk.h"
#include "store/memory_store.h"

namespace hence::harness {

/// 2026-01-01T00:00:00Z.
inline constexpr UtcTime kWorldStart{1'767'225'600'000'000};

struct WorldOptions {
  UtcTime start = kWorldStart;
  uint64_t seed = 1;
  /// Commands decided within one verb before it is said not to come to rest.
  uint64_t commands_max = 1'000'000;
  bool secrets_anywhere = false;  ///< as the setting secrets.anywhere
};

/// One call that left.
struct SentCall {
  std::string name;  ///< of a sink: its name; of others: the URL or the command
  std::string task;  ///< of a workflow's call: the task that makes it
  UtcTime time;
  delivery::HttpCall http;            ///< of sinks and calls
  delivery::ProcessCall process;      ///< of commands
  std::optional<Result<delivery::HttpAnswer>> answer;  ///< once there is one
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Errors of all: what the engine says of the request, or, where the world does not come to rest
  /// or a part of it fails, BudgetExceeded and the part's own.

  /// Documents, all or none. Errors: each fault with its place.
  Status apply(const std::string& text);
  Result<engine::Reply> send(json::Value event);
  Result<engine::Reply> start(engine::StartInstance body);
  Status cancel(Address instance, std::string reason = {}, workflow::Undo undo = workflow::Undo::no);
  Status decide_approval(const engine::EffectId& approval, bool grant, std::string by, std::string reason);
  Status decide_parked(Address instance, workflow::Parked decision);
  /// In the name of "test".
  Status act(engine::ActOnInstance body, std::string reason = {});
  Status redrive(const engine::EffectId& delivery);
  /// Time passes; all that becomes due happens at its moment, in order.
  Status advance(Duration duration);
  /// Runs what is due now.
  Status settle();
  /// The process ends without warning and is started again: what was not durable is lost.
  Status restart(Duration down = {});

  /// What lies at a URI, for functions, schemas, scripts and API descriptions.
  void set_document(const std::string& uri, const std::string& text) { documents_[uri] = text; }
  void set_secret(const std::string& name, const std::string& value) { secrets_[name] = value; }

  template <typename Ask>
  auto query(Ask ask) const { return node_->query(ask); }
  /// The task of a workflow's call or command: "build", or nothing if it is not one of a workflow's.
  std::string task_of(const std::string& effect_id) const;
  /// Timers of instances and deliveries that are set.
  Result<size_t> count_timers() const;

  UtcTime now() const { return clock_.now(); }
  Node& node() { return *node_; }

  Script<delivery::HttpAnswer> sinks;        ///< by the sink's name; unnamed ones answer 200
  Script<delivery::HttpAnswer> http;         ///< by the task, or the URL's beginning ("GET URL" first)
  Script<delivery::ProcessAnswer> commands;  ///< by the task's name, or the command's beginning
  std::vector<SentCall> sink_calls;
  std::vector<SentCall> http_calls;
  std::vector<SentCall> shell_calls;

 private:
  class ImmediateBackend;
  struct LateAnswer {
    UtcTime due;
    uint64_t order = 0;
    std::function<void()> give;
  };

  Status open();
  void connect();
  Result<std::string> read_secret(std::string_view name) const;
  Result<std::string> read_document(const std::string& uri) const;
  Result<std::string> read_import(const workflow::Import& import, const api::SecretOf& secret) const;
  std::optional<Result<delivery::HttpAnswer>> answer_http(const delivery::HttpCall& call);
  std::optional<Result<delivery::ProcessAnswer>> answer_process(const delivery::ProcessCall& call);
  bool give_late_answers();
  std::optional<UtcTime> next_due() const;
  Result<engine::Reply> run(engine::Command command);

  WorldOptions options_;
  os::SimulatedClock clock_;
  os::SimulatedRandom random_;
  os::SimulatedDisk disk_;
  store::MemoryStore store_;
  std::map<std::string, std::string> secrets_;
  std::map<std::string, std::string> documents_;
  std::unique_ptr<delivery::SimulatedHttpClient> http_client_;
  std::unique_ptr<delivery::SimulatedProcessRunner> processes_;
  std::vector<LateAnswer> late_;
  uint64_t late_count_ = 0;
  std::unique_ptr<Node> node_;
  std::optional<Error> broken_;
};

}  // namespace hence::harness

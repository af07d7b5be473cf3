// SPDX-License-Identifier: Apache-2.0
#pragma once

// The production engine, log and dispatcher on simulated ports, taken apart into the steps that a
// server's threads make, so that a driver can take them in any order a server could and stop between
// any two of them:
//
//   submit ─► queue ─decide()─► staged ─write()─► on the disk ─sync()─► durable ─release()─► replies,
//                ▲                └── at most kBatchesInFlightMax ──────────┘                effects
//                └──────────────── outcomes ◄── dispatch() ◄──────────────────────────────────┘
//
// A step with nothing to do does nothing. One thread.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/backend.h"
#include "delivery/dispatcher.h"
#include "engine/engine.h"
#include "engine/query.h"
#include "log/log.h"
#include "log/log_writer.h"
#include "os/clock.h"
#include "os/random.h"

namespace hence::harness {

/// What outlives a node and all of what it needs of the outside.
struct NodePorts {
  os::SimulatedClock& clock;
  os::Random& random;  ///< for what commands decide
  os::Disk& disk;      ///< the log's
  store::Store& store;
  delivery::HttpClient& http;
  delivery::ProcessRunner& processes;
  /// The value of a secret. Errors: SecretUnavailable.
  std::function<Result<std::string>(std::string_view name)> read_secret;
  /// The text of a file: document; may be none.
  std::function<Result<std::string>(const std::string& uri)> read_document = {};
};

struct NodeOptions {
  engine::EngineOptions engine;
  log::LogOptions log;
  delivery::DispatcherOptions dispatcher;
  /// Mistakes to make on purpose, so that a simulation that misses them is known to be blind.
  bool plant_reply_before_sync = false;
  bool plant_effect_before_record = false;
  bool plant_failed_batch_kept = false;
};

/// What passes the gate, for those who watch.
struct NodeWatcher {
  virtual ~NodeWatcher() = default;
  virtual void on_decided(const engine::Batch&) {}   ///< not durable yet
  virtual void on_durable(const engine::Batch&) {}   ///< and applied to the store
  virtual void on_outcome(const engine::AttemptEnded&) {}  ///< of an attempt, before it is queued
};

class Node final : public api::Backend {
 public:
  static constexpr size_t kBatchesInFlightMax = 2;

  /// Recovers from disk and store. Errors: as of Log::open and Engine::open.
  static Result<std::unique_ptr<Node>> open(const NodePorts& ports, const NodeOptions& options,
                                            NodeWatcher* watcher = nullptr);
  ~Node() override;

  /// Only queued; the steps below do the rest. Never refused.
  Status submit(engine::Command command, size_t bytes, bool external, Done done) override;
  api::ReadView read_view() const override;
  std::shared_ptr<const engine::Definitions> definitions() const override { return definitions_; }
  api::EngineCounters counters() const override { return counters_; }
  void when_applied(Address address, Duration patience, std::function<void(bool)> then) override;

  /// Whether there is something to decide now and room for it.
  bool can_decide() const;
  /// Decides at most that many queued commands, all timers that are due and some work left over.
  Status decide(size_t commands_max = 1024);
  bool can_write() const;
  /// The oldest batch not yet written.
  Status write();
  bool can_sync() const { return unsynced_ > 0; }
  /// All that is written.
  Status sync();
  bool can_release() const;
  /// State, then effects and replies, of the oldest batch, which is durable.
  Status release();
  /// One turn of the dispatcher; its outcomes are queued. True: it did something.
  Result<bool> dispatch();
  /// decide, write, sync and release until nothing is left to decide at this moment. Errors: Internal if that is not
  /// so after batches_max of them.
  Status commit_all(uint32_t batches_max = UINT32_MAX);

  /// The server's housekeeping, a step at a time. Drops what is beyond the limits, whose keep_from it
  /// sets, after saving the state. Returns how many segments went.
  Result<uint64_t> retain(log::RetentionLimits limits);
  /// Writes the oldest sealed segment that is not, compressed; it counts once take_compressed is called.
  Status compress();
  Status take_compressed();

  /// The next moment at which a step has something to do although nothing comes from outside.
  std::optional<UtcTime> next_due() const;
  size_t queued() const { return queue_.size(); }
  size_t in_flight() const { return in_flight_.size(); }

  engine::Engine& engine() { return *engine_; }
  log::Log& log() { return *log_; }
  delivery::Dispatcher& dispatcher() { return *dispatcher_; }
  const log::OpenReport& open_report() const { return report_; }

  /// ask on what is durable now.
  template <typename Ask>
  auto query(Ask ask) const {
    const api::ReadView view = read_view();
    log::LogReader reader(ports_.disk, view.log);
    engine::Query query({*view.snapshot, reader, view.definitions, options_.engine.hash_key,
                         options_.engine.partitions});
    return ask(query);
  }

 private:
  class LiveDirectory;
  struct Submission {
    engine::Command command;
    Done done;
  };
  struct InFlight {
    engine::Batch batch;
    std::optional<log::Commit> commit;
    std::vector<std::pair<uint64_t, Done>> waiting;
    size_t queued = 0;  ///< how many of its commands came from the queue
    bool written = false;
    bool synced = false;
  };

  Node(const NodePorts& ports, const NodeOptions& options, NodeWatcher* watcher);
  std::vector<engine::Command> take_commands(size_t commands_max, InFlight& next);
  /// The batch had no room for the command, the last of those in flight that came from the queue.
  void put_back(engine::Command command, InFlight& flight);
  void reply(InFlight& batch);
  void hand_out(engine::Batch& batch);
  void keep_failed();

  NodePorts ports_;
  NodeOptions options_;
  NodeWatcher* watcher_;
  log::OpenReport report_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<LiveDirectory> directory_;
  std::unique_ptr<delivery::Dispatcher> dispatcher_;
  std::shared_ptr<const engine::Definitions> definitions_;
  std::deque<Submission> queue_;
  std::deque<InFlight> in_flight_;
  size_t unsynced_ = 0;
  uint64_t last_ticket_ = 0;
  bool dispatcher_woken_ = true;
  api::EngineCounters counters_;
  std::shared_ptr<const log::SealedSegment> compressed_;  ///< made, and not taken yet
};

}  // namespace hence::harness

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the endpoints need of the rest of the server: a place to hand commands to, and what is
// durable to look at. The server's engine thread is the real one; tests bring their own.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/command.h"
#include "engine/definitions.h"
#include "engine/engine.h"
#include "log/log_reader.h"
#include "os/disk.h"
#include "store/store.h"

namespace hence::api {

/// What is durable at one moment, for queries on any thread.
struct ReadView {
  std::unique_ptr<const store::Snapshot> snapshot;
  log::LogView log;
  std::shared_ptr<const engine::Definitions> definitions;
};

/// Numbers for /metrics; all since start.
struct EngineCounters {
  uint64_t commands = 0, commits = 0, records = 0, events = 0, duplicates = 0, overloaded = 0;
  uint64_t refused = 0, faulty = 0;  ///< events that did not fit their type: refused, accepted
  uint64_t commit_bytes = 0, sync_micros = 0;
  uint64_t limits_near = 0;  ///< instances that came to use half of a bound, once each and limit
  size_t queued = 0;
  bool disk_low = false;
};

/// Adds what a batch came to.
void count_batch(const engine::Batch& batch, EngineCounters& counters);

/// All functions from any thread.
class Backend {
 public:
  using Done = std::function<void(const engine::Reply&)>;
  using DoneAll = std::function<void(std::span<const engine::Reply>)>;
  virtual ~Backend() = default;

  /// Hands a command over; time and randomness are stamped there. bytes: its size, for the queue's
  /// bound. external: refused while queue or disk are full. done runs once, when the command's
  /// records are durable; it must not block.
  /// Errors: Overloaded, DiskFull, ShuttingDown (done is then not called).
  virtual Status submit(engine::Command command, size_t bytes, bool external, Done done) = 0;
  /// Hands several over, in order, as submit does each. bytes: of all together. done runs once,
  /// when the last of them is durable, with a reply for each; one that was refused has the error
  /// in its reply. Where all were refused done may run before this returns.
  virtual void submit_all(std::vector<engine::Command> commands, size_t bytes, bool external,
                          DoneAll done);
  virtual ReadView read_view() const = 0;
  virtual std::shared_ptr<const engine::Definitions> definitions() const = 0;
  virtual EngineCounters counters() const = 0;
  /// Runs then once the record at the address is durable and applied, at the latest after patience.
  virtual void when_applied(Address address, Duration patience,
                            std::function<void(bool applied)> then) = 0;
};

}  // namespace hence::api

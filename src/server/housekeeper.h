// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a data folder needs now and then, off the path of commits: what retention does not keep is
// dropped; checkpoints are written; on a second thread, of the lowest priority, sealed segments are compressed. What changes the log's state
// is done by the engine's thread (EngineThread::aside).

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "log/retention.h"
#include "os/clock.h"
#include "server/checkpoint.h"
#include "server/engine_thread.h"

namespace hence::server {

struct HousekeeperOptions {
  bool compress = true;
  log::RetentionPolicy retention;
  Duration interval = Duration::seconds(1);
  std::string checkpoint_folder;
  std::string version;  ///< of the program, for checkpoints
};

class Housekeeper {
 public:
  /// All are borrowed and outlive the thread. store: flush and checkpoint are called on this thread.
  /// folder: what checkpoints are of; none are made without.
  Housekeeper(EngineThread& engine, log::Log& log, store::Store& store, os::Disk& disk,
              const os::Clock& clock, HousekeeperOptions options, const DataFolder* folder = nullptr);
  ~Housekeeper() { stop(); }

  void start();
  /// Before the engine thread stops.
  void stop();
  /// New settings, and the word that the clock is right. Any thread.
  void set_retention(const log::RetentionPolicy& policy);

  /// Writes a checkpoint, on this object's thread; waits for it. Any other thread but the engine's.
  /// name: empty for the time. Errors: as create_checkpoint; ShuttingDown; Conflict at once if one is being made:
  /// of those who wait for checkpoints one thread is taken, never all.
  Result<CheckpointInfo> checkpoint(const std::string& name);

  struct Report {
    uint64_t segments_compressed = 0, segments_dropped = 0;
    uint64_t log_bytes = 0;
    bool retention_held = false;
    std::optional<UtcTime> log_begin;
    UtcTime dedup_horizon;
  };
  /// Any thread.
  Report report() const;

 private:
  void run();
  void run_compressor();
  /// True: there is more to do at once.
  bool compress_one();
  void retain();
  void forget(UtcTime before);
  void tell_held(const std::string& held);
  void look();
  void remove_unfinished_checkpoints();
  void write_checkpoint();

  struct CheckpointRequest {
    std::string name;
    std::promise<Result<CheckpointInfo>> done;
  };

  EngineThread& engine_;
  log::Log& log_;
  store::Store& store_;
  os::Disk& disk_;
  const os::Clock& clock_;
  HousekeeperOptions options_;
  const DataFolder* folder_;

  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  // under mutex_
  Report report_;
  std::unique_ptr<CheckpointRequest> request_;  ///< not begun
  bool making_checkpoint_ = false;              ///< or asked to
  bool stopping_ = false;
  // set by the thread itself, and by set_retention under mutex_
  log::RetentionJudge judge_;
  std::string told_;
  bool compress_failed_ = false;  ///< the compressor's own
  /// Partitions asked that have not answered; shared with their answers, which may come late.
  std::shared_ptr<std::atomic<int>> forgetting_ = std::make_shared<std::atomic<int>>(0);
  std::thread thread_;
  std::thread compressor_;
};

}  // namespace hence::server

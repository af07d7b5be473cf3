// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns the engine's crank on two threads: one decides, one writes the log. While a commit is on its
// way to the disk the next batch is decided on top of it; what gathers meanwhile becomes one commit.
//
//   submit ─► queue ─► engine thread: decide, stage ─► writer thread: write, sync ─┐
//                        ▲   replies, effects, snapshot  ◄── (durable) ────────────┘
//
// A failed write or sync ends the process with 74: what the disk holds is then unknown, and only a
// restart can tell (F2).

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "api/backend.h"
#include "engine/engine.h"
#include "os/clock.h"
#include "os/disk.h"
#include "os/random.h"

namespace hence::server {

inline constexpr int kExitDiskFailed = 74;

struct EngineThreadOptions {
  size_t queue_commands_max = 100'000;      ///< beyond it: Overloaded
  size_t queue_bytes_max = 256 << 20;
  size_t batch_commands_max = 4'096;
  size_t batch_bytes_max = 8 << 20;
  uint64_t segment_bytes = 64 << 20;        ///< as the log's
  uint64_t disk_reserve_bytes = 1 << 30;    ///< below it new events are refused, running work goes on
  Duration disk_check_interval = Duration::seconds(1);
};

class EngineThread : public api::Backend {
 public:
  using EffectSink = std::function<void(std::vector<engine::Effect> effects, std::vector<engine::EffectId> cancelled)>;
  using DurableHook = std::function<void(const log::LogView&)>;
  using DefinitionsHook = std::function<void(const std::shared_ptr<const engine::Definitions>&)>;

  /// All are borrowed and outlive the thread.
  EngineThread(engine::Engine& engine, log::Log& log, store::Store& store, os::Disk& disk,
               const os::Clock& clock, EngineThreadOptions options);
  ~EngineThread() override;
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  /// Before start(): who takes effects, who is told of each durable batch, of each new snapshot.
  void set_effect_sink(EffectSink sink) { effect_sink_ = std::move(sink); }
  void set_durable_hook(DurableHook hook) { durable_hook_ = std::move(hook); }
  void set_definitions_hook(DefinitionsHook hook) { definitions_hook_ = std::move(hook); }
  uint16_t partitions() const { return engine_.options().partitions; }
  void start();
  /// Decides what is queued, makes it durable, closes the log, ends both threads.
  void stop();

  /// Runs it on the engine's thread between two batches, where log, store and engine are at rest, and
  /// returns when it has run; false if the thread has ended and it was not. Not from that thread.
  bool aside(const std::function<void()>& work);
  /// What is durable is not known any more: says so and ends the process.
  [[noreturn]] static void fail(const Error& error);

  /// Takes effect with the next look at the disk. Any thread.
  void set_disk_reserve(uint64_t bytes) { disk_reserve_bytes_ = bytes; }

  /// api::Backend; done and then run on the engine thread.
  Status submit(engine::Command command, size_t bytes, bool external, Done done) override;
  void submit_all(std::vector<engine::Command> commands, size_t bytes, bool external, DoneAll done) override;
  api::ReadView read_view() const override;
  std::shared_ptr<const engine::Definitions> definitions() const override;
  api::EngineCounters counters() const override;
  void when_applied(Address address, Duration patience, std::function<void(bool applied)> then) override;

 private:
  /// Commands that came together and are answered together.
  struct Submission {
    std::vector<engine::Command> commands;
    size_t bytes = 0;
    DoneAll done;
    uint64_t first_ticket = 0;  ///< once a batch took some of the commands
    size_t count = 0;           ///< of all its commands, then
  };
  struct Waiting {
    uint64_t first_ticket;
    size_t count;
    DoneAll done;
  };
  struct InFlight {
    engine::Batch batch;
    std::optional<log::Commit> commit;  ///< none: nothing to write, waits for those before it
    std::vector<Waiting> waiting;
    bool written = false;
  };
  struct Aside {
    const std::function<void()>& work;
    bool ran = false;
    bool over = false;
  };
  struct Waiter {
    Address address;
    os::MonotonicTime deadline;
    std::function<void(bool)> then;
  };

  void run_engine();
  void run_writer();
  /// Keeps a prepared file of zeros for the next segment, so that no commit waits for one.
  void run_preparer();
  Sequence& applied_of(Partition partition) {
    return applied_[partition == kControlPartition ? applied_.size() - 1 : partition];
  }
  /// Why a command is not taken now; nothing if it is. Under mutex_.
  std::optional<Error> refusal(size_t bytes, bool external);
  std::vector<Submission> take_submissions(std::unique_lock<std::mutex>& lock);
  void add_internal(std::vector<Submission>& submissions);
  /// Under mutex_. Whether the engine's thread is to be woken.
  [[nodiscard]] bool enqueue(Submission submission);
  /// Under mutex_. How many commands the next batch waits for, at most kGatherTime.
  size_t gather_commands() const;
  void decide(std::vector<Submission> submissions);
  /// Splits what was asked into what the batch decided and what the next one is to.
  void settle(std::vector<Submission>& submissions, InFlight& flight);
  void finish_durable();
  void release(InFlight& done);
  static void answer(const InFlight& done);
  void wake_waiters();
  void check_disk();
  void run_asides();

  engine::Engine& engine_;
  log::Log& log_;
  store::Store& store_;
  os::Disk& disk_;
  const os::Clock& clock_;
  EngineThreadOptions options_;
  EffectSink effect_sink_;
  DurableHook durable_hook_;
  DefinitionsHook definitions_hook_;
  os::SimulatedRandom random_;  ///< seeded by the system; a source, not a simulation

  mutable std::mutex mutex_;
  std::condition_variable engine_wakes_;
  std::condition_variable writer_wakes_;
  std::condition_variable preparer_wakes_;
  std::condition_variable asides_wake_;
  // under mutex_
  std::deque<Submission> queue_;
  size_t queue_bytes_ = 0;
  size_t queue_commands_ = 0;
  size_t crowd_ = 0;  ///< commands of the last two batches
  std::deque<InFlight> in_flight_;
  std::vector<Waiter> waiters_;
  std::vector<Aside*> asides_;
  std::vector<Sequence> applied_;  ///< by partition, the control partition's last
  log::LogView view_;
  std::shared_ptr<const engine::Definitions> definitions_;
  api::EngineCounters counters_;
  std::atomic<uint64_t> disk_reserve_bytes_;
  bool stopping_ = false;
  bool engine_ended_ = false;
  bool writer_stops_ = false;
  // engine thread's own
  std::vector<Submission> rest_;           ///< what the last batch had no room for
  Address last_continued_;  ///< the instance whose continuation was asked for last
  std::vector<engine::Reply> rest_replies_;  ///< to its first submission's commands that were decided
  os::MonotonicTime next_disk_check_;
  Position disk_checked_at_;
  uint64_t next_ticket_ = 1;
  size_t last_batch_commands_ = 0;
  uint64_t bytes_since_flush_ = 0;

  std::thread engine_thread_;
  std::thread writer_thread_;
  std::thread preparer_thread_;
};

}  // namespace hence::server

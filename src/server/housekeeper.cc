// SPDX-License-Identifier: Apache-2.0
#include "server/housekeeper.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/log_line.h"
#include "log/compress.h"

namespace hence::server {
namespace {

constexpr int kLowestPriority = 19;
constexpr uint32_t kForgottenPerTurn = 1'000;  ///< of each partition

Error shutting_down() { return Error(ErrorCode::ShuttingDown, "the server is shutting down"); }

}  // namespace

Housekeeper::Housekeeper(EngineThread& engine, log::Log& log, store::Store& store, os::Disk& disk,
                         const os::Clock& clock, HousekeeperOptions options, const DataFolder* folder)
    : engine_(engine), log_(log), store_(store), disk_(disk), clock_(clock),
      options_(std::move(options)), folder_(folder) {}

void Housekeeper::start() {
  thread_ = std::thread([this] { run(); });
  if (options_.compress) compressor_ = std::thread([this] { run_compressor(); });
}

void Housekeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (compressor_.joinable()) compressor_.join();
}

void Housekeeper::set_retention(const log::RetentionPolicy& policy) {
  const std::lock_guard lock(mutex_);
  options_.retention = policy;
  judge_.confirm();
}

Housekeeper::Report Housekeeper::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

void Housekeeper::run() {
  remove_unfinished_checkpoints();
  while (true) {
    write_checkpoint();
    retain();
    look();
    std::unique_lock lock(mutex_);
    const auto pause = std::chrono::microseconds(options_.interval.micros);
    wakes_.wait_for(lock, pause, [this] { return stopping_ || request_ != nullptr; });
    if (stopping_) break;
  }
  std::unique_ptr<CheckpointRequest> request;
  {
    const std::lock_guard lock(mutex_);
    request = std::move(request_);
  }
  if (request) request->done.set_value(shutting_down());
}

Result<CheckpointInfo> Housekeeper::checkpoint(const std::string& name) {
  auto request = std::make_unique<CheckpointRequest>();
  request->name = name.empty() ? checkpoint_name(clock_.now()) : name;
  std::future<Result<CheckpointInfo>> done = request->done.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return shutting_down();
    if (making_checkpoint_) {
      return Error(ErrorCode::Conflict, "a checkpoint is being made already: ask again when it is done");
    }
    making_checkpoint_ = true;
    request_ = std::move(request);
  }
  wakes_.notify_all();
  return done.get();
}

/// What a crash left would keep the space of segments that retention drops.
void Housekeeper::remove_unfinished_checkpoints() {
  if (folder_ == nullptr) return;
  for (const std::string& path : remove_unfinished(options_.checkpoint_folder, *folder_)) {
    log_line(LogLevel::info, "a checkpoint that was not finished is removed", {{"folder", path}});
  }
}

void Housekeeper::write_checkpoint() {
  std::unique_ptr<CheckpointRequest> request;
  {
    const std::lock_guard lock(mutex_);
    request = std::move(request_);
  }
  if (!request) return;
  Result<CheckpointInfo> made =
      create_checkpoint(options_.checkpoint_folder, request->name, *folder_, store_, clock_.now(), options_.version,
                        [this]() -> Result<DurableMark> {
                          Result<DurableMark> mark = shutting_down();
                          engine_.aside([&] { mark = mark_durable(log_, disk_); });
                          return mark;
                        });
  {
    const std::lock_guard lock(mutex_);
    making_checkpoint_ = false;
  }
  request->done.set_value(std::move(made));
}

void Housekeeper::run_compressor() {
  // Commits come first: this thread gets what others leave.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowestPriority);
  while (true) {
    const bool more = compress_one();
    std::unique_lock lock(mutex_);
    const auto pause = std::chrono::microseconds(more ? 0 : options_.interval.micros);
    if (wakes_.wait_for(lock, pause, [this] { return stopping_; })) return;
  }
}

bool Housekeeper::compress_one() {
  if (compress_failed_) return false;
  std::optional<Position> base;
  engine_.aside([&] { base = log_.next_to_compress(); });
  if (!base) return false;
  auto compressed = log::compress_segment(disk_, *base);
  if (!compressed.ok()) {
    std::optional<Position> now;
    engine_.aside([&] { now = log_.next_to_compress(); });
    if (now != base) return true;  // retention dropped it meanwhile
    // The log does not depend on it. Damage stays where it is, for `hence log verify` to tell.
    log_line(LogLevel::error, "a segment of the log could not be compressed, and none will be until "
                              "the server is started again: " + compressed.error().message());
    compress_failed_ = compressed.error().code() != ErrorCode::DiskFull;
    return false;
  }
  engine_.aside([&] {
    const Status status = log_.take_compressed(std::move(*compressed));
    if (!status.ok()) EngineThread::fail(status.error());
  });
  return true;
}

void Housekeeper::retain() {
  std::optional<UtcTime> newest;
  if (!engine_.aside([&] { newest = log_.last_time(); })) return;
  log::RetentionLimits limits;
  std::optional<UtcTime> instances_before;
  std::string held;
  {
    const std::lock_guard lock(mutex_);
    const Duration passed{clock_.monotonic().micros};
    limits = judge_.judge(options_.retention, clock_.now(), passed, newest);
    held = judge_.held();
    instances_before = judge_.instances_before();
    report_.retention_held = !held.empty();
  }
  tell_held(held);
  if (instances_before) forget(*instances_before);
  bool due = false;
  Result<Position> applied = Position{};
  engine_.aside([&] {
    due = log_.would_drop(limits);
    applied = engine::Overlay::applied_position(store_);
  });
  if (!due) return;
  if (!applied.ok()) EngineThread::fail(applied.error());
  limits.keep_from = *applied;
  // What goes must not be needed to build the state again: all up to keep_from is saved first.
  if (const Status status = store_.flush(); !status.ok()) EngineThread::fail(status.error());
  Result<uint64_t> dropped = uint64_t{0};
  engine_.aside([&] { dropped = log_.drop(limits); });
  if (!dropped.ok()) EngineThread::fail(dropped.error());
  const std::lock_guard lock(mutex_);
  report_.segments_dropped += *dropped;
}

/// Asks each partition, unless the last time's are still under way.
void Housekeeper::forget(UtcTime before) {
  if (forgetting_->load() > 0) return;
  for (uint32_t partition = 0; partition < engine_.partitions(); ++partition) {
    engine::Command command;
    command.body = engine::ForgetEnded{static_cast<Partition>(partition), before, kForgottenPerTurn};
    ++*forgetting_;
    const Status taken = engine_.submit(std::move(command), 0, /*external=*/false,
                                        [open = forgetting_](const engine::Reply&) { --*open; });
    if (!taken.ok()) --*forgetting_;
  }
}

void Housekeeper::tell_held(const std::string& held) {
  if (held.empty() == told_.empty()) return;
  told_ = held;
  if (held.empty()) return log_line(LogLevel::info, "retention drops by age again");
  log_line(LogLevel::warning, "retention drops nothing by age: " + held + ". Set the clock right, or send the "
                              "server SIGHUP to say that it is right");
}

void Housekeeper::look() {
  Report now;
  engine_.aside([&] {
    now.segments_compressed = log_.compressed_count();
    now.log_bytes = log_.bytes();
    now.log_begin = log_.begin_time();
    now.dedup_horizon = log_.dedup_horizon();
  });
  const std::lock_guard lock(mutex_);
  now.segments_dropped = report_.segments_dropped;
  now.retention_held = report_.retention_held;
  report_ = now;
}

}  // namespace hence::server

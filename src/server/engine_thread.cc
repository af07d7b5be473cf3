// SPDX-License-Identifier: Apache-2.0
#include "server/engine_thread.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>

#include "api/http_mailbox.h"
#include "base/crash_point.h"
#include "base/log_line.h"
#include "log/log_writer.h"

namespace hence::server {
namespace {

/// Batches decided ahead of the disk: one being written, one ready.
constexpr size_t kBatchesInFlightMax = 2;
constexpr size_t kContinuationsPerBatch = 8;
/// Where many ask at once a batch waits a little for as many as are on their way to the disk, so that
/// they share a sync: where at least kCrowd are at it, for at most kGatherMax and kGatherTime.
constexpr size_t kCrowd = 32;
constexpr size_t kGatherMax = 64;
constexpr auto kGatherTime = std::chrono::microseconds(1'000);
/// Log after which the state is flushed: what a start after a crash has to apply again.
constexpr uint64_t kFlushLogBytes = 128 << 20;

}  // namespace

EngineThread::EngineThread(engine::Engine& engine, log::Log& log, store::Store& store, os::Disk& disk,
                           const os::Clock& clock, EngineThreadOptions options)
    : engine_(engine), log_(log), store_(store), disk_(disk), clock_(clock), options_(options),
      random_(os::SystemRandom().next()), view_(log.view()), definitions_(engine.definitions()),
      disk_reserve_bytes_(options.disk_reserve_bytes) {
  applied_.resize(engine.options().partitions + 1u);
  for (const Address& last : log.last_sequences()) applied_of(last.partition) = last.sequence;
}

EngineThread::~EngineThread() { stop(); }

void EngineThread::start() {
  engine_thread_ = std::thread([this] { run_engine(); });
  writer_thread_ = std::thread([this] { run_writer(); });
  preparer_thread_ = std::thread([this] { run_preparer(); });
  // What top and perf show.
  pthread_setname_np(engine_thread_.native_handle(), "hence-engine");
  pthread_setname_np(writer_thread_.native_handle(), "hence-writer");
  pthread_setname_np(preparer_thread_.native_handle(), "hence-prepare");
}

void EngineThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  engine_wakes_.notify_all();
  if (engine_thread_.joinable()) engine_thread_.join();
  {
    const std::lock_guard lock(mutex_);
    writer_stops_ = true;
  }
  writer_wakes_.notify_all();
  preparer_wakes_.notify_all();
  if (writer_thread_.joinable()) writer_thread_.join();
  if (preparer_thread_.joinable()) preparer_thread_.join();
  HENCE_CRASH_POINT("stop-before-flush");
  if (const Status status = store_.flush(); !status.ok()) fail(status.error());
  HENCE_CRASH_POINT("stop-before-close");
  if (const Status status = log_.close(); !status.ok()) fail(status.error());
}

void EngineThread::fail(const Error& error) {
  log_line(LogLevel::error, error.message() + "; nothing is acknowledged any more, the server ends and recovers when started again",
           {{"code", std::string(error_info(error.code()).slug)}});
  ::_exit(kExitDiskFailed);
}

std::optional<Error> EngineThread::refusal(size_t bytes, bool external) {
  if (stopping_) return Error(ErrorCode::ShuttingDown, "the server is shutting down");
  if (!external) return std::nullopt;  // results are bounded by the calls under way; refused they would be lost
  if (counters_.disk_low) {
    return Error(ErrorCode::DiskFull, "less disk space is free than disk.reserve: new work is refused until there is more");
  }
  const bool many = queue_commands_ >= options_.queue_commands_max;
  if (many || queue_bytes_ + bytes > options_.queue_bytes_max) {
    ++counters_.overloaded;
    return Error(ErrorCode::Overloaded, std::string("more work is queued than ") +
                                            (many ? "limits.queueCommands" : "limits.queueBytes") + " allows; send it again later");
  }
  return std::nullopt;
}

Status EngineThread::submit(engine::Command command, size_t bytes, bool external, Done done) {
  bool wake = false;
  Submission submission;
  submission.commands.push_back(std::move(command));
  submission.bytes = bytes;
  if (done) submission.done = [one = std::move(done)](std::span<const engine::Reply> replies) { one(replies.front()); };
  {
    const std::lock_guard lock(mutex_);
    if (const std::optional<Error> refused = refusal(bytes, external)) return *refused;
    wake = enqueue(std::move(submission));
  }
  if (wake) engine_wakes_.notify_one();
  return {};
}

bool EngineThread::enqueue(Submission submission) {
  const size_t before = queue_commands_;
  queue_bytes_ += submission.bytes;
  queue_commands_ += submission.commands.size();
  queue_.push_back(std::move(submission));
  const size_t wanted = gather_commands();
  return before == 0 || (before < wanted && queue_commands_ >= wanted);
}

size_t EngineThread::gather_commands() const { return crowd_ < kCrowd ? 0 : std::min(kGatherMax, crowd_ / 2); }

void EngineThread::submit_all(std::vector<engine::Command> commands, size_t bytes, bool external, DoneAll done) {
  std::optional<Error> refused;
  const size_t count = commands.size();
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    refused = refusal(bytes, external);
    if (!refused && count > 0) wake = enqueue({std::move(commands), bytes, std::move(done)});
  }
  if (wake) engine_wakes_.notify_one();
  if (!refused && count > 0) return;
  std::vector<engine::Reply> replies(count);
  for (engine::Reply& reply : replies) reply.error = refused;
  done(replies);
}

api::ReadView EngineThread::read_view() const {
  api::ReadView view;
  // The snapshot first: the log then holds at least all it refers to.
  view.snapshot = store_.snapshot();
  const std::lock_guard lock(mutex_);
  view.log = view_;
  view.definitions = definitions_;
  return view;
}

std::shared_ptr<const engine::Definitions> EngineThread::definitions() const {
  const std::lock_guard lock(mutex_);
  return definitions_;
}

api::EngineCounters EngineThread::counters() const {
  const std::lock_guard lock(mutex_);
  api::EngineCounters counters = counters_;
  counters.queued = queue_commands_;
  return counters;
}

void EngineThread::when_applied(Address address, Duration patience, std::function<void(bool)> then) {
  bool applied = false;
  {
    const std::lock_guard lock(mutex_);
    const bool exists = address.partition == kControlPartition || address.partition + 1u < applied_.size();
    applied = exists && applied_of(address.partition) >= address.sequence;
    if (exists && !applied) {
      waiters_.push_back({address, clock_.monotonic() + patience, std::move(then)});
      engine_wakes_.notify_one();
      return;
    }
  }
  then(applied);
}

// The engine's thread

void EngineThread::run_engine() {
  while (true) {
    std::vector<Submission> submissions;
    const bool rest = !rest_.empty();
    bool ended = false;
    {
      std::unique_lock lock(mutex_);
      submissions = take_submissions(lock);
      ended = stopping_ && queue_.empty() && submissions.empty() && rest_.empty() && in_flight_.empty();
    }
    finish_durable();
    wake_waiters();
    run_asides();
    check_disk();
    if (ended) break;
    bool room = false;
    {
      const std::lock_guard lock(mutex_);
      // Timers and work left over are in the state: a stopping server leaves them to the next start.
      room = in_flight_.size() < kBatchesInFlightMax && !stopping_ && !rest;
    }
    if (room) add_internal(submissions);
    if (!submissions.empty()) decide(std::move(submissions));
  }
  const std::lock_guard lock(mutex_);
  engine_ended_ = true;
  for (Aside* aside : asides_) aside->over = true;
  asides_.clear();
  asides_wake_.notify_all();
}

std::vector<EngineThread::Submission> EngineThread::take_submissions(std::unique_lock<std::mutex>& lock) {
  const auto front_written = [&] { return !in_flight_.empty() && (in_flight_.front().written || !in_flight_.front().commit); };
  const auto room = [&] { return in_flight_.size() < kBatchesInFlightMax; };
  const auto awake = [&] {
    return front_written() || ((!queue_.empty() || !rest_.empty()) && room()) || !asides_.empty() ||
           (stopping_ && queue_.empty() && in_flight_.empty());
  };
  Duration patience = Duration::milliseconds(500);
  if (const auto timer = engine_.next_timer(); timer && room()) {
    patience = std::clamp(*timer - clock_.now(), Duration{0}, patience);
  }
  if (!engine_.continuing().empty() && room()) patience = {0};
  for (const Waiter& waiter : waiters_) {
    patience = std::clamp(waiter.deadline - clock_.monotonic(), Duration{0}, patience);
  }
  engine_wakes_.wait_for(lock, std::chrono::microseconds(patience.micros), awake);
  if (!rest_.empty()) return room() ? std::exchange(rest_, {}) : std::vector<Submission>();
  std::vector<Submission> taken;
  const auto gathered = [&] { return queue_commands_ >= gather_commands() || front_written() || stopping_; };
  if (!queue_.empty() && !gathered()) {
    engine_wakes_.wait_for(lock, kGatherTime, gathered);
    if (front_written() && queue_commands_ < gather_commands()) return taken;  // those are answered first
  }
  size_t bytes = 0, commands = 0;
  while (room() && !queue_.empty() && commands < options_.batch_commands_max && bytes < options_.batch_bytes_max) {
    bytes += queue_.front().bytes;
    commands += queue_.front().commands.size();
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queue_bytes_ -= bytes;
  queue_commands_ -= commands;
  return taken;
}

/// Timers that are due, and instances with work left over.
void EngineThread::add_internal(std::vector<Submission>& submissions) {
  const UtcTime now = clock_.now();
  std::vector<engine::Command> commands;
  for (const Partition partition : engine_.partitions_due(now)) {
    commands.emplace_back().body = engine::TimersDue{partition};
  }
  // In turn, so that long ones leave room for others.
  const std::set<Address>& continuing = engine_.continuing();
  auto next = continuing.upper_bound(last_continued_);
  for (size_t i = 0; i < std::min(continuing.size(), kContinuationsPerBatch); ++i) {
    if (next == continuing.end()) next = continuing.begin();
    last_continued_ = *next++;
    commands.emplace_back().body = engine::ContinueInstance{last_continued_};
  }
  if (!commands.empty()) submissions.push_back({std::move(commands), 0, {}});
}

void EngineThread::decide(std::vector<Submission> submissions) {
  InFlight next;
  std::vector<const std::vector<engine::Command>*> groups;
  const UtcTime now = clock_.now();
  for (Submission& submission : submissions) {
    const bool answered = submission.done != nullptr;
    if (submission.first_ticket == 0) {
      submission.first_ticket = next_ticket_;
      submission.count = submission.commands.size();
      for (engine::Command& command : submission.commands) command.ticket = answered ? next_ticket_++ : 0;
    }
    for (engine::Command& command : submission.commands) {
      command.now = now;
      command.random = random_.next();
    }
    groups.push_back(&submission.commands);
  }
  Result<engine::Batch> batch = engine_.decide(groups);
  if (!batch.ok()) fail(batch.error());
  next.batch = std::move(*batch);
  settle(submissions, next);
  HENCE_CRASH_POINT("engine-decided");
  if (!next.batch.records.empty()) {
    Result<log::Commit> commit = log_.stage(next.batch.views());
    if (!commit.ok()) fail(commit.error());
    next.commit.emplace(std::move(*commit));
  }
  {
    const std::lock_guard lock(mutex_);
    const size_t count = next.batch.decided;
    crowd_ = count + std::exchange(last_batch_commands_, count);
    counters_.commands += count;
    api::count_batch(next.batch, counters_);
    in_flight_.push_back(std::move(next));
  }
  writer_wakes_.notify_one();
}

void EngineThread::settle(std::vector<Submission>& submissions, InFlight& flight) {
  std::vector<engine::Reply>& replies = flight.batch.replies;
  replies.insert(replies.begin(), std::make_move_iterator(rest_replies_.begin()), std::make_move_iterator(rest_replies_.end()));
  rest_replies_.clear();
  size_t decided = flight.batch.decided;
  for (Submission& submission : submissions) {
    if (decided < submission.commands.size()) {
      submission.commands.erase(submission.commands.begin(), submission.commands.begin() + static_cast<ptrdiff_t>(decided));
      decided = 0;
      rest_.push_back(std::move(submission));
      continue;
    }
    decided -= submission.commands.size();
    if (submission.done) flight.waiting.push_back({submission.first_ticket, submission.count, std::move(submission.done)});
  }
  if (rest_.empty() || !rest_.front().done) return;
  const auto later = std::find_if(replies.begin(), replies.end(),
                                  [&](const engine::Reply& reply) { return reply.ticket >= rest_.front().first_ticket; });
  rest_replies_.assign(std::make_move_iterator(later), std::make_move_iterator(replies.end()));
  replies.erase(later, replies.end());
}

namespace {

/// Whoever watches the server hears of a bound before it is reached.
void tell_limits(const engine::Batch& batch) {
  for (const engine::LimitNote& note : batch.limits_near) {
    log_line(LogLevel::warning, "an instance uses half of a limit; beyond it the instance faults",
             {{"instance", note.instance.to_string()},
              {"workflow", note.workflow},
              {"limit", std::string(workflow::limit_name(note.near.limit))},
              {"used", std::to_string(note.near.used)},
              {"max", std::to_string(note.near.max)}});
  }
}

}  // namespace

/// Takes back, in order, what the writer has made durable: state, then effects and replies.
void EngineThread::finish_durable() {
  while (true) {
    InFlight done;
    {
      const std::lock_guard lock(mutex_);
      if (in_flight_.empty() || (in_flight_.front().commit && !in_flight_.front().written)) return;
      done = std::move(in_flight_.front());
      in_flight_.pop_front();
    }
    tell_limits(done.batch);
    release(done);
  }
}

void EngineThread::release(InFlight& done) {
  const bool written = done.commit.has_value();
  if (written) {
    const Position end = done.commit->result().end;
    bytes_since_flush_ += end.value - done.commit->result().begin.value;
    log_.acknowledge(std::move(*done.commit));
    HENCE_CRASH_POINT("gate-before-store");
    if (const Status status = engine_.durable(end); !status.ok()) fail(status.error());
    HENCE_CRASH_POINT("gate-after-store");
    if (bytes_since_flush_ >= kFlushLogBytes) {
      bytes_since_flush_ = 0;
      if (const Status status = store_.begin_flush(); !status.ok()) fail(status.error());
    }
  }
  if (done.batch.definitions) HENCE_CRASH_POINT("gate-before-definitions");
  const log::LogView view = log_.view();
  {
    const std::lock_guard lock(mutex_);
    view_ = view;
    if (done.batch.definitions) definitions_ = done.batch.definitions;
    for (const engine::OwnedRecord& record : done.batch.records) {
      applied_of(record.address.partition) = record.address.sequence;
    }
  }
  if (done.batch.definitions && definitions_hook_) definitions_hook_(done.batch.definitions);
  if (written && durable_hook_) durable_hook_(view);
  if (!done.batch.effects.empty()) HENCE_CRASH_POINT("gate-before-effects");
  if (effect_sink_ && (!done.batch.effects.empty() || !done.batch.cancelled.empty())) {
    effect_sink_(std::move(done.batch.effects), std::move(done.batch.cancelled));
  }
  HENCE_CRASH_POINT("gate-before-replies");
  answer(done);
  if (!done.waiting.empty()) HENCE_CRASH_POINT("gate-after-reply");
}

/// Every command with a ticket has one reply, in the order of the tickets.
void EngineThread::answer(const InFlight& done) {
  const api::Mailbox::Gathered gathered;  // each I/O thread is woken once for all
  const std::vector<engine::Reply>& replies = done.batch.replies;
  size_t at = 0;
  for (const Waiting& waiting : done.waiting) {
    while (at < replies.size() && replies[at].ticket == 0) ++at;
    HENCE_CHECK(at + waiting.count <= replies.size() && replies[at].ticket == waiting.first_ticket);
    waiting.done({replies.data() + at, waiting.count});
    at += waiting.count;
  }
}

void EngineThread::wake_waiters() {
  std::vector<std::pair<std::function<void(bool)>, bool>> ready;
  {
    const std::lock_guard lock(mutex_);
    const os::MonotonicTime now = clock_.monotonic();
    std::erase_if(waiters_, [&](Waiter& waiter) {
      const bool applied = applied_of(waiter.address.partition) >= waiter.address.sequence;
      if (!applied && now < waiter.deadline) return false;
      ready.emplace_back(std::move(waiter.then), applied);
      return true;
    });
  }
  for (const auto& [then, applied] : ready) then(applied);
}

bool EngineThread::aside(const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  if (engine_ended_) return false;
  Aside aside{work};
  asides_.push_back(&aside);
  engine_wakes_.notify_one();
  asides_wake_.wait(lock, [&aside] { return aside.over; });
  return aside.ran;
}

void EngineThread::run_asides() {
  std::vector<Aside*> asides;
  {
    const std::lock_guard lock(mutex_);
    if (asides_.empty()) return;
    asides.swap(asides_);
  }
  for (Aside* aside : asides) aside->work();
  log::LogView view = log_.view();
  {
    const std::lock_guard lock(mutex_);
    view_ = std::move(view);
    for (Aside* aside : asides) aside->ran = aside->over = true;
  }
  asides_wake_.notify_all();
}

void EngineThread::check_disk() {
  // Once in a while, and again when an eighth of the reserve was written: a fast disk fills fast.
  const os::MonotonicTime now = clock_.monotonic();
  const uint64_t written = log_.durable().value - disk_checked_at_.value;
  if (now < next_disk_check_ && written < std::max<uint64_t>(disk_reserve_bytes_.load() / 8, 1 << 20)) return;
  next_disk_check_ = now + options_.disk_check_interval;
  disk_checked_at_ = log_.durable();
  const Result<uint64_t> free = disk_.free_bytes();
  if (!free.ok()) fail(free.error());
  const bool low = *free < disk_reserve_bytes_.load();
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = counters_.disk_low != low;
    counters_.disk_low = low;
  }
  if (!changed) return;
  log_line(low ? LogLevel::warning : LogLevel::info,
           low ? "disk space is below disk.reserve: new events are refused, running work goes on"
               : "disk space is above disk.reserve again: new events are taken",
           {{"free_bytes", std::to_string(*free)}, {"reserve_bytes", std::to_string(disk_reserve_bytes_.load())}});
}

// The writer's thread

void EngineThread::run_writer() {
  log::LogWriter& writer = log_.writer();
  while (true) {
    std::vector<InFlight*> pending;  // stable: the engine thread takes from the front only what is written
    {
      std::unique_lock lock(mutex_);
      const auto has_work = [&] {
        return std::any_of(in_flight_.begin(), in_flight_.end(), [](const InFlight& f) { return f.commit && !f.written; });
      };
      const bool woken = writer_wakes_.wait_for(lock, std::chrono::seconds(1), [&] { return writer_stops_ || has_work(); });
      if (writer_stops_ && !has_work()) return;
      if (woken) {
        for (InFlight& flight : in_flight_) {
          if (flight.commit && !flight.written) pending.push_back(&flight);
        }
      }
    }
    if (pending.empty()) {
      if (const Status status = writer.prepare(); !status.ok()) fail(status.error());
      continue;
    }
    const os::MonotonicTime started = clock_.monotonic();
    uint64_t bytes = 0;
    for (InFlight* flight : pending) {
      bytes += flight->commit->byte_count();
      if (const Status status = writer.write(*flight->commit); !status.ok()) fail(status.error());
    }
    if (const Status status = writer.sync(); !status.ok()) fail(status.error());
    {
      const std::lock_guard lock(mutex_);
      for (InFlight* flight : pending) flight->written = true;
      ++counters_.commits;
      counters_.commit_bytes += bytes;
      counters_.sync_micros += static_cast<uint64_t>((clock_.monotonic() - started).micros);
    }
    engine_wakes_.notify_one();
  }
}

void EngineThread::run_preparer() {
  uint64_t commits_before = 0, bytes_before = 0;
  std::string dropped;
  while (true) {
    bool spare = true;
    {
      std::unique_lock lock(mutex_);
      if (preparer_wakes_.wait_for(lock, std::chrono::seconds(1), [&] { return writer_stops_; })) return;
      const uint64_t commits = counters_.commits - std::exchange(commits_before, counters_.commits);
      const uint64_t bytes = counters_.commit_bytes - std::exchange(bytes_before, counters_.commit_bytes);
      // A server that writes little has no use for one, and large commits do without.
      if (counters_.commit_bytes < options_.segment_bytes / 8 || commits == 0) continue;
      spare = bytes / commits <= log::LogOptions{}.zeroed_commit_bytes_max;
    }
    // The log does not depend on it: without a spare the writer prepares blocks itself.
    Status status = log::drop_cached_segments(disk_, dropped);
    if (status.ok() && spare) status = log::prepare_spare_segment(disk_, options_.segment_bytes);
    if (!status.ok()) log_line(LogLevel::warning, "no spare segment could be prepared: " + status.error().message());
  }
}

}  // namespace hence::server

// SPDX-License-Identifier: Apache-2.0
// `hence bench log`: the event log alone, in this process, driven as the server drives it: one thread
// stages, one writes and syncs, and what gathers meanwhile becomes one commit.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/hash.h"
#include "cli/bench/disk_limit.h"
#include "cli/bench/measure.h"
#include "cli/commands.h"
#include "log/log.h"
#include "os/real_disk.h"

namespace hence::cli {
namespace {

constexpr size_t kPayloadBytes = 600;
constexpr Partition kPartitions = 64;
constexpr size_t kCommitsInFlight = 2;
constexpr uint32_t kBatchMax = 10'000;
constexpr uint32_t kWritersMax = 1'000;

/// Takes records from many threads; each waits until its own are durable.
class GroupCommit {
 public:
  GroupCommit(log::Log& log, os::Disk& disk) : log_(log), disk_(disk) {
    threads_.emplace_back([this] { run_stager(); });
    threads_.emplace_back([this] { run_writer(); });
    threads_.emplace_back([this] { run_preparer(); });
  }
  ~GroupCommit() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void append(size_t records) {
    std::unique_lock lock(mutex_);
    queued_ += records;
    asked_ += records;
    const uint64_t mine = asked_;
    changed_.notify_all();
    durable_changed_.wait(lock, [&] { return durable_ >= mine; });
  }
  uint64_t records() const { return durable_; }  ///< these three: when nothing is under way
  uint64_t commits() const { return commits_; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct InFlight {
    log::Commit commit;
    bool written = false;
  };

  void run_stager() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] {
        return stopping_ || (queued_ > 0 && in_flight_.size() < kCommitsInFlight) || (!in_flight_.empty() && in_flight_.front().written);
      });
      while (!in_flight_.empty() && in_flight_.front().written) {
        durable_ += in_flight_.front().commit.record_count();
        log_.acknowledge(std::move(in_flight_.front().commit));
        in_flight_.pop_front();
        durable_changed_.notify_all();
      }
      if (stopping_) return;
      if (queued_ == 0 || in_flight_.size() >= kCommitsInFlight) continue;
      const size_t count = std::exchange(queued_, 0);
      lock.unlock();
      log::Commit commit = stage(count);
      lock.lock();
      ++commits_;
      bytes_ += commit.byte_count();
      in_flight_.push_back({std::move(commit)});
      changed_.notify_all();
    }
  }

  log::Commit stage(size_t count) {
    records_.clear();
    for (size_t i = 0; i < count; ++i, ++made_) {
      log::Record& record = records_.emplace_back();
      record.header.address = {static_cast<Partition>(made_ % kPartitions), made_ / kPartitions + 1};
      record.header.time = {static_cast<int64_t>(made_)};
      record.header.namespace_name = "default";
      record.header.event_hash = siphash128({1, 2}, {reinterpret_cast<const char*>(&made_), sizeof made_});
      record.payload = payload_;
    }
    Result<log::Commit> commit = log_.stage(records_);
    HENCE_CHECK(commit.ok());
    return std::move(commit).value();
  }

  void run_writer() {
    std::unique_lock lock(mutex_);
    while (true) {
      InFlight* next = nullptr;
      changed_.wait(lock, [&] {
        for (InFlight& flight : in_flight_) {
          if (!flight.written && next == nullptr) next = &flight;
        }
        return stopping_ || next != nullptr;
      });
      if (stopping_) return;
      lock.unlock();
      HENCE_CHECK(log_.writer().write(next->commit).ok() && log_.writer().sync().ok());
      lock.lock();
      next->written = true;
      changed_.notify_all();
    }
  }

  void run_preparer() {
    std::unique_lock lock(mutex_);
    std::string dropped;
    while (!stopping_) {
      lock.unlock();
      HENCE_CHECK(log::drop_cached_segments(disk_, dropped).ok());
      HENCE_CHECK(log::prepare_spare_segment(disk_, log::LogOptions{}.segment_bytes).ok());
      lock.lock();
      changed_.wait_for(lock, std::chrono::milliseconds(200));
    }
  }

  log::Log& log_;
  os::Disk& disk_;
  std::mutex mutex_;
  std::condition_variable changed_, durable_changed_;
  std::deque<InFlight> in_flight_;
  size_t queued_ = 0;
  uint64_t asked_ = 0, durable_ = 0, commits_ = 0, bytes_ = 0;
  uint64_t made_ = 0;  ///< the stager's, as are the two below
  const std::string payload_ = std::string(kPayloadBytes, 'x');
  std::vector<log::Record> records_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

struct LogCount {
  double seconds = 0;
  uint64_t records = 0, commits = 0, bytes = 0;
  bench::Latencies latencies;
};

LogCount load_log(GroupCommit& group, uint32_t writers, uint32_t batch, double seconds) {
  LogCount count;
  std::mutex mutex;
  std::vector<std::thread> threads;
  const double began = bench::seconds_now();
  for (uint32_t i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      bench::Latencies own;
      for (double now = bench::seconds_now(); now - began < seconds;) {
        group.append(batch);
        const double after = bench::seconds_now();
        own.add(after - now);
        now = after;
      }
      const std::lock_guard lock(mutex);
      count.latencies.add(own);
    });
  }
  for (std::thread& thread : threads) thread.join();
  count.seconds = bench::seconds_now() - began;
  count.records = group.records();
  count.commits = std::max<uint64_t>(group.commits(), 1);
  count.bytes = group.bytes();
  return count;
}

Result<json::Value> measure_log(const bench::CommonFlags& common, uint32_t batch) {
  HENCE_TRY(const bench::Folder folder, bench::Folder::create(common.folder));
  HENCE_TRY(const auto disk, os::RealDisk::open_folder(folder.path() + "/log"));
  log::OpenReport opened;
  HENCE_TRY(const auto log, log::Log::open(*disk, {}, opened));
  LogCount count;
  {
    GroupCommit group(*log, *disk);
    count = load_log(group, common.connections, batch, common.seconds);
  }
  const double bytes_per_second = static_cast<double>(count.bytes) / count.seconds;
  HENCE_TRY(const bench::DiskLimit limit, bench::measure_disk(folder.path(), count.bytes / count.commits, std::min(5.0, count.seconds)));
  const double value = static_cast<double>(count.records) / count.seconds;
  json::Builder out;
  out.begin_object().member("bench", "log").key("value").number(bench::rounded(value, 4)).member("unit", "records/s");
  out.key("p50Ms").number(bench::rounded(count.latencies.millis(0.5), 3)).key("p99Ms").number(bench::rounded(count.latencies.millis(0.99), 3));
  out.key("seconds").number(bench::rounded(count.seconds, 4)).key("writers").number(int64_t{common.connections});
  out.key("recordsPerAppend").number(int64_t{batch}).key("commits").number(static_cast<int64_t>(count.commits));
  bench::write_limit(out, limit, value, bytes_per_second);
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

}  // namespace

int bench_log(const Call& call) {
  bench::CommonFlags common;
  uint32_t writers = 16, batch = 100;
  Flags flags(call);
  declare(flags, common, 0);
  flags.number("--writers", writers, "threads, each waiting until its records are durable; else 16");
  flags.number("--batch", batch, "records of 600 bytes a writer appends at once; else 100");
  if (const auto code = flags.parse()) return *code;
  if (common.seconds == 0 || writers == 0 || writers > kWritersMax || batch == 0 || batch > kBatchMax) {
    return call.io.fail("--seconds is at least 1, --writers 1 to 1000, --batch 1 to 10000", kExitWrongUse);
  }
  common.connections = writers;
  return print(call, common, measure_log(common, batch));
}

}  // namespace hence::cli

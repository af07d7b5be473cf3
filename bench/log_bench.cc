// SPDX-License-Identifier: Apache-2.0
// The log against the disk it stands on: commits of 100 records of 600 bytes, each synced, beside
// the same bytes written and synced in a file prepared the same way. And what a look-up costs.
//
//   HENCE_BENCH_DIR=/folder/on/the/disk bin/log_bench

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/hash.h"
#include "log/log.h"
#include "os/real_disk.h"
#include "os/simulated_disk.h"

namespace hence::log {
namespace {

constexpr size_t kRecords = 100;
constexpr size_t kPayloadBytes = 600;

/// An empty folder on the disk to measure, gone afterwards.
class Folder {
 public:
  Folder() {
    const char* parent = std::getenv("HENCE_BENCH_DIR");
    path_ = std::string(parent ? parent : ".") + "/log_bench_" + std::to_string(getpid());
    std::filesystem::remove_all(path_);
    disk = std::move(os::RealDisk::open_folder(path_)).value();
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  std::unique_ptr<os::Disk> disk;

 private:
  std::string path_;
};

/// Records of many partitions with events of their own, one batch after another.
class Batches {
 public:
  const std::vector<Record>& next() {
    records_.clear();
    for (size_t i = 0; i < kRecords; ++i) {
      Record record;
      const auto partition = static_cast<Partition>(count_ % 64);
      record.header.address = {partition, count_ / 64 + 1};
      record.header.time = {static_cast<int64_t>(count_)};
      record.header.namespace_name = "default";
      record.header.event_hash = siphash128({1, 2}, std::to_string(count_));
      record.payload = payload_;
      records_.push_back(record);
      ++count_;
    }
    return records_;
  }

 private:
  uint64_t count_ = 0;
  std::string payload_ = std::string(kPayloadBytes, 'x');
  std::vector<Record> records_;
};

void LogAppend(benchmark::State& state) {
  const Folder folder;
  OpenReport report;
  auto log = std::move(Log::open(*folder.disk, {}, report)).value();
  Batches batches;
  uint64_t since_spare = UINT64_MAX;
  for (auto _ : state) {
    // A thread beside the writer prepares the next segment; here the clock stops for it.
    if (since_spare > (32 << 20)) {
      state.PauseTiming();
      prepare_spare_segment(*folder.disk, LogOptions{}.segment_bytes).value();
      since_spare = 0;
      state.ResumeTiming();
    }
    const auto result = log->append_commit(batches.next());
    if (!result.ok()) return state.SkipWithError(result.error().message().c_str());
    since_spare += result->end.value - result->begin.value;
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRecords));
}
BENCHMARK(LogAppend)->UseRealTime();

void RawAppend(benchmark::State& state) {
  const Folder folder;
  constexpr uint64_t kFileBytes = 64 << 20;
  auto file = std::move(folder.disk->open("raw", os::OpenMode::create_new)).value();
  file->preallocate_written(kFileBytes).value();
  file->sync_data().value();
  const std::string bytes(kRecords * kPayloadBytes, 'x');
  uint64_t offset = 0;
  for (auto _ : state) {
    if (offset + bytes.size() > kFileBytes) offset = 0;
    file->write_at(offset, bytes).value();
    file->sync_data().value();
    offset += bytes.size();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRecords));
}
BENCHMARK(RawAppend)->UseRealTime();

/// What the log costs without a disk: staging (engine thread) and completing (writer thread).
void LogStage(benchmark::State& state) {
  os::SimulatedDisk disk;
  OpenReport report;
  auto log = std::move(Log::open(disk, {}, report)).value();
  Batches batches;
  for (auto _ : state) {
    auto commit = std::move(log->stage(batches.next())).value();
    state.PauseTiming();
    log->writer().write(commit).value();
    log->writer().sync().value();
    log->acknowledge(std::move(commit));
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRecords));
}
BENCHMARK(LogStage)->Iterations(2000);

/// An event that no segment knows, asked of as many sealed segments as the argument says.
void FindAbsentEvent(benchmark::State& state) {
  os::SimulatedDisk disk;
  OpenReport report;
  LogOptions options;
  options.segment_bytes = 4 << 20;
  auto log = std::move(Log::open(disk, options, report)).value();
  Batches batches;
  const auto segments = static_cast<size_t>(state.range(0));
  while (log->view().segments == nullptr || disk.list()->size() <= segments) {
    log->append_commit(batches.next()).value();
  }
  uint64_t i = 0;
  for (auto _ : state) {
    ++i;
    const Hash128 absent{i * 0x9E3779B97F4A7C15u, i * 0xC2B2AE3D27D4EB4Fu};
    benchmark::DoNotOptimize(log->find_event(absent, {}));
  }
}
BENCHMARK(FindAbsentEvent)->Arg(1)->Arg(16)->Arg(64);

}  // namespace
}  // namespace hence::log

BENCHMARK_MAIN();

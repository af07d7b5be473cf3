// SPDX-License-Identifier: Apache-2.0
// What a large value costs that stays the same while its instance goes on: a workflow with an input
// of so many KiB and 200 waits, on the store on disk, with the value whole in its row, by its hash,
// and, for the store's part, in a file of its own. docs/adr/0012-large-values-by-hash.md.
//
//   bin/values_bench [FOLDER]

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "engine/engine.h"
#include "json/parse.h"
#include "log/sha256.h"
#include "os/real_disk.h"
#include "os/simulated_disk.h"
#include "store/rocks_store.h"

namespace hence::engine {
namespace {

constexpr int kSteps = 200;
constexpr const char* kWorkflow = R"(
document: {dsl: 1.0.3, namespace: bench, name: steps, version: 1.0.0}
do:
  - each:
      for: {each: i, in: "${ [range(200)] }"}
      do: [{pause: {wait: PT1S}}]
)";

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Bytes this process has handed to the disk.
uint64_t written_bytes() {
  uint64_t bytes = 0;
  if (FILE* file = std::fopen("/proc/self/io", "r")) {
    char line[128];
    while (std::fgets(line, sizeof line, file) != nullptr) {
      unsigned long long value = 0;
      if (std::sscanf(line, "wchar: %llu", &value) == 1) bytes = value;
    }
    std::fclose(file);
  }
  return bytes;
}

template <typename T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message().c_str());
  std::exit(1);
}

struct Bench {
  os::SimulatedDisk disk;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<Engine> engine;
  UtcTime now{1'800'000'000'000'000};
  uint64_t random = 1;

  Bench(const std::string& folder, size_t large_bytes, uint64_t file_bytes) {
    store::RocksOptions rocks;
    rocks.folder = folder;
    rocks.file_value_bytes = file_bytes;
    store = must(store::open_rocks_store(rocks));
    log::OpenReport report;
    log = must(log::Log::open(disk, {}, report));
    EngineOptions options;
    options.large_value_bytes = large_bytes;
    engine = must(Engine::open(*store, *log, options));
  }
  void run(Command command) {
    command.now = now;
    command.random = ++random;
    std::vector<Command> commands;
    commands.push_back(std::move(command));
    const Batch batch = must(engine->decide(std::move(commands)));
    if (batch.records.empty()) return;
    const log::CommitResult commit = must(log->append_commit(batch.views()));
    if (!engine->durable(commit.end).ok()) std::exit(1);
  }
  void start(size_t bytes) {
    ApplyResources apply;
    for (const resource::Resource& r : resource::parse_resources(kWorkflow).resources) {
      apply.changes.push_back({r.resource_namespace, std::string(resource::kind_name(r.kind)), r.name, r.document, r.digest});
    }
    apply.compiled = must(Definitions::build(*engine->definitions(), 1, apply.changes, now));
    Command command;
    command.body = std::move(apply);
    run(std::move(command));
    StartInstance begin;
    begin.workflow = "bench/steps";
    begin.input = must(json::parse("{\"text\":\"" + std::string(bytes, 'x') + "\"}"));
    command = {};
    command.body = std::move(begin);
    run(std::move(command));
  }
  void step() {
    now = *engine->next_timer();
    for (const Partition partition : engine->partitions_due(now)) {
      Command command;
      command.body = TimersDue{partition};
      run(std::move(command));
    }
  }
};

void measure(const std::string& parent, const char* name, size_t bytes, size_t large_bytes, uint64_t file_bytes) {
  const std::string folder = parent + "/values_bench_" + std::to_string(getpid());
  std::filesystem::remove_all(folder);
  {
    Bench bench(folder, large_bytes, file_bytes);
    bench.start(bytes);
    const double cpu = cpu_seconds();
    const uint64_t written = written_bytes();
    for (int i = 0; i < kSteps - 1; ++i) bench.step();
    if (!bench.store->flush().ok()) std::exit(1);
    std::printf("%5zu KiB  %-34s %8.0f us of CPU a step  %8.1f MB to the store's files\n", bytes >> 10, name,
                (cpu_seconds() - cpu) / kSteps * 1e6, static_cast<double>(written_bytes() - written) / 1e6);
  }
  std::filesystem::remove_all(folder);
}

/// A file per value, durable before the row that refers to it: written, synced, renamed, folder synced.
void measure_files(const std::string& parent, size_t bytes) {
  const std::string folder = parent + "/values_bench_" + std::to_string(getpid());
  const auto disk = must(os::RealDisk::open_folder(folder));
  constexpr int kFiles = 50;
  const double begin = now_seconds();
  for (int i = 0; i < kFiles; ++i) {
    const std::string text = std::to_string(i) + std::string(bytes, 'x');
    const std::string name = log::to_hex(log::sha256(text));
    const auto file = must(disk->open(name + ".new", os::OpenMode::existing_or_new));
    if (!file->write_at(0, text).ok() || !file->sync_data().ok() || !disk->rename(name + ".new", name).ok()) std::exit(1);
  }
  std::printf("%5zu KiB  %-34s %8.0f us a value, elapsed\n", bytes >> 10, "a file of its own, synced",
              (now_seconds() - begin) / kFiles * 1e6);
  std::filesystem::remove_all(folder);
}

/// A row per value in the store, which the log's sync makes good.
void measure_rows(const std::string& parent, size_t bytes) {
  const std::string folder = parent + "/values_bench_" + std::to_string(getpid());
  store::RocksOptions options;
  options.folder = folder;
  {
    const auto store = must(store::open_rocks_store(options));
    constexpr int kRows = 50;
    const double begin = now_seconds();
    for (int i = 0; i < kRows; ++i) {
      std::string text = std::to_string(i) + std::string(bytes, 'x');
      store::WriteBatch batch;
      const log::Digest hash = log::sha256(text);
      batch.put(store::Family::state, std::string(hash.begin(), hash.end()), std::move(text));
      if (!store->apply(batch).ok()) std::exit(1);
    }
    std::printf("%5zu KiB  %-34s %8.0f us a value, elapsed\n", bytes >> 10, "a row of the store",
                (now_seconds() - begin) / kRows * 1e6);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hence::engine

int main(int count, char** words) {
  using namespace hence::engine;
  const std::string parent = count > 1 ? words[1] : ".";
  for (const size_t bytes : {size_t{100} << 10, size_t{1} << 20}) {
    measure(parent, "whole in its row, no value files", bytes, SIZE_MAX, UINT64_MAX);
    measure(parent, "whole in its row, value files", bytes, SIZE_MAX, kLargeValueBytes);
    measure(parent, "by its hash, no value files", bytes, kLargeValueBytes, UINT64_MAX);
    measure(parent, "by its hash, value files", bytes, kLargeValueBytes, kLargeValueBytes);
    measure_files(parent, bytes);
    measure_rows(parent, bytes);
  }
  return 0;
}

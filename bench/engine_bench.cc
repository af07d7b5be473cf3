// SPDX-License-Identifier: Apache-2.0
// What an event costs each step between its text and the answer, in processor time of one thread:
// batches as `hence bench ingest` sends them, through the functions the server calls.
//
//   HENCE_BENCH_DIR=/folder/on/the/disk bin/engine_bench [BATCHES [ingest|plain|workflow]]

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "cli/bench/events.h"
#include "cli/bench/facts.h"
#include "engine/engine.h"
#include "os/real_disk.h"
#include "resource/read.h"
#include "store/rocks_store.h"

namespace {

using namespace hence;

constexpr size_t kBatchEvents = 1'600;

/// Adds up the thread's time by step.
class Steps {
 public:
  template <typename Step>
  auto time(const char* name, Step step) {
    const double began = cli::bench::thread_cpu_seconds();
    auto result = step();
    seconds_[name] += cli::bench::thread_cpu_seconds() - began;
    return result;
  }
  void print(double events) const {
    double total = 0;
    for (const auto& [name, seconds] : seconds_) {
      std::printf("%-12s %8.3f us an event\n", name.c_str(), seconds / events * 1e6);
      total += seconds;
    }
    std::printf("%-12s %8.3f us an event\n", "all", total / events * 1e6);
  }

 private:
  std::map<std::string, double> seconds_;
};

struct World {
  explicit World(const std::string& folder) {
    disk = std::move(os::RealDisk::open_folder(folder + "/log")).value();
    store::RocksOptions rocks;
    rocks.folder = folder + "/state";
    store = std::move(store::open_rocks_store(rocks)).value();
    log::OpenReport opened;
    log = std::move(log::Log::open(*disk, {}, opened)).value();
    engine::EngineOptions options;
    options.hash_key = {1, 2};
    engine = std::move(engine::Engine::open(*store, *log, options)).value();
  }

  void apply(const std::string& yaml) {
    resource::Parsed parsed = resource::parse_resources(yaml);
    engine::ApplyResources body;
    for (const resource::Resource& r : parsed.resources) {
      body.changes.push_back({r.resource_namespace, std::string(resource::kind_name(r.kind)), r.name, r.document, r.digest});
    }
    body.compiled = std::move(engine::Definitions::build(*engine->definitions(), 1, body.changes, now)).value();
    std::vector<engine::Command> commands(1);
    commands[0].ticket = 1;
    commands[0].body = std::move(body);
    Steps ignored;
    decide(std::move(commands), ignored);
  }

  void decide(std::vector<engine::Command> commands, Steps& steps) {
    now.micros += 1'000;
    for (engine::Command& command : commands) command.now = now;
    auto batch = steps.time("2 decide", [&] { return engine->decide(std::move(commands)); });
    HENCE_CHECK(batch.ok());
    auto commit = steps.time("3 stage", [&] { return log->stage(batch->views()); });
    HENCE_CHECK(commit.ok());
    steps.time("4 write", [&] { return log->writer().write(*commit).ok(); });
    steps.time("5 sync", [&] { return log->writer().sync().ok(); });
    const Position end = commit->result().end;
    log->acknowledge(std::move(*commit));
    steps.time("6 store", [&] { return engine->durable(end).ok(); });
    steps.time("7 free", [&] {
      batch->records.clear();
      return 0;
    });
  }

  UtcTime now{1'764'325'000'000'000};
  std::unique_ptr<os::Disk> disk;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<engine::Engine> engine;
};

void number(std::string& text, uint64_t value) {
  for (size_t at = text.find('#'); at != std::string::npos; at = text.find('#')) {
    char digits[13];
    std::snprintf(digits, sizeof digits, "%012llu", static_cast<unsigned long long>(value));
    std::memcpy(text.data() + at, digits, 12);
  }
}

void run(World& world, size_t batches, bool plain) {
  Steps steps;
  filter::MatchScratch scratch;
  uint64_t next = 0;
  for (size_t batch = 0; batch < batches; ++batch) {
    std::string text = "[";
    for (size_t i = 0; i < kBatchEvents; ++i) {
      std::string event = cli::bench::order_event(plain ? 0 : i);
      number(event, next++);
      text += (i == 0 ? "" : ",") + event;
    }
    text += "]";
    auto commands = steps.time("1 read", [&] {
      auto events = std::move(event::parse_batch(text)).value();
      std::vector<engine::Command> made;
      made.reserve(events.size());
      for (auto& event : events) {
        engine::Command& command = made.emplace_back();
        command.ticket = made.size();
        engine::IngestEvent& body = command.body.emplace<engine::IngestEvent>();
        body.matched = world.engine->definitions()->match("default", event->value(), world.now, scratch);
        body.event = std::move(*event);
      }
      return made;
    });
    world.decide(std::move(commands), steps);
  }
  steps.print(static_cast<double>(batches * kBatchEvents));
}

}  // namespace

int main(int argc, char** argv) {
  const char* parent = std::getenv("HENCE_BENCH_DIR");
  const std::string folder = std::string(parent ? parent : ".") + "/engine_bench_" + std::to_string(getpid());
  const size_t batches = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 200;
  const std::string kind = argc > 2 ? argv[2] : "ingest";
  {
    World world(folder);
    world.apply(cli::bench::ten_rules());
    run(world, batches, kind == "plain");
  }
  std::filesystem::remove_all(folder);
}

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The engine on a simulated disk and a store in memory, driven one command at a time: the verbs of
// the engine's tests.

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/query.h"
#include "json/parse.h"
#include "os/simulated_disk.h"
#include "store/memory_store.h"

namespace hence::engine {

class TestWorld {
 public:
  explicit TestWorld(EngineOptions options = {}) : options_(options) {
    options_.hash_key = {1, 2};
    reopen();
  }

  /// Opens log and engine on what the disk holds; the store keeps what it had unless lost before.
  void reopen() {
    engine_.reset();
    log_.reset();
    log::LogOptions log_options;
    log_options.segment_bytes = 1 << 20;
    log_options.zero_ahead_bytes = 1 << 16;
    log::OpenReport report;
    auto log = log::Log::open(disk_, log_options, report);
    ASSERT_TRUE(log.ok()) << log.error().message();
    log_ = std::move(*log);
    auto engine = Engine::open(store_, *log_, options_);
    ASSERT_TRUE(engine.ok()) << engine.error().message();
    engine_ = std::move(*engine);
  }
  /// All of the state is lost; the log gives it again.
  void lose_state() {
    store_.crash();
    reopen();
  }

  /// Decides, commits, and gives back what came of it.
  Batch run(Command command) {
    command.now = now;
    command.random = ++random_;
    std::vector<Command> commands;
    commands.push_back(std::move(command));
    auto batch = engine_->decide(std::move(commands));
    EXPECT_TRUE(batch.ok()) << batch.error().message();
    if (!batch.ok()) return {};
    if (!batch->records.empty()) {
      auto commit = log_->append_commit(batch->views());
      EXPECT_TRUE(commit.ok());
      EXPECT_TRUE(engine_->durable(commit->end).ok());
    }
    for (const Effect& effect : batch->effects) effects.push_back(effect);
    return std::move(*batch);
  }

  Reply apply(std::string_view yaml, const std::string& name_space = "default") {
    resource::Parsed parsed = resource::parse_resources(yaml, name_space);
    EXPECT_TRUE(parsed.faults.empty()) << (parsed.faults.empty() ? "" : parsed.faults.to_error().message());
    std::vector<ResourceChange> changes;
    for (const resource::Resource& r : parsed.resources) {
      changes.push_back({r.resource_namespace, std::string(resource::kind_name(r.kind)), r.name, r.document, r.digest});
    }
    return change(std::move(changes));
  }
  Reply remove(std::string_view kind, std::string_view name) {
    return change({{"default", std::string(kind), std::string(name), json::Value(), {}}});
  }
  Reply change(std::vector<ResourceChange> changes) {
    ApplyResources body;
    body.changes = std::move(changes);
    body.base = engine_->definitions()->version();
    auto compiled = Definitions::build(*engine_->definitions(), body.base + 1, body.changes, now);
    EXPECT_TRUE(compiled.ok()) << compiled.error().message();
    if (!compiled.ok()) return {};
    body.compiled = *compiled;
    Command command;
    command.ticket = 1;
    command.body = std::move(body);
    return run(std::move(command)).replies.at(0);
  }

  Reply send(std::string_view event_json) {
    auto event = event::parse_structured(event_json);
    EXPECT_TRUE(event.ok()) << event.error().message();
    Command command;
    command.ticket = 1;
    command.body = IngestEvent{*event, {}, {}};
    return run(std::move(command)).replies.at(0);
  }

  Batch end_attempt(const Effect& effect, Outcome outcome) {
    Command command;
    command.body = AttemptEnded{effect.id, effect.attempt, std::move(outcome)};
    return run(std::move(command));
  }

  /// Moves time and fires what is due, in order.
  void advance(Duration duration) {
    const UtcTime end = now + duration;
    while (true) {
      const auto next = engine_->next_timer();
      if (!next || *next > end) break;
      now = std::max(now, *next);
      for (const Partition partition : engine_->partitions_due(now)) {
        Command command;
        command.body = TimersDue{partition};
        run(std::move(command));
      }
    }
    now = end;
  }

  json::Value query(const std::function<Result<json::Value>(Query&)>& ask) {
    const auto snapshot = store_.snapshot();
    log::LogReader reader(disk_, log_->view());
    Query query({*snapshot, reader, engine_->definitions(), options_.hash_key, options_.partitions});
    auto answer = ask(query);
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    return answer.ok() ? *answer : json::Value();
  }
  json::Value explain(Address address) {
    return query([&](Query& q) { return q.explain("default", address); });
  }
  json::Value instances_of(Address event) {
    return query([&](Query& q) { return q.instances_of("default", event); });
  }

  /// A record of the control partition that no engine of this version makes.
  void append_fact_to_control(const Fact& fact) {
    OwnedRecord record;
    record.address = {kControlPartition, 1};
    record.time = now;
    append_fact(record.payload, fact);
    Batch batch;
    batch.records.push_back(std::move(record));
    ASSERT_TRUE(log_->append_commit(batch.views()).ok());
  }
  Status try_open() {
    engine_.reset();
    const auto engine = Engine::open(store_, *log_, options_);
    return engine.ok() ? Status() : Status(engine.error());
  }

  /// Retention drops all of the log but the file that is being written.
  void drop_log() {
    const auto dropped = log_->drop({.not_before = {}, .bytes_max = 0, .keep_from = log_->durable()});
    ASSERT_TRUE(dropped.ok()) << dropped.error().message();
    ASSERT_GT(*dropped, 0u);
  }

  Engine& engine() { return *engine_; }
  store::MemoryStore& store() { return store_; }
  /// Rows of one table of the state, in all partitions.
  size_t count_rows(char table) {
    size_t count = 0;
    EXPECT_TRUE(store_.scan(store::Family::state, {}, [&](std::string_view key, std::string_view) {
      count += key.size() > 2 && key[2] == table ? 1 : 0;
      return true;
    }).ok());
    return count;
  }

  UtcTime now = {1'800'000'000'000'000};
  std::vector<Effect> effects;  ///< handed out so far

 private:
  EngineOptions options_;
  os::SimulatedDisk disk_;
  store::MemoryStore store_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<Engine> engine_;
  uint64_t random_ = 0;
};

}  // namespace hence::engine

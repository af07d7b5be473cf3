// SPDX-License-Identifier: Apache-2.0
#include "server/engine_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "json/parse.h"
#include "os/real_disk.h"
#include "store/memory_store.h"

namespace hence::server {
namespace {

class EngineThreadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "hence-engine-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    open({});
  }
  void TearDown() override {
    close();
    std::filesystem::remove_all(folder_);
  }
  void open(EngineThreadOptions options, size_t batch_bytes_max = engine::EngineOptions{}.batch_bytes_max) {
    disk_ = std::move(*os::RealDisk::open_folder(folder_));
    log::LogOptions log_options;
    log_options.segment_bytes = 1 << 20;
    log_options.zero_ahead_bytes = 64 << 10;
    log::OpenReport report;
    log_ = std::move(*log::Log::open(*disk_, log_options, report));
    store_ = std::make_unique<store::MemoryStore>();  // nothing kept: the log gives the state again
    engine::EngineOptions engine_options;
    engine_options.hash_key = {3, 4};
    engine_options.batch_bytes_max = batch_bytes_max;
    engine_ = std::move(*engine::Engine::open(*store_, *log_, engine_options));
    if (options.disk_reserve_bytes == EngineThreadOptions{}.disk_reserve_bytes) options.disk_reserve_bytes = 0;
    thread_ = std::make_unique<EngineThread>(*engine_, *log_, *store_, *disk_, clock_, options);
  }
  void close() {
    thread_.reset();
    engine_.reset();
    log_.reset();
  }
  static engine::Command ingest(const std::string& id) {
    engine::Command command;
    command.body = engine::IngestEvent{
        *event::parse_structured(R"({"specversion":"1.0","id":")" + id + R"(","source":"/t","type":"a.b","data":1})"), {}, {}};
    return command;
  }

  std::string folder_;
  os::SystemClock clock_;
  std::unique_ptr<os::Disk> disk_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<store::MemoryStore> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<EngineThread> thread_;
};

TEST_F(EngineThreadTest, AnswersEveryCommandAndWhatItAnsweredIsThereAfterwards) {
  constexpr int kThreads = 4, kEach = 300;
  thread_->start();
  std::mutex mutex;
  std::set<Address> acknowledged;
  std::atomic<int> answered{0};
  std::vector<std::thread> producers;
  for (int t = 0; t < kThreads; ++t) {
    producers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const Status status = thread_->submit(ingest(std::to_string(t) + "-" + std::to_string(i)), 100, true,
                                              [&](const engine::Reply& reply) {
          const std::lock_guard lock(mutex);
          acknowledged.insert(reply.address);
          ++answered;
        });
        ASSERT_TRUE(status.ok());
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  thread_->stop();  // finishes what is queued
  EXPECT_EQ(answered, kThreads * kEach);
  EXPECT_EQ(acknowledged.size(), static_cast<size_t>(kThreads * kEach));
  close();
  open({});
  for (const Address& address : acknowledged) {
    const auto record = log_->find(address);
    ASSERT_TRUE(record.ok() && record->has_value()) << address.to_string();
  }
  thread_->start();
  std::promise<engine::Reply> again;
  ASSERT_TRUE(thread_->submit(ingest("0-0"), 100, true, [&](const engine::Reply& reply) { again.set_value(reply); }).ok());
  EXPECT_TRUE(again.get_future().get().duplicate);
}

/// Whether a batch takes all there is or one command at a time.
class EngineThreadBatches : public EngineThreadTest, public ::testing::WithParamInterface<size_t> {};
INSTANTIATE_TEST_SUITE_P(WholeAndTiny, EngineThreadBatches, ::testing::Values(64 << 20, 1));

TEST_P(EngineThreadBatches, AnswersEachGroupWithItsOwnRepliesInOrder) {
  close();
  open({}, GetParam());
  const auto group = [](std::initializer_list<const char*> ids) {
    std::vector<engine::Command> commands;
    for (const char* id : ids) commands.push_back(ingest(id));
    return commands;
  };
  std::vector<engine::Reply> first, last;
  std::optional<engine::Reply> single;
  const auto keep = [](std::vector<engine::Reply>& to) {
    return [&to](std::span<const engine::Reply> replies) { to.assign(replies.begin(), replies.end()); };
  };
  thread_->submit_all(group({"a", "b", "a"}), 300, true, keep(first));
  ASSERT_TRUE(thread_->submit(ingest("unasked"), 100, true, {}).ok());
  ASSERT_TRUE(thread_->submit(ingest("b"), 100, true, [&](const engine::Reply& reply) { single = reply; }).ok());
  thread_->submit_all(group({"c", "a"}), 200, true, keep(last));
  thread_->start();
  thread_->stop();
  ASSERT_EQ(first.size(), 3u);
  EXPECT_FALSE(first[0].duplicate || first[1].duplicate);
  EXPECT_TRUE(first[2].duplicate && first[2].address == first[0].address);
  ASSERT_TRUE(single.has_value());
  EXPECT_TRUE(single->duplicate && single->address == first[1].address);
  ASSERT_EQ(last.size(), 2u);
  EXPECT_FALSE(last[0].duplicate);
  EXPECT_TRUE(last[1].duplicate && last[1].address == first[0].address);
}

TEST_F(EngineThreadTest, RefusesNewWorkBeyondItsQueueButNeverResults) {
  close();
  EngineThreadOptions options;
  options.queue_commands_max = 2;
  open(options);  // not started: the queue stays
  EXPECT_TRUE(thread_->submit(ingest("1"), 100, true, {}).ok());
  EXPECT_TRUE(thread_->submit(ingest("2"), 100, true, {}).ok());
  const Status refusal = thread_->submit(ingest("3"), 100, true, {});
  EXPECT_EQ(refusal.error().code(), ErrorCode::Overloaded);
  EXPECT_NE(refusal.error().message().find("limits.queueCommands"), std::string::npos) << refusal.error().message();
  EXPECT_TRUE(thread_->submit(ingest("4"), 100, false, {}).ok());
  std::vector<engine::Command> several;
  several.push_back(ingest("5"));
  several.push_back(ingest("6"));
  size_t refused = 0;
  thread_->submit_all(std::move(several), 200, true, [&](std::span<const engine::Reply> replies) {
    for (const engine::Reply& reply : replies) refused += reply.error ? 1 : 0;
  });
  EXPECT_EQ(refused, 2u);
  thread_->start();
}

TEST_F(EngineThreadTest, RefusesMoreBytesThanItsQueueMayHold) {
  close();
  EngineThreadOptions options;
  options.queue_bytes_max = 150;
  open(options);  // not started: the queue stays
  EXPECT_TRUE(thread_->submit(ingest("1"), 100, true, {}).ok());
  const Status refusal = thread_->submit(ingest("2"), 100, true, {});
  EXPECT_EQ(refusal.error().code(), ErrorCode::Overloaded);
  EXPECT_NE(refusal.error().message().find("limits.queueBytes"), std::string::npos) << refusal.error().message();
  thread_->start();
}

TEST_F(EngineThreadTest, RefusesNewEventsWhileTheDiskIsLowAndTakesThemAgain) {
  close();
  EngineThreadOptions options;
  options.disk_reserve_bytes = UINT64_MAX;
  options.disk_check_interval = Duration::milliseconds(1);
  open(options);
  thread_->start();
  const auto low = [&](bool wanted) {
    for (int i = 0; i < 5'000 && thread_->counters().disk_low != wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return thread_->counters().disk_low == wanted;
  };
  ASSERT_TRUE(low(true));
  EXPECT_EQ(thread_->submit(ingest("1"), 100, true, {}).error().code(), ErrorCode::DiskFull);
  thread_->set_disk_reserve(0);
  ASSERT_TRUE(low(false));
  EXPECT_TRUE(thread_->submit(ingest("1"), 100, true, {}).ok());
}

TEST_F(EngineThreadTest, TellsWhenAnAddressIsAppliedOrPatienceEnds) {
  thread_->start();
  std::promise<engine::Reply> reply;
  ASSERT_TRUE(thread_->submit(ingest("1"), 100, true, [&](const engine::Reply& r) { reply.set_value(r); }).ok());
  const Address address = reply.get_future().get().address;
  std::promise<bool> applied, never, nowhere;
  thread_->when_applied(address, Duration::seconds(5), [&](bool yes) { applied.set_value(yes); });
  EXPECT_TRUE(applied.get_future().get());
  thread_->when_applied({address.partition, 999}, Duration::milliseconds(5), [&](bool yes) { never.set_value(yes); });
  EXPECT_FALSE(never.get_future().get());
  thread_->when_applied({5'000, 1}, Duration::seconds(5), [&](bool yes) { nowhere.set_value(yes); });
  EXPECT_FALSE(nowhere.get_future().get());
}

TEST_F(EngineThreadTest, LongInstancesLeaveRoomForOthers) {
  engine::ApplyResources applied;
  for (const auto& [name, count] : {std::pair("long", "200000"), {"short", "5000"}}) {
    const std::string text = "document: {dsl: 1.0.3, namespace: t, name: " + std::string(name) + ", version: 1.0.0}\n"
        "do:\n- all: {for: {in: '${ [range(" + std::string(count) + ")] }'}, do: [{one: {set: {n: 1}}}]}\n"
        "- tell: {emit: {event: {with: {source: /t, type: told}}}}\n";
    for (const resource::Resource& one : resource::parse_resources(text, "default").resources) {
      applied.changes.push_back({one.resource_namespace, std::string(resource::kind_name(one.kind)), one.name, one.document, one.digest});
    }
  }
  applied.compiled = *engine::Definitions::build(*engine_->definitions(), 1, applied.changes, clock_.now());
  const auto start = [](const std::string& workflow) {  // one key, one partition: in the order they are started
    engine::Command command;
    command.body = engine::StartInstance{workflow, *json::parse("{}"), "k", {}, engine::StartInstance::OnConflict::existing};
    return command;
  };
  constexpr size_t kLong = 9;  // one more than a batch goes on with
  thread_->start();
  engine::Command apply;
  apply.body = std::move(applied);
  ASSERT_TRUE(thread_->submit(std::move(apply), 100, true, {}).ok());
  for (size_t i = 0; i < kLong; ++i) ASSERT_TRUE(thread_->submit(start("t/long"), 100, true, {}).ok());
  ASSERT_TRUE(thread_->submit(start("t/short"), 100, true, {}).ok());
  const os::MonotonicTime late = clock_.monotonic() + Duration::seconds(60);
  while (thread_->counters().events == 0 && clock_.monotonic() < late) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  thread_->stop();
  EXPECT_EQ(engine_->continuing().size(), kLong) << "the short one ended first";
}

TEST_F(EngineThreadTest, TakesNothingAfterStop) {
  thread_->start();
  thread_->stop();
  EXPECT_EQ(thread_->submit(ingest("1"), 100, true, {}).error().code(), ErrorCode::ShuttingDown);
}

}  // namespace
}  // namespace hence::server

// SPDX-License-Identifier: Apache-2.0
// Compressing and dropping beside an engine at work.

#include "server/housekeeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>

#include "log/verify.h"
#include "os/real_disk.h"
#include "store/rocks_store.h"

namespace hence::server {
namespace {

class HousekeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "hence-keeper-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    data_.emplace(std::move(*DataFolder::open(folder_, 4)));
    disk_ = std::move(*os::RealDisk::open_folder(data_->log_path()));
    log::LogOptions log_options;
    log_options.segment_bytes = 64 << 10;
    log::OpenReport report;
    log_ = std::move(*log::Log::open(*disk_, log_options, report));
    engine::EngineOptions engine_options;
    engine_options.hash_key = {3, 4};
    store::RocksOptions store_options;
    store_options.folder = data_->state_path();
    store_ = std::move(*store::open_rocks_store(store_options));
    engine_ = std::move(*engine::Engine::open(*store_, *log_, engine_options));
    EngineThreadOptions options;
    options.disk_reserve_bytes = 0;
    options.segment_bytes = log_options.segment_bytes;
    thread_ = std::make_unique<EngineThread>(*engine_, *log_, *store_, *disk_, clock_, options);
    thread_->start();
  }
  void TearDown() override {
    keeper_.reset();
    thread_.reset();
    engine_.reset();
    store_.reset();
    data_.reset();
    std::filesystem::remove_all(folder_);
  }
  void keep_house(HousekeeperOptions options) {
    options.interval = Duration::milliseconds(5);
    options.checkpoint_folder = checkpoints();
    keeper_ = std::make_unique<Housekeeper>(*thread_, *log_, *store_, *disk_, clock_, options, &*data_);
    keeper_->start();
  }
  std::string checkpoints() const { return folder_ + "/checkpoints"; }
  /// Events of a kilobyte, each durable before the next.
  Address ingest(int count) {
    Address last;
    for (int i = 0; i < count; ++i) {
      engine::Command command;
      const std::string text = R"({"specversion":"1.0","id":")" + std::to_string(++events_) +
                               R"(","source":"/t","type":"a.b","data":")" + std::string(1000, 'x') + "\"}";
      command.body = engine::IngestEvent{*event::parse_structured(text), {}, {}};
      std::promise<Address> answered;
      EXPECT_TRUE(thread_->submit(std::move(command), 1000, true,
                                  [&](const engine::Reply& reply) { answered.set_value(reply.address); }).ok());
      last = answered.get_future().get();
    }
    return last;
  }
  /// Waits, at most ten seconds, for a report that is as wanted.
  template <typename Wanted>
  bool reports(Wanted wanted) {
    for (int i = 0; i < 2000; ++i) {
      if (wanted(keeper_->report())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  std::string folder_;
  std::optional<DataFolder> data_;
  os::SystemClock clock_;
  std::unique_ptr<os::Disk> disk_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<EngineThread> thread_;
  std::unique_ptr<Housekeeper> keeper_;
  int events_ = 0;
};

TEST_F(HousekeeperTest, CompressesWhatIsSealedWhileEventsComeIn) {
  keep_house({});
  ingest(300);
  EXPECT_TRUE(reports([](const auto& report) { return report.segments_compressed >= 4; }));
  keeper_->stop();
  thread_->stop();
  const auto verified = log::verify(*disk_);
  ASSERT_TRUE(verified.ok());
  EXPECT_FALSE(verified->damage) << verified->damage->to_string();
  EXPECT_GE(verified->compressed, 4u);
  EXPECT_EQ(verified->records, 300u);
}

TEST_F(HousekeeperTest, KeepsTheLogWithinItsBytesAndReadersSaySo) {
  HousekeeperOptions options;
  options.compress = false;
  options.retention.bytes = 200 << 10;
  keep_house(options);
  ingest(600);
  EXPECT_TRUE(reports([](const auto& report) {
    return report.segments_dropped >= 4 && report.log_bytes <= 200 << 10;
  }));
  const api::ReadView view = thread_->read_view();
  const auto first = log::Cursor::open(*disk_, view.log, {0});
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code(), ErrorCode::BeyondRetention);
}

TEST_F(HousekeeperTest, ANewRetentionTakesEffectWhileRunning) {
  keep_house({});
  ingest(200);
  EXPECT_EQ(keeper_->report().segments_dropped, 0u);
  log::RetentionPolicy policy;
  policy.age = Duration{0};
  keeper_->set_retention(policy);
  EXPECT_TRUE(reports([](const auto& report) { return report.segments_dropped >= 2; }));
}

TEST_F(HousekeeperTest, ForgettingWhatIsOverLeavesTheRestAlone) {
  HousekeeperOptions options;
  options.retention.instances = Duration{0};
  keep_house(options);
  const Address last = ingest(50);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  keeper_->stop();
  const api::ReadView view = thread_->read_view();
  EXPECT_TRUE(*log::LogReader(*disk_, view.log).find(last));
}

TEST_F(HousekeeperTest, RemovesTheCheckpointsThatACrashLeftUnfinished) {
  std::filesystem::create_directories(checkpoints() + "/.unfinished-a/log");
  std::filesystem::create_directories(checkpoints() + "/.unfinished-b/state");
  keep_house({});
  keeper_->stop();  // not before the first look
  EXPECT_TRUE(std::filesystem::is_empty(checkpoints()));
}

TEST_F(HousekeeperTest, WhileACheckpointIsMadeAnotherIsRefusedAtOnce) {
  keep_house({});
  ingest(100);
  std::promise<void> entered, held;
  std::thread holder([&] {
    thread_->aside([&] {
      entered.set_value();
      held.get_future().wait();
    });
  });
  entered.get_future().wait();  // now no checkpoint comes to its mark
  std::future<Result<CheckpointInfo>> asked[2];
  for (int i = 0; i < 2; ++i) {
    asked[i] = std::async(std::launch::async, [this, i] { return keeper_->checkpoint(i == 0 ? "a" : "b"); });
  }
  const auto answered = [&](int i) { return asked[i].wait_for(std::chrono::seconds(0)) == std::future_status::ready; };
  for (int i = 0; i < 2000 && !answered(0) && !answered(1); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const int refused = answered(0) ? 0 : 1;
  EXPECT_TRUE(answered(refused)) << "both wait for the disk";
  EXPECT_FALSE(answered(1 - refused));
  held.set_value();
  holder.join();
  const Result<CheckpointInfo> second = asked[refused].get();
  EXPECT_FALSE(second.ok());
  if (!second.ok()) {
    EXPECT_EQ(second.error().code(), ErrorCode::Conflict);
    EXPECT_NE(second.error().message().find("a checkpoint is being made already"), std::string::npos);
  }
  const Result<CheckpointInfo> first = asked[1 - refused].get();
  EXPECT_TRUE(first.ok()) << first.error().message();
  EXPECT_TRUE(keeper_->checkpoint("c").ok()) << "it is done: the next may be made";
  EXPECT_EQ(list_checkpoints(checkpoints())->size(), 2u);
}

TEST_F(HousekeeperTest, AnAsideAfterTheEndIsRefused) {
  thread_->stop();
  EXPECT_FALSE(thread_->aside([] { FAIL(); }));
}

}  // namespace
}  // namespace hence::server

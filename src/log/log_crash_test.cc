// SPDX-License-Identifier: Apache-2.0
// Random commits, crashes of program and machine, faults of the disk; the oracle is a vector. After
// every opening each acknowledged record is there, in order, and what else is there was staged.

#include <cstdlib>
#include <map>

#include "log/compress.h"
#include "log/log_fixture.h"

namespace hence::log {
namespace {

class LogCrashTest : public LogFixture, public testing::WithParamInterface<uint64_t> {
 protected:
  uint64_t below(uint64_t n) { return os::below(random, n); }

  void run(uint64_t seed) {
    random = os::SimulatedRandom(seed);
    options.zero_ahead_bytes = 4096 << below(6);
    if (below(3) == 0) options.zeroed_commit_bytes_max = below(3) * 2048;  // commits extend the file
    options.segment_bytes = (64 << 10) << below(2);
    open();
    for (int step = 0; step < 42 && !HasFatalFailure(); ++step) {
      const uint64_t choice = below(21);
      if (choice < 12) write_some();
      else if (choice < 14) restart(/*power_fails=*/false);
      else if (choice < 18) restart(/*power_fails=*/true);
      else if (choice == 18) disk.fail_write(1 + below(4));
      else if (choice == 19) compress_some();
      else disk.fail_sync(1 + below(3));
    }
    restart(true);
    expect_verifies();
  }

  void write_some() {
    if (broken) return;
    std::vector<Commit> commits;
    for (uint64_t i = 0, n = 1 + below(3); i < n; ++i) commits.push_back(stage_some());
    for (Commit& staged : commits) {
      if (!log->writer().write(staged).ok()) return void(broken = true);
      if (below(8) == 0 && !log->writer().prepare().ok()) return void(broken = true);
    }
    if (below(10) == 0) return void(broken = true);  // the program dies before the sync
    if (!log->writer().sync().ok()) return void(broken = true);
    for (Commit& staged : commits) log->acknowledge(std::move(staged));
    acknowledged = staged_payloads.size();
    if (below(10) == 0 && !prepare_spare_segment(disk, options.segment_bytes).ok()) broken = true;
  }

  /// In the places a crash may fall: while it is made, made and not taken, taken.
  void compress_some() {
    const auto base = log->next_to_compress();
    if (broken || !base) return;
    auto made = compress_segment(disk, *base);
    if (!made.ok() || below(4) == 0) return;
    broken = !log->take_compressed(std::move(made).value()).ok();
  }

  Commit stage_some() {
    std::vector<std::string> payloads;
    const uint64_t count = 1 + below(4);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t size = below(4) == 0 ? below(20'000) : below(700);
      payloads.push_back(std::to_string(counter++) + ":" + std::string(size, 'p'));
    }
    std::vector<Record> records;
    std::map<Partition, uint64_t> more;
    for (const std::string& payload : payloads) {
      const auto partition = static_cast<Partition>(below(3));
      records.push_back(record(payload, partition));
      records.back().header.address.sequence += more[partition]++;
      staged_payloads.push_back(payload);
      addresses.push_back(records.back().header.address);
    }
    return *log->stage(records);
  }

  void restart(bool power_fails) {
    log.reset();
    // A simulated write fails in the middle of a sector. Of bytes that open writes once more, over
    // equal ones, that would make a mixture that disks, whose sectors are whole, cannot show.
    disk.fail_write(0);
    if (power_fails) disk.crash(random);
    auto opened = try_open();
    if (!opened.ok() && opened.error().code() == ErrorCode::DiskFailed) {
      disk.crash(random);
      opened = try_open();
    }
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    log = std::move(opened).value();
    broken = false;
    check_contents();
  }

  void check_contents() {
    auto cursor = log->read_from(log->begin());
    ASSERT_TRUE(cursor.ok()) << cursor.error().message();
    size_t count = 0;
    while (true) {
      auto entry = cursor->next();
      ASSERT_TRUE(entry.ok()) << entry.error().message();
      if (!*entry) break;
      ASSERT_LT(count, staged_payloads.size());
      ASSERT_EQ((*entry)->record.payload, staged_payloads[count]);
      ASSERT_EQ((*entry)->record.header.address, addresses[count]);
      ++count;
    }
    ASSERT_GE(count, acknowledged) << "an acknowledged record is gone";
    staged_payloads.resize(count);
    addresses.resize(count);
    acknowledged = count;
    if (count == 0) return;
    const size_t any = below(count);
    auto found = log->find(addresses[any]);
    ASSERT_TRUE(found.ok() && *found);
    ASSERT_EQ((*found)->payload(), staged_payloads[any]);
    ASSERT_EQ(*log->find_event(event_of(staged_payloads[any]), {}), addresses[any]);
  }

  os::SimulatedRandom random{0};
  bool broken = false;
  uint64_t counter = 0;
  size_t acknowledged = 0;
  std::vector<std::string> staged_payloads;
  std::vector<Address> addresses;
};

TEST_P(LogCrashTest, LosesNothingAcknowledged) { run(GetParam()); }

/// HENCE_SEEDS runs more.
uint64_t seed_count() {
  const char* asked = std::getenv("HENCE_SEEDS");
  return asked ? std::strtoull(asked, nullptr, 10) : 1000;
}
INSTANTIATE_TEST_SUITE_P(Seeds, LogCrashTest, testing::Range<uint64_t>(1, 1 + seed_count()));

}  // namespace
}  // namespace hence::log

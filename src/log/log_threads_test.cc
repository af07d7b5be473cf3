// SPDX-License-Identifier: Apache-2.0
// The log as the server uses it: staging, writing and reading on three threads that hand over
// values. The locks are the test's; the thread sanitizer says whether they are enough.

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "log/log.h"
#include "os/real_disk.h"

namespace hence::log {
namespace {

/// A queue between two threads; none ends it.
class Queue {
 public:
  void push(std::optional<Commit> commit) {
    const std::lock_guard lock(mutex_);
    commits_.push_back(std::move(commit));
    changed_.notify_one();
  }
  std::optional<Commit> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !commits_.empty(); });
    auto commit = std::move(commits_.front());
    commits_.pop_front();
    return commit;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::optional<Commit>> commits_;
};

/// What readers are given: the newest view.
struct Published {
  std::mutex mutex;
  std::condition_variable changed;
  LogView view;

  void set(LogView newer) {
    const std::lock_guard lock(mutex);
    view = std::move(newer);
    changed.notify_all();
  }
  LogView wait_beyond(Position position) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return view.end > position; });
    return view;
  }
};

constexpr uint64_t kCommits = 120;

void write_all(LogWriter& writer, Queue& staged, Queue& written) {
  while (auto commit = staged.pop()) {
    ASSERT_TRUE(writer.write(*commit).ok());
    ASSERT_TRUE(writer.sync().ok());
    written.push(std::move(commit));
  }
}

void read_all(os::Disk& disk, Published& published) {
  LogView view = published.wait_beyond({0});
  LogReader reader(disk, view);
  auto cursor = reader.read_from({0});
  ASSERT_TRUE(cursor.ok());
  uint64_t read = 0;
  while (read < kCommits) {
    auto entry = cursor->next();
    ASSERT_TRUE(entry.ok()) << entry.error().message();
    if (!*entry) {
      view = published.wait_beyond(cursor->position());
      cursor->refresh(view);
      reader.refresh(view);
      continue;
    }
    const Address address = (*entry)->record.header.address;
    ASSERT_EQ(address.sequence, ++read);
    auto found = reader.find(address);
    ASSERT_TRUE(found.ok() && *found);
  }
}

TEST(LogThreadsTest, StagesWritesAndReadsOnThreeThreads) {
  const std::string folder = testing::TempDir() + "hence_log_threads_" + std::to_string(getpid());
  std::filesystem::remove_all(folder);
  {
    auto disk = std::move(os::RealDisk::open_folder(folder)).value();
    OpenReport report;
    LogOptions options;
    options.segment_bytes = 64 << 10;
    auto log = std::move(Log::open(*disk, options, report)).value();
    Queue staged;
    Queue written;
    Published published;
    std::thread writer([&] { write_all(log->writer(), staged, written); });
    std::thread reader([&] { read_all(*disk, published); });
    uint64_t in_flight = 0;
    for (uint64_t i = 1; i <= kCommits; ++i) {
      Record record;
      record.header.address = {1, i};
      record.header.event_hash = Hash128{i << 32, i};
      const std::string payload(2000, 'x');
      record.payload = payload;
      staged.push(std::move(log->stage({&record, 1})).value());
      EXPECT_TRUE(log->find_event(Hash128{i << 32, i}, {})->has_value());
      if (++in_flight < 8 && i < kCommits) continue;
      for (; in_flight > (i < kCommits ? 4 : 0); --in_flight) {
        log->acknowledge(*written.pop());
        published.set(log->view());
      }
    }
    staged.push(std::nullopt);
    writer.join();
    reader.join();
    EXPECT_EQ(*log->find_event(Hash128{uint64_t{1} << 32, 1}, {}), (Address{1, 1}));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hence::log

// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/disk_limit.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "log/log.h"
#include "os/real_disk.h"

namespace hence::cli::bench {
namespace {

void wait_until(double moment) {
  std::this_thread::sleep_for(std::chrono::duration<double>(std::max(0.0, moment - seconds_now())));
}

}  // namespace

Result<DiskLimit> measure_disk(const std::string& folder, uint64_t commit_bytes, double seconds, double per_second) {
  constexpr std::string_view kName = "limit";
  HENCE_TRY(const auto disk, os::RealDisk::open_folder(folder));
  HENCE_TRY(const auto file, disk->open(kName, os::OpenMode::existing_or_new));
  DiskLimit limit;
  limit.commit_bytes = std::max<uint64_t>(commit_bytes, 1);
  const uint64_t file_bytes = std::max(log::LogOptions{}.segment_bytes, limit.commit_bytes);
  HENCE_TRY_VOID(file->preallocate_written(file_bytes));
  HENCE_TRY_VOID(file->sync_data());
  const std::string commit(limit.commit_bytes, 'x');
  uint64_t written = 0, offset = 0;
  const double began = seconds_now();
  double now = began;
  while (now - began < seconds) {
    if (per_second > 0) wait_until(began + static_cast<double>(limit.syncs.count()) / per_second);
    if (offset + commit.size() > file_bytes) offset = 0;
    HENCE_TRY_VOID(file->write_at(offset, commit));
    const double before = seconds_now();
    HENCE_TRY_VOID(file->sync_data());
    now = seconds_now();
    limit.syncs.add(now - before);
    offset += commit.size();
    written += commit.size();
  }
  limit.bytes_per_second = static_cast<double>(written) / (now - began);
  HENCE_TRY_VOID(disk->remove(kName));
  return limit;
}

void write_limit(json::Builder& out, const DiskLimit& limit, double value, double bytes_per_second) {
  out.key("limit").begin_object();
  const double share = bytes_per_second > 0 ? limit.bytes_per_second / bytes_per_second : 0;
  out.key("value").number(rounded(value * share, 4));
  out.key("shareReached").number(share > 0 ? rounded(1 / share, 3) : 0);
  out.key("commitBytes").number(static_cast<int64_t>(limit.commit_bytes));
  out.key("bytesPerSecond").number(rounded(limit.bytes_per_second, 4));
  out.key("fdatasyncP50Ms").number(rounded(limit.syncs.millis(0.5), 3));
  out.key("fdatasyncP99Ms").number(rounded(limit.syncs.millis(0.99), 3));
  if (limit.paced_syncs.count() > 0) {
    out.key("pacedFdatasyncP50Ms").number(rounded(limit.paced_syncs.millis(0.5), 3));
    out.key("pacedFdatasyncP99Ms").number(rounded(limit.paced_syncs.millis(0.99), 3));
  }
  out.end_object();
}

}  // namespace hence::cli::bench

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A disk in memory that keeps apart what is durable and what is not, so that a crash can lose the
// latter in every way a real one may: whole writes, single 512-byte sectors of a write, names.
// One thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/clock.h"
#include "os/disk.h"
#include "os/random.h"

namespace hence::os {

inline constexpr uint64_t kSectorBytes = 512;

class SimulatedDisk final : public Disk {
 public:
  /// clock, if given, is advanced by slow syncs; it must outlive the disk.
  explicit SimulatedDisk(SimulatedClock* clock = nullptr);
  ~SimulatedDisk() override;
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
  Result<std::vector<std::string>> list() override;
  Status rename(std::string_view from, std::string_view to) override;
  Status remove(std::string_view name) override;
  Status sync_folder() override;
  Result<uint64_t> free_bytes() override;

  /// The power fails: of what was not synced, a random part is kept, either a prefix of the writes
  /// with the last one torn, or any sectors of any writes. Files open then fail every call.
  void crash(Random& random);

  /// The n-th write (write_at, preallocate_written, truncate) from now fails, half done; 1 is the
  /// next. The others likewise: a failed sync also forgets what it should have made durable.
  void fail_write(uint64_t nth) { write_fault_ = nth; }
  void fail_sync(uint64_t nth) { sync_fault_ = nth; }
  /// Writes beyond this many bytes in all files fail with DiskFull.
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  /// Every sync takes this long on the clock.
  void set_sync_time(Duration duration) { sync_time_ = duration; }
  /// Flips one bit of the durable and the current image: rot on the platter.
  void flip_bit(std::string_view name, uint64_t offset, int bit);

 private:
  friend class SimulatedFile;
  struct Write {
    uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  ///< sets the size to offset instead
  };
  struct Node {
    std::string name;
    std::string current;
    std::string durable;
    std::vector<Write> pending;  ///< since the last sync, oldest first
  };
  using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;

  static void apply(const Write& write, std::string& image);
  static void lose_unsynced(Node& node, Random& random);
  static void keep_prefix(Node& node, Random& random);
  static void keep_any_sectors(Node& node, Random& random);
  Status write(Node& node, Write write);
  Status sync(Node& node);
  Status begin_sync(std::string_view what);
  uint64_t used_bytes() const;
  bool is_durable(const Node& node) const;  ///< under any name

  Names names_;
  Names durable_names_;
  SimulatedClock* clock_;
  uint64_t generation_ = 0;  ///< grows with every crash
  uint64_t write_fault_ = 0;  ///< 0: none
  uint64_t sync_fault_ = 0;
  uint64_t capacity_ = uint64_t{1} << 40;
  Duration sync_time_;
};

}  // namespace hence::os

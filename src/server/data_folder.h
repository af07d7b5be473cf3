// SPDX-License-Identifier: Apache-2.0
#pragma once

// A data folder: what one server keeps on disk.
//
//   DIR/hence.json   what the folder was made with: format, partitions, hash key
//   DIR/lock         held by the process that has it open
//   DIR/log/         segments (docs/formats/log.md)
//   DIR/state/       the state store, rebuilt from the log where it is behind
//   DIR/runs/        a folder per attempt of a shell command, gone when it ends

#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "os/file_lock.h"

namespace hence::server {

inline constexpr int kDataFormat = 1;
inline constexpr uint16_t kPartitionsMax = 1024;

/// Whether hence.json of a folder is one that this program can open. Errors: as DataFolder::open.
Status check_data_folder_facts(const std::string& path);

class DataFolder {
 public:
  /// Opens the folder, making it with the given number of partitions if it is not there; an existing
  /// one keeps its own. Errors: DataFolderInUse, LogVersionNewer, ConfigurationInvalid, DiskFailed.
  static Result<DataFolder> open(const std::string& path, uint16_t partitions);

  const std::string& path() const { return path_; }
  std::string log_path() const { return path_ + "/log"; }
  std::string state_path() const { return path_ + "/state"; }
  std::string runs_path() const { return path_ + "/runs"; }
  uint16_t partitions() const { return facts_.partitions; }
  Hash128 hash_key() const { return facts_.hash_key; }
  /// That its log begins at (engine/feature_level.h).
  uint32_t first_feature_level() const { return facts_.first_feature_level; }

 private:
  DataFolder(std::string path, os::FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  struct Facts {
    uint16_t partitions = 64;
    Hash128 hash_key;
    uint32_t first_feature_level = 0;
  };
  friend Status check_data_folder_facts(const std::string& path);
  static Result<Facts> read_facts(const std::string& path, const std::string& text);
  Status write_facts(uint16_t partitions);

  std::string path_;
  os::FileLock lock_;
  Facts facts_;
};

}  // namespace hence::server

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A folder of the file system as the log's disk. Calls on different files, and reads of one file,
// may come from any thread.

#include <memory>
#include <string>

#include "os/disk.h"

namespace hence::os {

class RealDisk final : public Disk {
 public:
  /// Opens the folder, making it and its parents if absent. Errors: DiskFailed, DiskFull.
  static Result<std::unique_ptr<Disk>> open_folder(const std::string& path);
  /// Opens a folder that is there; needs no right to write it. Errors: DiskFailed.
  static Result<std::unique_ptr<Disk>> open_existing(const std::string& path);
  ~RealDisk() override;
  RealDisk(const RealDisk&) = delete;
  RealDisk& operator=(const RealDisk&) = delete;

  Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
  Result<std::vector<std::string>> list() override;
  Status rename(std::string_view from, std::string_view to) override;
  Status remove(std::string_view name) override;
  Status sync_folder() override;
  void drop_cached(std::string_view name) override;
  Result<uint64_t> free_bytes() override;

 private:
  RealDisk(std::string path, int folder_fd) : path_(std::move(path)), folder_fd_(folder_fd) {}
  std::string path_of(std::string_view name) const;

  std::string path_;
  int folder_fd_;
};

}  // namespace hence::os

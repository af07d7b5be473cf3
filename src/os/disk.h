// SPDX-License-Identifier: Apache-2.0
#pragma once

// Port: the log's disk, one flat folder of files. What is written is durable after sync_data();
// what is created is found again after sync_folder(). Errors of every call: DiskFull (no space,
// quota), DiskFailed (everything else); the sentence names the path and the system's reason.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::os {

/// An open file; the destructor closes it without syncing.
class File {
 public:
  virtual ~File() = default;

  /// Reads into out from offset; gives how many bytes, fewer than asked only at the file's end.
  virtual Result<size_t> read_at(uint64_t offset, std::span<char> out) = 0;
  /// Writes all of bytes at offset, extending the file (a gap reads as zeros). After an error the
  /// range holds any mixture of old and new bytes.
  virtual Status write_at(uint64_t offset, std::string_view bytes) = 0;
  virtual Result<uint64_t> size() = 0;
  /// Writes zeros from the file's end up to size bytes, so that later writes there overwrite
  /// blocks instead of allocating them (less than half the cost of a sync). Never shrinks.
  virtual Status preallocate_written(uint64_t size) = 0;
  /// Makes all earlier writes and the size durable. After an error nothing is known of any write
  /// since the last sync and the file must not be written again.
  virtual Status sync_data() = 0;
  /// Cuts or extends (with zeros) the file; durable after sync_data().
  virtual Status truncate(uint64_t size) = 0;
};

enum class OpenMode : uint8_t {
  existing,         ///< it must be there
  read_only,        ///< it must be there; needs no right to write it, and every write fails
  create_new,       ///< it must not be there
  existing_or_new,
};

class Disk {
 public:
  virtual ~Disk() = default;

  /// Opens for reading and, unless mode is read_only, writing. A name has no '/' (HENCE_CHECK). The file
  /// may outlive no disk.
  virtual Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) = 0;
  /// The names in the folder, sorted.
  virtual Result<std::vector<std::string>> list() = 0;
  /// Gives the file another name, replacing what had it, all or nothing; durable on return.
  virtual Status rename(std::string_view from, std::string_view to) = 0;
  /// Durable on return. An open file stays readable until closed.
  virtual Status remove(std::string_view name) = 0;
  /// Makes the names of created files durable.
  virtual Status sync_folder() = 0;
  /// A hint: what the system keeps in memory of the file, and is on the disk too, is not needed there. That memory is then
  /// there for what is written next; new memory costs a write many times more where the machine is a virtual one.
  virtual void drop_cached(std::string_view) {}
  /// What an ordinary user may still write.
  virtual Result<uint64_t> free_bytes() = 0;
};

}  // namespace hence::os

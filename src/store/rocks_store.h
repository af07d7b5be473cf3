// SPDX-License-Identifier: Apache-2.0
#pragma once

// The store on disk: RocksDB without its write-ahead log (the event log is ours).

#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"
#include "store/watched_files.h"

namespace hence::store {

struct RocksOptions {
  std::string folder;                    ///< made if absent
  uint64_t write_buffer_bytes = 32 << 20;///< of all memtables together; an unflushed tail's bound
  uint64_t block_cache_bytes = 32 << 20;
  uint64_t file_value_bytes = 64 << 10;  ///< above it a value lies in a file beside the tree, which
                                         ///< compaction does not copy
  /// Keys whose third byte is one of these letters are scanned by their first prefix_bytes: such a scan passes
  /// over the files and memtables that have no key with that prefix. None: all are looked into.
  std::string prefix_tables = {};
  size_t prefix_bytes = 0;
  /// Called from any thread, once a file cannot be written or synced; absent: errors come back from
  /// what is called later, if RocksDB lives to say so.
  WriteFailure write_failed = {};
};

/// Errors: StoreFailed (also if another process has it open).
Result<std::unique_ptr<Store>> open_rocks_store(const RocksOptions& options);

/// What to do about a damaged store.
inline constexpr std::string_view kRestoreCheckpoint = "Restore the last checkpoint; the log gives the rest again";

/// Reads every block of the store in a folder, which no process has open.
/// if_damaged: what to do then, a sentence without its full stop. Errors: StoreFailed.
Status verify_rocks_store(const std::string& folder, std::string_view if_damaged = kRestoreCheckpoint);

}  // namespace hence::store

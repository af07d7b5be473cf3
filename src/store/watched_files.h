// SPDX-License-Identifier: Apache-2.0
#pragma once

// RocksDB's files, watched: the first write or sync that fails is reported at once. After it nothing
// is known of the disk, and RocksDB's own handling of it can end the process in the middle.

#include <functional>
#include <memory>

#include "base/error.h"

namespace rocksdb {
class Env;
}

namespace hence::store {

using WriteFailure = std::function<void(const Error&)>;

/// The system's files, calling failed (from any thread) with StoreFailed where one cannot be
/// written or synced. Must outlive the database.
std::unique_ptr<rocksdb::Env> watched_files(WriteFailure failed);

}  // namespace hence::store

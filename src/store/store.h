// SPDX-License-Identifier: Apache-2.0
#pragma once

// Key-value state behind one interface: the fold of the log, with the position applied in the same
// batch. Not durable by itself: after a crash the store is as it was after some batch, in order,
// at or after the last flush(); the log gives the rest again.
//
// Owned by one thread, but for the snapshots it gives, and for flush() and checkpoint() of the one on
// disk: those may run on another thread beside the owner's work.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::store {

/// state: what the fold reads. index: written blindly, can be rebuilt.
enum class Family : uint8_t { state, index };

/// Puts and deletes that happen together, in order.
class WriteBatch {
 public:
  struct Operation {
    Family family;
    std::string key;
    std::optional<std::string> value;  ///< none deletes
  };

  void put(Family family, std::string key, std::string value) {
    byte_count_ += key.size() + value.size();
    operations_.push_back({family, std::move(key), std::move(value)});
  }
  void remove(Family family, std::string key) {
    byte_count_ += key.size();
    operations_.push_back({family, std::move(key), std::nullopt});
  }
  const std::vector<Operation>& operations() const { return operations_; }
  bool empty() const { return operations_.empty(); }
  size_t byte_count() const { return byte_count_; }
  void clear() {
    operations_.clear();
    byte_count_ = 0;
  }

 private:
  std::vector<Operation> operations_;
  size_t byte_count_ = 0;
};

/// What to visit: keys that begin with prefix, at or after from, in byte order.
struct ScanRange {
  std::string_view prefix = {};
  std::string_view from = {};  ///< a whole key; empty begins at the prefix
  uint64_t limit = UINT64_MAX;
};
/// Given each key and value, valid during the call; false stops.
using Visitor = std::function<bool(std::string_view key, std::string_view value)>;

/// The store as it was at one moment. May be used on another thread, one at a time; outlives later
/// batches but not the store.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  /// Errors: StoreFailed.
  virtual Result<std::optional<std::string>> get(Family family, std::string_view key) const = 0;
  /// Errors: StoreFailed.
  virtual Status scan(Family family, const ScanRange& range, const Visitor& visitor) const = 0;
};

/// After an error the store is unusable: end the process.
class Store {
 public:
  virtual ~Store() = default;
  /// Errors of all: StoreFailed.
  virtual Result<std::optional<std::string>> get(Family family, std::string_view key) const = 0;
  virtual Status scan(Family family, const ScanRange& range, const Visitor& visitor) const = 0;
  /// All of it or nothing, visible at once; durable after flush() or earlier.
  virtual Status apply(const WriteBatch& batch) = 0;
  virtual std::unique_ptr<const Snapshot> snapshot() const = 0;
  /// Makes everything applied durable.
  virtual Status flush() = 0;
  /// The same, but only begins it and does not wait.
  virtual Status begin_flush() = 0;
  /// Writes a copy of all that is applied into a folder that does not exist yet, durably; open it
  /// with the same kind of store.
  virtual Status checkpoint(const std::string& folder) = 0;
};

}  // namespace hence::store

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The store in memory, for tests and simulation: ordered maps, and a crash that loses what was not
// flushed.

#include <array>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace hence::store {

class MemoryStore final : public Store {
 public:
  MemoryStore();

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
  Status scan(Family family, const ScanRange& range, const Visitor& visitor) const override;
  Status apply(const WriteBatch& batch) override;
  std::unique_ptr<const Snapshot> snapshot() const override;
  Status flush() override;
  Status begin_flush() override { return flush(); }
  Status checkpoint(const std::string& folder) override;

  /// Goes back to a moment after the last flush: the first `batches_kept` batches applied since
  /// then survive (a real store flushes in the background), the rest is lost.
  void crash(size_t batches_kept = 0);
  size_t batches_since_flush() const { return unflushed_.size(); }
  /// What checkpoint() kept under a name, as a store of its own; none if there is no such.
  std::unique_ptr<MemoryStore> open_checkpoint(const std::string& folder) const;

 private:
  using Map = std::map<std::string, std::string, std::less<>>;
  /// Shared with the snapshots and checkpoints that were taken; copied before the next write.
  using Families = std::array<std::shared_ptr<Map>, 2>;
  class View;

  static Families empty();
  static Map& own(std::shared_ptr<Map>& map);
  static void apply_to(Families& families, const WriteBatch& batch);

  Families families_ = empty();
  Families flushed_ = empty();
  std::vector<WriteBatch> unflushed_;
  std::map<std::string, Families> checkpoints_;
};

}  // namespace hence::store

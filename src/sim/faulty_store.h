// SPDX-License-Identifier: Apache-2.0
#pragma once

// The store in memory, which fails when told to, and, where a mistake is planted, loses rows.

#include "engine/rows.h"
#include "os/random.h"
#include "sim/simulation.h"
#include "store/memory_store.h"

namespace hence::sim {

class FaultyStore final : public store::Store {
 public:
  FaultyStore(Plant plant, uint64_t seed) : plant_(plant), random_(seed) {}

  /// The next batch fails, applied all the same or not; the process is then expected to end.
  void fail_next(bool applied) { fault_ = applied ? Fault::after : Fault::before; }
  /// The power failed or the process ended: as MemoryStore::crash, and no fault is pending.
  void crash(size_t batches_kept) {
    fault_ = Fault::none;
    inner_.crash(batches_kept);
  }

  Result<std::optional<std::string>> get(store::Family family, std::string_view key) const override { return inner_.get(family, key); }
  Status scan(store::Family family, const store::ScanRange& range, const store::Visitor& visitor) const override {
    return inner_.scan(family, range, visitor);
  }
  Status apply(const store::WriteBatch& batch) override {
    const Fault fault = std::exchange(fault_, Fault::none);
    if (fault != Fault::before) HENCE_TRY_VOID(inner_.apply(is_planted() ? spoil(batch) : batch));
    if (fault != Fault::none) return Error(ErrorCode::StoreFailed, "the simulated store fails");
    return {};
  }
  std::unique_ptr<const store::Snapshot> snapshot() const override { return inner_.snapshot(); }
  Status flush() override { return inner_.flush(); }
  Status begin_flush() override { return inner_.begin_flush(); }
  Status checkpoint(const std::string& folder) override { return inner_.checkpoint(folder); }

  store::MemoryStore& inner() { return inner_; }

 private:
  enum class Fault : uint8_t { none, before, after };

  bool is_planted() const { return plant_ == Plant::timer_twice || plant_ == Plant::parked_dropped; }
  /// A timer's removal, or a parked delivery, is lost in one of four cases.
  store::WriteBatch spoil(const store::WriteBatch& batch) {
    store::WriteBatch changed;
    for (const store::WriteBatch::Operation& operation : batch.operations()) {
      const char table = operation.family == store::Family::state && operation.key.size() > 3 ? operation.key[2] : '\0';
      const bool hit = is_hit(table, operation) && os::below(random_, 4) == 0;
      if (!operation.value) {
        if (!hit) changed.remove(operation.family, operation.key);
      } else if (hit) {
        changed.remove(operation.family, operation.key);
      } else {
        changed.put(operation.family, operation.key, *operation.value);
      }
    }
    return changed;
  }
  bool is_hit(char table, const store::WriteBatch::Operation& operation) const {
    if (plant_ == Plant::timer_twice) return table == 't' && !operation.value;
    if (table != 'e' || !operation.value) return false;
    const auto row = decode<engine::EffectRow>(*operation.value, "an effect");
    return row.ok() && row->state == engine::EffectState::parked;
  }

  Plant plant_;
  os::SimulatedRandom random_;
  store::MemoryStore inner_;
  Fault fault_ = Fault::none;
};

}  // namespace hence::sim

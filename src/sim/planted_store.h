// SPDX-License-Identifier: Apache-2.0
#pragma once

// The store in memory, which, if told so, forgets to remove some timers: a planted mistake.

#include "os/random.h"
#include "store/memory_store.h"

namespace hence::sim {

class PlantedStore final : public store::Store {
 public:
  PlantedStore(bool keeps_timers, uint64_t seed) : keeps_timers_(keeps_timers), random_(seed) {}

  Result<std::optional<std::string>> get(store::Family family, std::string_view key) const override { return inner_.get(family, key); }
  Status scan(store::Family family, const store::ScanRange& range, const store::Visitor& visitor) const override {
    return inner_.scan(family, range, visitor);
  }
  Status apply(const store::WriteBatch& batch) override {
    if (!keeps_timers_) return inner_.apply(batch);
    store::WriteBatch changed;
    for (const store::WriteBatch::Operation& operation : batch.operations()) {
      const bool timer = operation.family == store::Family::state && operation.key.size() > 3 && operation.key[2] == 't';
      if (operation.value) changed.put(operation.family, operation.key, *operation.value);
      else if (!timer || os::below(random_, 4) != 0) changed.remove(operation.family, operation.key);
    }
    return inner_.apply(changed);
  }
  std::unique_ptr<const store::Snapshot> snapshot() const override { return inner_.snapshot(); }
  Status flush() override { return inner_.flush(); }
  Status checkpoint(const std::string& folder) override { return inner_.checkpoint(folder); }

  store::MemoryStore& inner() { return inner_; }

 private:
  bool keeps_timers_;
  os::SimulatedRandom random_;
  store::MemoryStore inner_;
};

}  // namespace hence::sim

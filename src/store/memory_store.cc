// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace hence::store {
namespace {

using Map = std::map<std::string, std::string, std::less<>>;

std::optional<std::string> get_from(const Map& map, std::string_view key) {
  const auto it = map.find(key);
  return it == map.end() ? std::nullopt : std::optional(it->second);
}

void scan_map(const Map& map, const ScanRange& range, const Visitor& visitor) {
  uint64_t left = range.limit;
  for (auto it = map.lower_bound(std::max(range.prefix, range.from));
       it != map.end() && left > 0 && it->first.starts_with(range.prefix); ++it, --left) {
    if (!visitor(it->first, it->second)) return;
  }
}

size_t index_of(Family family) { return static_cast<size_t>(family); }

}  // namespace

class MemoryStore::View final : public Snapshot {
 public:
  explicit View(Families families) : families_(std::move(families)) {}

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return get_from(*families_[index_of(family)], key);
  }
  Status scan(Family family, const ScanRange& range, const Visitor& visitor) const override {
    scan_map(*families_[index_of(family)], range, visitor);
    return {};
  }

 private:
  Families families_;
};

MemoryStore::MemoryStore() = default;

Result<std::optional<std::string>> MemoryStore::get(Family family, std::string_view key) const {
  return get_from(*families_[index_of(family)], key);
}

Status MemoryStore::scan(Family family, const ScanRange& range, const Visitor& visitor) const {
  scan_map(*families_[index_of(family)], range, visitor);
  return {};
}

MemoryStore::Families MemoryStore::empty() { return {std::make_shared<Map>(), std::make_shared<Map>()}; }

MemoryStore::Map& MemoryStore::own(std::shared_ptr<Map>& map) {
  if (map.use_count() > 1) map = std::make_shared<Map>(*map);
  return *map;
}

void MemoryStore::apply_to(Families& families, const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    Map& map = own(families[index_of(operation.family)]);
    if (operation.value) {
      map.insert_or_assign(operation.key, *operation.value);
    } else {
      map.erase(operation.key);
    }
  }
}

Status MemoryStore::apply(const WriteBatch& batch) {
  apply_to(families_, batch);
  unflushed_.push_back(batch);
  return {};
}

std::unique_ptr<const Snapshot> MemoryStore::snapshot() const {
  return std::make_unique<View>(families_);
}

Status MemoryStore::flush() {
  for (const WriteBatch& batch : unflushed_) apply_to(flushed_, batch);
  unflushed_.clear();
  return {};
}

Status MemoryStore::checkpoint(const std::string& folder) {
  if (checkpoints_.contains(folder)) {
    return Error(ErrorCode::StoreFailed,
                 folder + ": there is a checkpoint of that name; use another name");
  }
  checkpoints_.emplace(folder, families_);
  return {};
}

void MemoryStore::crash(size_t batches_kept) {
  HENCE_CHECK(batches_kept <= unflushed_.size());
  for (size_t i = 0; i < batches_kept; ++i) apply_to(flushed_, unflushed_[i]);
  unflushed_.clear();
  families_ = flushed_;
}

std::unique_ptr<MemoryStore> MemoryStore::open_checkpoint(const std::string& folder) const {
  const auto it = checkpoints_.find(folder);
  if (it == checkpoints_.end()) return nullptr;
  auto store = std::make_unique<MemoryStore>();
  store->families_ = store->flushed_ = it->second;
  return store;
}

}  // namespace hence::store

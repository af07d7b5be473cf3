// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows hold small values themselves and large ones by their content's hash, so that a row that
// changes often is not written with a megabyte that does not. A large value is kept once a
// partition, with the number of the row fields that refer to it, and goes with the last of them:
//
//   pp i seq   {…, "input": "\0value:<sha-256>"}   ─┐
//   pp e seq 0 {…, "body":  "\0value:<sha-256>"}   ─┴─►  pp v <sha-256>   the value's text
//                                                        pp n <sha-256>   2
//
// All of it is one write with the rows, so neither can be there without the other. A string that
// begins with the mark is kept by hash whatever its size: in a row the mark always is a reference.

#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/overlay.h"
#include "engine/rows.h"
#include "engine/value_walk.h"
#include "store/store.h"

namespace hence::engine {

/// Above it a value is kept by its hash (docs/adr/0012-large-values-by-hash.md).
inline constexpr size_t kLargeValueBytes = 64 << 10;
/// Of parsed large values that the engine keeps at hand.
inline constexpr size_t kLargeValueCacheBytes = 64 << 20;

/// The hash a row's value stands for, if it is a reference.
std::optional<ValueHash> referred_value(json::View value);

/// Rows with large values, written and read through the overlay. Owned by the engine's thread.
class LargeValues {
 public:
  explicit LargeValues(Overlay& overlay) : overlay_(overlay) {}

  /// Values of more text are kept by hash when a row is saved next.
  void set_large_bytes(size_t bytes) { large_bytes_ = bytes; }

  /// The row with all its values; its `held` then says what its stored form refers to.
  template <typename Row>
  std::optional<Row> load(Partition partition, const std::string& key) {
    std::optional<Row> row = overlay_.load<Row>(key);
    if (!row) return row;
    visit_values(*row, [&](json::Value& value) {
      const std::optional<ValueHash> hash = referred_value(value);
      if (!hash) return;
      row->held.push_back(*hash);
      value = fetch(partition, *hash);
    });
    return row;
  }
  /// Stores the row, which was loaded here or is new.
  template <typename Row>
  void save(Partition partition, const std::string& key, Row& row) {
    std::vector<Found> found;
    size_t at = 0;
    visit_values(row, [&](json::Value& value) { find_large(value, at++, found); });
    if (found.empty()) {
      overlay_.save(key, row);
    } else {
      Row stored = row;
      auto next = found.begin();
      at = 0;
      visit_values(stored, [&](json::Value& value) {
        if (next != found.end() && next->at == at) value = reference(next++->hash);
        ++at;
      });
      overlay_.save(key, stored);
    }
    count_references(partition, row.held, found);
  }
  /// Erases a row that was loaded here.
  template <typename Row>
  void erase(Partition partition, const std::string& key, Row& row) {
    overlay_.erase(key);
    count_references(partition, row.held, {});
  }

 private:
  struct Found {
    size_t at;  ///< number of the value in its row
    ValueHash hash;
    json::Value value;
  };
  struct Cached {
    ValueHash hash;
    json::Value value;
    size_t bytes;
  };
  using Place = std::pair<const json::Buffer*, uint32_t>;

  static json::Value reference(const ValueHash& hash);
  void find_large(const json::Value& value, size_t at, std::vector<Found>& found);
  json::Value fetch(Partition partition, const ValueHash& hash);
  void remember(const ValueHash& hash, const json::Value& value);
  /// The row refers to `now` instead of `held`, which is brought up to date.
  void count_references(Partition partition, std::vector<ValueHash>& held, const std::vector<Found>& now);
  void change_count(Partition partition, const ValueHash& hash, int64_t change, const json::Value* value);

  Overlay& overlay_;
  size_t large_bytes_ = kLargeValueBytes;
  std::list<Cached> cache_;  ///< the latest used first
  size_t cache_bytes_ = 0;
  std::map<ValueHash, std::list<Cached>::iterator> by_hash_;
  std::map<Place, std::list<Cached>::iterator> by_place_;  ///< of values whose hash is known
};

/// A large value as the snapshot has it. Errors: StoreFailed.
Result<json::Value> load_large_value(const store::Snapshot& snapshot, Partition partition, const ValueHash& hash);

/// A row with all its values, for readers; nothing if there is none. Errors: StoreFailed, LogDamaged.
template <typename Row>
Result<std::optional<Row>> load_row(const store::Snapshot& snapshot, Partition partition,
                                    const std::string& key, std::string_view what) {
  HENCE_TRY(const auto bytes, snapshot.get(store::Family::state, key));
  if (!bytes) return std::optional<Row>();
  HENCE_TRY(Row row, decode<Row>(*bytes, what));
  std::optional<Error> failure;
  visit_values(row, [&](json::Value& value) {
    const std::optional<ValueHash> hash = referred_value(value);
    if (!hash || failure) return;
    Result<json::Value> loaded = load_large_value(snapshot, partition, *hash);
    if (loaded.ok()) value = std::move(*loaded);
    else failure = loaded.error();
  });
  if (failure) return *failure;
  return std::optional<Row>(std::move(row));
}

/// Whether every large value is there, is what its hash says and is counted as often as rows refer
/// to it. Reads all rows; for tests, the simulator and audits. Errors: StoreFailed, naming the value.
Status check_large_values(const store::Snapshot& snapshot, uint16_t partitions);

}  // namespace hence::engine

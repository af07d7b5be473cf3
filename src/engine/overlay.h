// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state the engine decides on: the stored state with the writes of batches that are not yet
// durable on top, a layer a batch. When a batch is durable its layer is written to the store, with
// the log position it brings the state to, and dropped; so the store is never ahead of the log.
//
//     decide ──► newest layer          get: newest layer … oldest layer, store
//                 …
//                oldest layer ──(batch durable)──► store

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace hence::engine {

/// Owned by the engine's thread. A failing store is remembered: reads then find nothing, and
/// failure() must be looked at before anything read is acted on.
class Overlay {
 public:
  explicit Overlay(store::Store& store) : store_(store) { layers_.emplace_back(); }

  std::optional<std::string> get(const std::string& key);
  void put(const std::string& key, std::string value) { layers_.back().state[key] = std::move(value); }
  void erase(const std::string& key) { layers_.back().state[key] = std::nullopt; }
  /// The index family is written blindly and read by queries only.
  void put_index(const std::string& key, std::string value) { layers_.back().index[key] = std::move(value); }
  void erase_index(const std::string& key) { layers_.back().index[key] = std::nullopt; }
  /// All keys of the index family with the prefix. Reads them, which changes nothing that is decided.
  void erase_index_prefix(const std::string& prefix);

  template <typename T>
  std::optional<T> load(const std::string& key) {
    const std::optional<std::string> bytes = get(key);
    if (!bytes) return std::nullopt;
    Result<T> value = decode<T>(*bytes, "a row of the state store");
    if (value.ok()) return std::move(value).value();
    fail(value.error());
    return std::nullopt;
  }
  template <typename T>
  void save(const std::string& key, const T& row) { put(key, encode(row)); }

  /// Keys with the prefix, from `from` on, in order, until visit says false.
  void scan(const std::string& prefix, const std::string& from,
            const std::function<bool(std::string_view key, std::string_view value)>& visit);

  /// Ends the current batch's layer.
  void seal() { layers_.emplace_back(); }
  size_t sealed_layers() const { return layers_.size() - 1; }
  /// Writes the oldest sealed layer and the position it brings the state to. Errors: StoreFailed.
  Status write_oldest(Position applied);
  /// For recovery: writes the current layer too.
  Status write_all(Position applied);

  const std::optional<Error>& failure() const { return failure_; }
  void fail(const Error& error) { if (!failure_) failure_ = error; }

  /// Position up to which the stored state holds the log. Errors: StoreFailed.
  static Result<Position> applied_position(const store::Store& store);

 private:
  using Writes = std::map<std::string, std::optional<std::string>, std::less<>>;
  struct Layer {
    Writes state;
    Writes index;
  };
  static void fill(store::WriteBatch& batch, const Layer& layer, Position applied);
  /// The writes of all layers to keys with a prefix, in order, the newest of each.
  class Merge;

  store::Store& store_;
  std::deque<Layer> layers_;
  std::optional<Error> failure_;
};

}  // namespace hence::engine

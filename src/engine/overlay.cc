// SPDX-License-Identifier: Apache-2.0
#include "engine/overlay.h"

#include <vector>

namespace hence::engine {
namespace {

/// Where the store says how much of the log it holds; sorts before every partition's keys.
constexpr std::string_view kAppliedKey("\0\0", 2);

}  // namespace

std::optional<std::string> Overlay::get(const std::string& key) {
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const auto found = layer->state.find(key);
    if (found != layer->state.end()) return found->second;
  }
  Result<std::optional<std::string>> stored = store_.get(store::Family::state, key);
  if (stored.ok()) return std::move(stored).value();
  fail(stored.error());
  return std::nullopt;
}

class Overlay::Merge {
 public:
  Merge(const std::deque<Layer>& layers, const std::string& prefix, const std::string& from) : prefix_(prefix) {
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
      ranges_.push_back({layer->state.lower_bound(from), layer->state.end()});
    }
    find();
  }
  bool at_end() const { return current_ == nullptr; }
  const std::string& key() const { return current_->first; }
  const std::optional<std::string>& value() const { return current_->second; }
  void next() {
    const std::string_view passed = current_->first;
    for (Range& range : ranges_) {
      if (range.has(prefix_) && range.at->first == passed) ++range.at;
    }
    find();
  }

 private:
  struct Range {
    Writes::const_iterator at, end;
    bool has(const std::string& prefix) const {
      return at != end && at->first.compare(0, prefix.size(), prefix) == 0;
    }
  };
  /// The smallest key; of equal ones the newest layer's, which comes first.
  void find() {
    current_ = nullptr;
    for (const Range& range : ranges_) {
      if (range.has(prefix_) && (current_ == nullptr || range.at->first < current_->first)) current_ = &*range.at;
    }
  }

  const std::string& prefix_;
  std::vector<Range> ranges_;
  const Writes::value_type* current_ = nullptr;
};

void Overlay::scan(const std::string& prefix, const std::string& from,
                   const std::function<bool(std::string_view, std::string_view)>& visit) {
  const std::string begin = from.empty() ? prefix : from;
  Merge writes(layers_, prefix, begin);
  bool going = true;
  // Hands over the overlay's entries before a stored key, or all of them.
  const auto catch_up = [&](std::string_view stored_key, bool all) {
    while (going && !writes.at_end() && (all || writes.key() < stored_key)) {
      if (writes.value()) going = visit(writes.key(), *writes.value());
      if (going) writes.next();
    }
  };
  const Status status = store_.scan(store::Family::state, {prefix, begin},
                                    [&](std::string_view key, std::string_view value) {
    catch_up(key, false);
    if (!going) return false;
    if (!writes.at_end() && writes.key() == key) return true;  // handed over, or deleted, with the next key
    going = visit(key, value);
    return going;
  });
  if (!status.ok()) return fail(status.error());
  catch_up({}, true);
}

void Overlay::erase_index_prefix(const std::string& prefix) {
  std::vector<std::string> keys;
  for (const Layer& layer : layers_) {
    for (auto at = layer.index.lower_bound(prefix); at != layer.index.end() && at->first.starts_with(prefix); ++at) {
      if (at->second) keys.push_back(at->first);
    }
  }
  const Status status = store_.scan(store::Family::index, {prefix, {}}, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  });
  if (!status.ok()) return fail(status.error());
  for (const std::string& key : keys) erase_index(key);
}

void Overlay::fill(store::WriteBatch& batch, const Layer& layer, Position applied) {
  for (const auto& [key, value] : layer.state) {
    if (value) batch.put(store::Family::state, key, *value);
    else batch.remove(store::Family::state, key);
  }
  for (const auto& [key, value] : layer.index) {
    if (value) batch.put(store::Family::index, key, *value);
    else batch.remove(store::Family::index, key);
  }
  std::string position;
  Encoder(position).fixed(applied.value);
  batch.put(store::Family::state, std::string(kAppliedKey), std::move(position));
}

Status Overlay::write_oldest(Position applied) {
  HENCE_CHECK(layers_.size() > 1);
  store::WriteBatch batch;
  fill(batch, layers_.front(), applied);
  HENCE_TRY_VOID(store_.apply(batch));
  layers_.pop_front();
  return {};
}

Status Overlay::write_all(Position applied) {
  HENCE_CHECK(layers_.size() == 1);
  store::WriteBatch batch;
  fill(batch, layers_.front(), applied);
  HENCE_TRY_VOID(store_.apply(batch));
  layers_.front() = {};
  return {};
}

Result<Position> Overlay::applied_position(const store::Store& store) {
  HENCE_TRY(const auto bytes, store.get(store::Family::state, kAppliedKey));
  Position position;
  if (!bytes) return position;
  Decoder decoder(*bytes);
  position.value = decoder.fixed<uint64_t>();
  if (decoder.failed()) return Error(ErrorCode::StoreFailed, "the state store's log position is unreadable; restore a checkpoint");
  return position;
}

}  // namespace hence::engine

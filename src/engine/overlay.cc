// SPDX-License-Identifier: Apache-2.0
#include "engine/overlay.h"

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

Overlay::Writes Overlay::collect(const std::string& prefix, const std::string& from) const {
  Writes writes;
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    for (auto entry = layer->state.lower_bound(from); entry != layer->state.end(); ++entry) {
      if (entry->first.compare(0, prefix.size(), prefix) != 0) break;
      writes.insert(*entry);  // a newer layer's write stays
    }
  }
  return writes;
}

void Overlay::scan(const std::string& prefix, const std::string& from,
                   const std::function<bool(std::string_view, std::string_view)>& visit) {
  const std::string& begin = from.empty() ? prefix : from;
  const Writes writes = collect(prefix, begin);
  auto next = writes.begin();
  bool going = true;
  // Hands over the overlay's entries up to a stored key; says whether that key is overwritten.
  const auto catch_up = [&](std::string_view stored_key, bool all) {
    while (going && next != writes.end() && (all || next->first < stored_key)) {
      if (next->second) going = visit(next->first, *next->second);
      ++next;
    }
  };
  const Status status = store_.scan(store::Family::state, {prefix, begin},
                                    [&](std::string_view key, std::string_view value) {
    catch_up(key, false);
    if (!going) return false;
    if (next != writes.end() && next->first == key) return true;  // handed over with the next key
    going = visit(key, value);
    return going;
  });
  if (!status.ok()) return fail(status.error());
  catch_up({}, true);
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

// SPDX-License-Identifier: Apache-2.0
#include "engine/large_values.h"

#include "json/parse.h"

namespace hence::engine {
namespace {

constexpr std::string_view kMark("\0value:", 7);
/// Compact text per byte of a document's text (an escape: \u0000) and per node (quotes, commas), at most.
constexpr size_t kEscapeBytesMax = 6;
constexpr size_t kNodeBytesMax = 8;
/// What was built inside may be deeper than the edge allows.
constexpr json::ParseOptions kStoredText{.depth_max = UINT32_MAX};

bool is_marked(json::View value) { return value.is_string() && value.as_string().starts_with(kMark); }

Error missing(Partition partition, const ValueHash& hash, std::string_view what) {
  return Error(ErrorCode::StoreFailed, "the state store's value " + log::to_hex(hash) + " of partition " +
                                           std::to_string(partition) + " " + std::string(what) +
                                           "; restore a checkpoint, or, if the log is kept from its first byte on, "
                                           "move the state folder away to rebuild it");
}

uint64_t parse_count(std::string_view bytes) {
  Decoder decoder(bytes);
  return decoder.varint();
}

}  // namespace

std::optional<ValueHash> referred_value(json::View value) {
  if (!is_marked(value)) return std::nullopt;
  return log::parse_digest(value.as_string().substr(kMark.size()));
}

json::Value LargeValues::reference(const ValueHash& hash) {
  return json::Value::string(std::string(kMark) + log::to_hex(hash));
}

void LargeValues::find_large(const json::Value& value, size_t at, std::vector<Found>& found) {
  const json::Buffer& buffer = *value->buffer();
  const bool marked = is_marked(value);
  if (large_bytes_ == SIZE_MAX) return;
  if (!marked && buffer.text_bytes * kEscapeBytesMax + buffer.node_count * kNodeBytesMax <= large_bytes_) return;
  const auto known = by_place_.find({&buffer, value->node()});
  if (known != by_place_.end()) {
    cache_.splice(cache_.begin(), cache_, known->second);
    return found.push_back({at, known->second->hash, value});
  }
  const std::string text = value->to_text();
  if (!marked && text.size() <= large_bytes_) return;
  const ValueHash hash = log::sha256(text);
  remember(hash, value);
  found.push_back({at, hash, value});
}

json::Value LargeValues::fetch(Partition partition, const ValueHash& hash) {
  const auto known = by_hash_.find(hash);
  if (known != by_hash_.end()) {
    cache_.splice(cache_.begin(), cache_, known->second);
    return known->second->value;
  }
  const std::optional<std::string> text = overlay_.get(keys::large_value(partition, hash));
  if (!text) {
    overlay_.fail(missing(partition, hash, "is missing"));
    return {};
  }
  Result<json::Value> value = json::parse(*text, kStoredText);
  if (!value.ok()) {
    overlay_.fail(missing(partition, hash, "is unreadable"));
    return {};
  }
  remember(hash, *value);
  return std::move(*value);
}

void LargeValues::remember(const ValueHash& hash, const json::Value& value) {
  const json::Buffer& buffer = *value->buffer();
  const size_t bytes = buffer.text_bytes + buffer.node_count * sizeof(json::Node);
  if (bytes > kLargeValueCacheBytes) return;
  if (const auto before = by_hash_.find(hash); before != by_hash_.end()) {
    // The same content in another document: the newer one is more likely to come again.
    const Cached& old = *before->second;
    by_place_.erase({old.value->buffer(), old.value->node()});
    cache_bytes_ -= old.bytes;
    cache_.erase(before->second);
    by_hash_.erase(before);
  }
  cache_.push_front({hash, value, bytes});
  cache_bytes_ += bytes;
  by_hash_[hash] = cache_.begin();
  by_place_[{&buffer, value->node()}] = cache_.begin();
  while (cache_bytes_ > kLargeValueCacheBytes) {
    const Cached& last = cache_.back();
    by_hash_.erase(last.hash);
    by_place_.erase({last.value->buffer(), last.value->node()});
    cache_bytes_ -= last.bytes;
    cache_.pop_back();
  }
}

void LargeValues::count_references(Partition partition, std::vector<ValueHash>& held, const std::vector<Found>& now) {
  if (held.empty() && now.empty()) return;
  std::map<ValueHash, std::pair<int64_t, const json::Value*>> changes;
  for (const ValueHash& hash : held) --changes[hash].first;
  held.clear();
  for (const Found& found : now) {
    auto& [change, value] = changes[found.hash];
    ++change;
    value = &found.value;
    held.push_back(found.hash);
  }
  for (const auto& [hash, change] : changes) {
    if (change.first != 0) change_count(partition, hash, change.first, change.second);
  }
}

void LargeValues::change_count(Partition partition, const ValueHash& hash, int64_t change, const json::Value* value) {
  const std::string key = keys::value_count(partition, hash);
  const std::optional<std::string> bytes = overlay_.get(key);
  const int64_t before = bytes ? static_cast<int64_t>(parse_count(*bytes)) : 0;
  const int64_t after = before + change;
  HENCE_CHECK(after >= 0 || overlay_.failure());
  if (after <= 0) {
    overlay_.erase(key);
    overlay_.erase(keys::large_value(partition, hash));
    return;
  }
  if (before == 0) {
    HENCE_CHECK(value != nullptr);
    overlay_.put(keys::large_value(partition, hash), (*value)->to_text());
  }
  std::string count;
  Encoder(count).varint(static_cast<uint64_t>(after));
  overlay_.put(key, std::move(count));
}

Result<json::Value> load_large_value(const store::Snapshot& snapshot, Partition partition, const ValueHash& hash) {
  HENCE_TRY(const auto text, snapshot.get(store::Family::state, keys::large_value(partition, hash)));
  if (!text) return missing(partition, hash, "is missing");
  Result<json::Value> value = json::parse(*text, kStoredText);
  if (!value.ok()) return missing(partition, hash, "is unreadable");
  return value;
}

namespace {

using References = std::map<ValueHash, uint64_t>;

template <typename Row>
Status add_references(const store::Snapshot& snapshot, Partition partition, char table, References& references) {
  std::optional<Error> failure;
  HENCE_TRY_VOID(snapshot.scan(store::Family::state, {keys::table(partition, table)},
                               [&](std::string_view, std::string_view bytes) {
    Result<Row> row = decode<Row>(bytes, "a row of the state store");
    if (!row.ok()) {
      failure = row.error();
      return false;
    }
    visit_values(*row, [&](json::Value& value) {
      if (const auto hash = referred_value(value)) ++references[*hash];
    });
    return true;
  }));
  return failure ? Status(*failure) : Status();
}

/// Hashes of a table's keys, with what visit makes of each row.
template <typename Visit>
Status scan_values(const store::Snapshot& snapshot, Partition partition, char table, Visit visit) {
  std::optional<Error> failure;
  const std::string prefix = keys::table(partition, table);
  HENCE_TRY_VOID(snapshot.scan(store::Family::state, {prefix}, [&](std::string_view key, std::string_view bytes) {
    const std::string_view rest = key.substr(prefix.size());
    ValueHash hash{};
    if (rest.size() == hash.size()) std::copy(rest.begin(), rest.end(), hash.begin());
    const std::string_view fault = rest.size() == hash.size() ? visit(hash, bytes) : "has an unreadable key";
    if (!fault.empty()) failure = missing(partition, hash, fault);
    return fault.empty();
  }));
  return failure ? Status(*failure) : Status();
}

Status check_partition(const store::Snapshot& snapshot, Partition partition) {
  References references;
  HENCE_TRY_VOID(add_references<InstanceRow>(snapshot, partition, 'i', references));
  HENCE_TRY_VOID(add_references<EffectRow>(snapshot, partition, 'e', references));
  HENCE_TRY_VOID(add_references<KeptRow>(snapshot, partition, 'b', references));
  HENCE_TRY_VOID(add_references<SpreadRow>(snapshot, partition, 'f', references));
  HENCE_TRY_VOID(add_references<ApprovalRow>(snapshot, partition, 'a', references));
  size_t counted = 0, kept = 0;
  HENCE_TRY_VOID(scan_values(snapshot, partition, 'n', [&](const ValueHash& hash, std::string_view bytes) -> std::string_view {
    ++counted;
    const auto found = references.find(hash);
    if (found != references.end() && found->second == parse_count(bytes)) return {};
    return "is counted otherwise than rows refer to it";
  }));
  HENCE_TRY_VOID(scan_values(snapshot, partition, 'v', [&](const ValueHash& hash, std::string_view bytes) -> std::string_view {
    ++kept;
    if (log::sha256(bytes) != hash) return "is not what its hash says";
    return references.contains(hash) ? "" : "is kept and nothing refers to it";
  }));
  if (counted == references.size() && kept == references.size()) return {};
  return Error(ErrorCode::StoreFailed, "rows of partition " + std::to_string(partition) + " refer to " +
                                           std::to_string(references.size()) + " large values, of which " +
                                           std::to_string(kept) + " are kept and " + std::to_string(counted) + " counted");
}

}  // namespace

Status check_large_values(const store::Snapshot& snapshot, uint16_t partitions) {
  for (uint32_t partition = 0; partition < partitions; ++partition) {
    HENCE_TRY_VOID(check_partition(snapshot, static_cast<Partition>(partition)));
  }
  return {};
}

}  // namespace hence::engine

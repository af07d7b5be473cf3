// SPDX-License-Identifier: Apache-2.0
#pragma once

// A sorted map as an immutable value: a copy with a few changes shares all else with the original,
// so one change among 100,000 entries costs microseconds.
//
//   chunks: [a…f] [g…m] [n…z]   change h:   [a…f] [g…h'…m] [n…z]   (first and last are shared)

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hence::engine {

template <typename Key, typename Value>
class SharedMap {
  using Entry = std::pair<Key, Value>;
  using Chunk = std::vector<Entry>;  ///< sorted, never empty
  using Chunks = std::vector<std::shared_ptr<const Chunk>>;

 public:
  /// By key; without a value the key is removed.
  using Changes = std::map<Key, std::optional<Value>>;

  /// Forward, in order of keys; valid as long as a map that shares the entry.
  class Iterator {
   public:
    Iterator(const Chunks* chunks, size_t chunk, size_t place) : chunks_(chunks), chunk_(chunk), place_(place) {}
    const Entry& operator*() const { return (*(*chunks_)[chunk_])[place_]; }
    const Entry* operator->() const { return &**this; }
    Iterator& operator++() {
      if (++place_ == (*chunks_)[chunk_]->size()) {
        ++chunk_;
        place_ = 0;
      }
      return *this;
    }
    bool operator==(const Iterator& other) const { return chunk_ == other.chunk_ && place_ == other.place_; }

   private:
    const Chunks* chunks_;
    size_t chunk_;
    size_t place_;
  };

  Iterator begin() const { return {&chunks_, 0, 0}; }
  Iterator end() const { return {&chunks_, chunks_.size(), 0}; }
  /// The first entry whose key is not less.
  Iterator lower_bound(const Key& key) const {
    const size_t chunk = chunk_of(key);
    if (chunk == chunks_.size()) return end();
    const Chunk& in = *chunks_[chunk];
    return {&chunks_, chunk, static_cast<size_t>(first_not_less(in.begin(), in.end(), key) - in.begin())};
  }
  const Value* find(const Key& key) const {
    const Iterator at = lower_bound(key);
    return at == end() || at->first != key ? nullptr : &at->second;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Makes the changes in this copy.
  void change(Changes changes) {
    if (changes.empty()) return;
    Chunks out;
    auto next = changes.begin();
    for (size_t i = 0; i < chunks_.size(); ++i) {
      const bool last = i + 1 == chunks_.size();
      const auto end = last ? changes.end() : changes.upper_bound(chunks_[i]->back().first);
      if (next == end) {
        out.push_back(chunks_[i]);
      } else {
        append(merge(*chunks_[i], next, end), out);
      }
      next = end;
    }
    if (next != changes.end()) append(merge({}, next, changes.end()), out);
    chunks_ = std::move(out);
    size_ = 0;
    for (const auto& chunk : chunks_) size_ += chunk->size();
  }

 private:
  static constexpr size_t kChunkMax = 256;

  static auto first_not_less(typename Chunk::const_iterator begin, typename Chunk::const_iterator end, const Key& key) {
    return std::lower_bound(begin, end, key, [](const Entry& entry, const Key& wanted) { return entry.first < wanted; });
  }
  /// The chunk whose last key is the first not less.
  size_t chunk_of(const Key& key) const {
    const auto at = std::lower_bound(chunks_.begin(), chunks_.end(), key,
                                     [](const auto& chunk, const Key& wanted) { return chunk->back().first < wanted; });
    return static_cast<size_t>(at - chunks_.begin());
  }
  static Chunk merge(const Chunk& old, typename Changes::iterator next, typename Changes::iterator end) {
    Chunk out;
    out.reserve(old.size() + 1);
    for (auto at = old.begin(); at != old.end() || next != end;) {
      if (next == end || (at != old.end() && at->first < next->first)) {
        out.push_back(*at++);
        continue;
      }
      if (at != old.end() && at->first == next->first) ++at;
      if (next->second) out.emplace_back(next->first, std::move(*next->second));
      ++next;
    }
    return out;
  }
  /// Appends the entries in chunks of at most kChunkMax, all about as large; few go to those before.
  static void append(Chunk entries, Chunks& out) {
    if (entries.empty()) return;
    if (!out.empty() && out.back()->size() + entries.size() <= kChunkMax / 2) {
      entries.insert(entries.begin(), out.back()->begin(), out.back()->end());
      out.pop_back();
    }
    const size_t count = (entries.size() + kChunkMax - 1) / kChunkMax;
    if (count == 1) return out.push_back(std::make_shared<const Chunk>(std::move(entries)));
    for (size_t i = 0; i < count; ++i) {
      const auto first = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() * i / count);
      const auto last = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() * (i + 1) / count);
      out.push_back(std::make_shared<const Chunk>(std::make_move_iterator(first), std::make_move_iterator(last)));
    }
  }

  Chunks chunks_;
  size_t size_ = 0;
};

}  // namespace hence::engine

// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_map.h"

#include <gtest/gtest.h>

#include <random>

namespace hence::engine {
namespace {

using Map = SharedMap<int, int>;

std::map<int, int> contents(const Map& map) {
  std::map<int, int> out;
  int last = -1;
  for (const auto& [key, value] : map) {
    EXPECT_GT(key, last);
    last = key;
    out.emplace(key, value);
  }
  EXPECT_EQ(out.size(), map.size());
  return out;
}

TEST(SharedMap, IsAMapWhateverChanges) {
  std::mt19937 random(7);
  Map map;
  std::map<int, int> model;
  std::vector<std::pair<Map, std::map<int, int>>> kept;
  for (int round = 0; round < 400; ++round) {
    Map::Changes changes;
    const int count = round % 50 == 0 ? 2'000 : static_cast<int>(random() % 4);
    for (int i = 0; i < count; ++i) {
      const int key = static_cast<int>(random() % 3'000);
      if (random() % 3 == 0) changes[key] = std::nullopt;
      else changes[key] = round;
    }
    for (const auto& [key, value] : changes) {
      if (value) model[key] = *value;
      else model.erase(key);
    }
    map.change(changes);
    if (round % 40 == 0) kept.emplace_back(map, model);
    ASSERT_EQ(contents(map), model) << round;
    for (int i = 0; i < 20; ++i) {
      const int key = static_cast<int>(random() % 3'100);
      const auto expected = model.lower_bound(key);
      const auto found = map.lower_bound(key);
      ASSERT_EQ(found == map.end(), expected == model.end());
      if (expected != model.end()) {
        ASSERT_EQ(found->first, expected->first);
      }
      ASSERT_EQ(map.find(key) != nullptr, model.contains(key));
    }
  }
  for (const auto& [old, expected] : kept) EXPECT_EQ(contents(old), expected) << "a copy never changes";
}

TEST(SharedMap, SharesWhatDidNotChange) {
  Map map;
  Map::Changes all;
  for (int i = 0; i < 100'000; ++i) all[i] = i;
  map.change(std::move(all));
  Map next = map;
  next.change({{50'000, 1}});
  size_t moved = 0;
  for (int i = 0; i < 100'000; ++i) moved += map.find(i) != next.find(i) ? 1 : 0;
  EXPECT_LE(moved, 256u);
  EXPECT_EQ(*next.find(50'000), 1);
  EXPECT_EQ(*map.find(50'000), 50'000);
}

}  // namespace
}  // namespace hence::engine

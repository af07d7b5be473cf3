// SPDX-License-Identifier: Apache-2.0
// One contract for every store.

#include "store/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>

#include "store/memory_store.h"
#include "store/rocks_store.h"

namespace hence::store {
namespace {

/// Makes stores in a folder of the test's own.
class Folder {
 public:
  Folder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "hence_store_" + std::to_string(getpid()) + "_" + test->name();
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct Rocks {
  static std::unique_ptr<Store> open(const Folder& folder) {
    return std::move(open_rocks_store({.folder = folder.file("store")})).value();
  }
  static void restart(std::unique_ptr<Store>& store, const Folder& folder) {
    store.reset();
    store = open(folder);
  }
  static std::unique_ptr<Store> open_checkpoint(const Store&, const std::string& path) {
    return std::move(open_rocks_store({.folder = path})).value();
  }
};

struct Memory {
  static std::unique_ptr<Store> open(const Folder&) { return std::make_unique<MemoryStore>(); }
  static void restart(std::unique_ptr<Store>& store, const Folder&) {
    static_cast<MemoryStore&>(*store).crash();
  }
  static std::unique_ptr<Store> open_checkpoint(const Store& store, const std::string& path) {
    return static_cast<const MemoryStore&>(store).open_checkpoint(path);
  }
};

template <typename Kind>
class StoreTest : public testing::Test {
 protected:
  StoreTest() : store(Kind::open(folder)) {}

  void put(const std::string& key, const std::string& value, Family family = Family::state) {
    WriteBatch batch;
    batch.put(family, key, value);
    ASSERT_TRUE(store->apply(batch).ok());
  }
  std::string get(const std::string& key, Family family = Family::state) {
    auto value = store->get(family, key);
    EXPECT_TRUE(value.ok());
    return value->value_or("(none)");
  }
  template <typename Readable>
  static std::string scan(const Readable& from, const ScanRange& range,
                          Family family = Family::state) {
    std::string text;
    const Status status = from.scan(family, range, [&text](auto key, auto value) {
      text += std::string(key) + "=" + std::string(value) + " ";
      return true;
    });
    EXPECT_TRUE(status.ok());
    return text;
  }

  Folder folder;
  std::unique_ptr<Store> store;
};

using Kinds = testing::Types<Rocks, Memory>;
TYPED_TEST_SUITE(StoreTest, Kinds);

TYPED_TEST(StoreTest, GivesBackWhatWasPut) {
  EXPECT_EQ(this->get("a"), "(none)");
  this->put("a", "1");
  EXPECT_EQ(this->get("a"), "1");
  this->put("a", std::string("2\0b", 3));
  EXPECT_EQ(this->get("a"), std::string("2\0b", 3));
}

TYPED_TEST(StoreTest, AppliesABatchInOrder) {
  WriteBatch batch;
  batch.put(Family::state, "a", "1");
  batch.remove(Family::state, "a");
  batch.put(Family::state, "b", "1");
  batch.put(Family::state, "b", "2");
  ASSERT_TRUE(this->store->apply(batch).ok());
  EXPECT_EQ(this->get("a"), "(none)");
  EXPECT_EQ(this->get("b"), "2");
}

TYPED_TEST(StoreTest, KeepsFamiliesApart) {
  this->put("a", "state");
  this->put("a", "index", Family::index);
  EXPECT_EQ(this->get("a"), "state");
  EXPECT_EQ(this->get("a", Family::index), "index");
}

TYPED_TEST(StoreTest, ScansAPrefixInByteOrder) {
  for (const char* key : {"b", "a2", "a1", "a", "a\xFF", "\xFF\xFF" "1", "\xFF"}) {
    this->put(key, "v");
  }
  EXPECT_EQ(this->scan(*this->store, {.prefix = "a"}), "a=v a1=v a2=v a\xFF=v ");
  EXPECT_EQ(this->scan(*this->store, {.prefix = "a", .from = "a11"}), "a2=v a\xFF=v ");
  EXPECT_EQ(this->scan(*this->store, {.prefix = "a", .limit = 2}), "a=v a1=v ");
  EXPECT_EQ(this->scan(*this->store, {.prefix = "a\xFF"}), "a\xFF=v ");
  EXPECT_EQ(this->scan(*this->store, {.prefix = "\xFF"}), "\xFF=v \xFF\xFF" "1=v ");
  EXPECT_EQ(this->scan(*this->store, {.from = "a\xFF", .limit = 2}), "a\xFF=v b=v ");
  EXPECT_EQ(this->scan(*this->store, {.prefix = "c"}), "");
}

TYPED_TEST(StoreTest, StopsAScanWhenAsked) {
  this->put("a", "1");
  this->put("b", "2");
  int visits = 0;
  ASSERT_TRUE(this->store->scan(Family::state, {}, [&visits](auto, auto) {
    ++visits;
    return false;
  }).ok());
  EXPECT_EQ(visits, 1);
}

TYPED_TEST(StoreTest, ASnapshotStaysAsItWas) {
  this->put("a", "1");
  const auto snapshot = this->store->snapshot();
  this->put("a", "2");
  this->put("b", "3");
  EXPECT_EQ(**snapshot->get(Family::state, "a"), "1");
  EXPECT_EQ(this->scan(*snapshot, {}), "a=1 ");
  EXPECT_EQ(this->scan(*this->store, {}), "a=2 b=3 ");
}

TYPED_TEST(StoreTest, KeepsWhatWasFlushedOverARestart) {
  this->put("a", "1");
  this->put("i", "2", Family::index);
  ASSERT_TRUE(this->store->flush().ok());
  TypeParam::restart(this->store, this->folder);
  EXPECT_EQ(this->get("a"), "1");
  EXPECT_EQ(this->get("i", Family::index), "2");
}

TYPED_TEST(StoreTest, ACheckpointHoldsEverythingApplied) {
  this->put("a", "1");
  const std::string path = this->folder.file("checkpoint");
  ASSERT_TRUE(this->store->checkpoint(path).ok());
  this->put("a", "2");
  const auto copy = TypeParam::open_checkpoint(*this->store, path);
  EXPECT_EQ(**copy->get(Family::state, "a"), "1");
  const Status again = this->store->checkpoint(path);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), ErrorCode::StoreFailed);
}

TYPED_TEST(StoreTest, AgreesWithAMapOverRandomOperations) {
  std::mt19937_64 random(42);
  std::map<std::string, std::string> oracle;
  for (int step = 0; step < 2000; ++step) {
    WriteBatch batch;
    for (uint64_t i = 0, n = random() % 8; i < n; ++i) {
      const std::string key = std::to_string(random() % 300);
      if (random() % 3 == 0) {
        batch.remove(Family::state, key);
        oracle.erase(key);
      } else {
        batch.put(Family::state, key, std::to_string(step));
        oracle[key] = std::to_string(step);
      }
    }
    ASSERT_TRUE(this->store->apply(batch).ok());
    if (random() % 100 == 0) {
      ASSERT_TRUE(this->store->flush().ok());
    }
    if (random() % 10 != 0) continue;
    const std::string prefix = std::to_string(random() % 30);
    std::string expected;
    for (const auto& [key, value] : oracle) {
      if (key.starts_with(prefix)) expected += key + "=" + value + " ";
    }
    ASSERT_EQ(this->scan(*this->store, {.prefix = prefix}), expected) << step;
    const std::string key = std::to_string(random() % 300);
    ASSERT_EQ(this->get(key), oracle.contains(key) ? oracle[key] : "(none)");
  }
  ASSERT_TRUE(this->store->flush().ok());
  TypeParam::restart(this->store, this->folder);
  std::string expected;
  for (const auto& [key, value] : oracle) expected += key + "=" + value + " ";
  EXPECT_EQ(this->scan(*this->store, {}), expected);
}

/// Scans by the prefix that files have filters of, and all around it.
TEST(RocksStoreTest, PassesOverFilesWithoutLosingKeys) {
  const Folder folder;
  const RocksOptions prefixed{.folder = folder.file("store"), .prefix_tables = "wb", .prefix_bytes = 5};
  auto store = std::move(*open_rocks_store(prefixed));
  std::mt19937_64 random(7);
  std::map<std::string, std::string> oracle;
  const auto number = [&](int below) { return std::to_string(random() % below); };
  const auto scanned = [&](const std::string& prefix, const std::string& from) {
    std::string text;
    EXPECT_TRUE(store->scan(Family::state, {.prefix = prefix, .from = from}, [&](auto key, auto value) {
      text += std::string(key) + "=" + std::string(value) + " ";
      return true;
    }).ok());
    return text;
  };
  for (int step = 0; step < 3000; ++step) {
    // "0xwNN" and more: the tables w and b have the prefix, c has none, and so have short keys.
    const std::string table = "0" + number(2) + std::string(1, "wbc"[random() % 3]);
    const std::string key = table + number(100) + (random() % 4 == 0 ? "" : "/" + number(9));
    WriteBatch batch;
    if (random() % 3 == 0) {
      batch.remove(Family::state, key);
      oracle.erase(key);
    } else {
      batch.put(Family::state, key, number(1000));
      oracle[key] = *batch.operations().back().value;
    }
    ASSERT_TRUE(store->apply(batch).ok());
    if (random() % 200 == 0) {
      ASSERT_TRUE(store->flush().ok());
    }
    if (step == 1500 || step == 2000) {  // files with filters beside ones without
      ASSERT_TRUE(store->flush().ok());
      store.reset();
      store = std::move(*open_rocks_store(step == 2000 ? prefixed : RocksOptions{.folder = folder.file("store")}));
    }
    const std::string prefix = key.substr(0, random() % 2 == 0 ? 5 : random() % 6);
    const std::string from = random() % 3 == 0 && key >= prefix ? key : "";
    std::string expected;
    for (const auto& [k, v] : oracle) {
      if (k.starts_with(prefix) && k >= from) expected += k + "=" + v + " ";
    }
    ASSERT_EQ(scanned(prefix, from), expected) << step << " " << prefix << " " << from;
  }
}

TEST(MemoryStoreTest, LosesWhatWasNotFlushedButAPrefix) {
  MemoryStore store;
  for (int i = 0; i < 4; ++i) {
    WriteBatch batch;
    batch.put(Family::state, std::to_string(i), "v");
    ASSERT_TRUE(store.apply(batch).ok());
    if (i == 0) {
      ASSERT_TRUE(store.flush().ok());
    }
  }
  EXPECT_EQ(store.batches_since_flush(), 3u);
  store.crash(1);
  EXPECT_TRUE(store.get(Family::state, "0")->has_value());
  EXPECT_TRUE(store.get(Family::state, "1")->has_value());
  EXPECT_FALSE(store.get(Family::state, "2")->has_value());
}

TEST(RocksStoreTest, RefusesAFolderThatIsOpen) {
  const Folder folder;
  const auto first = Rocks::open(folder);
  const auto second = open_rocks_store({.folder = folder.file("store")});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::StoreFailed);
  EXPECT_NE(second.error().message().find("Another process"), std::string::npos)
      << second.error().message();
}

}  // namespace
}  // namespace hence::store
